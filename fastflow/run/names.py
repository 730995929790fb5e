"""Names that one process holds at a time on an engine: a container stands for each, as for a lease."""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event

from fastflow.compose import LABEL
from fastflow.errors import EngineError
from fastflow.run.container import Container
from fastflow.run.engine import Engine, Lease
from fastflow.run.lease import ROLE

_HELD = f"{LABEL}.holds"
_PAUSE = 0.1
"""Seconds between two tries to get a name: the engine has nothing to wait for that with."""
_TRIES = 10


def take_name(engine: Engine, what: str, *, image: str, labels: Mapping[str, str]) -> Lease | Container:
    """Take the name that stands for `what`, or return the live container of whoever has it. Raises EngineError."""
    name = f"fastflow-name-{hashlib.sha256(what.encode()).hexdigest()[:24]}"
    for _ in range(_TRIES):
        lease = engine.api.hold(name, image, {**labels, f"{LABEL}.role": ROLE, _HELD: name})
        if lease is not None:
            lease.start()
            return lease
        for holder in engine.api.containers({_HELD: name}):
            if holder.is_alive:
                return holder
            engine.api.remove_containers([holder.id])  # by id: by name it could be the next holder's
    raise EngineError(f"the name of {what} could not be taken: other runs keep taking it", "try again")


@contextmanager
def holding_name(
    engine: Engine, what: str, *, image: str, labels: Mapping[str, str], until: float, check: Callable[[], None]
) -> Iterator[None]:
    """Hold a name for a short block. While another holds it, `check` is called, up to `until` (monotonic)."""
    pause = Event()
    while isinstance(taken := take_name(engine, what, image=image, labels=labels), Container):
        check()
        if time.monotonic() > until:
            raise EngineError(f"another run has held {what} for too long", "see: fastflow ps")
        pause.wait(_PAUSE)
    try:
        yield
    finally:
        taken.release()
