"""The lease: while a run uses a BUILD_ID of a token on an engine, no other run does.

A container name is the one thing that an engine creates only once. The container runs as long as the process
that holds it (docs/decisions/0002), so no pids, host names or clocks decide which runs are alive.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event

from fastflow.errors import BuildIdInUseError, EngineError
from fastflow.model.compose_keys import LABEL
from fastflow.run.at_once import at_once
from fastflow.run.container import Container, ContainerEvent
from fastflow.run.engine import Engine, Lease

ROLE = "lease"
EMULATED = f"{LABEL}.emulated"
"""Label of the leases of a run that uses the emulator."""
CANCELLABLE = f"{LABEL}.cancel-in-progress"
"""Label of the leases of a run whose spec lets newer runs replace it."""
INTERRUPT = "USR1"
"""The signal to a lease's container that interrupts its run: it does nothing there, but watchers of events see it."""
REPLACE = "USR2"
"""The signal from a newer run that replaces this one."""
_REASONS = {INTERRUPT: "interrupted by `fastflow down`", REPLACE: "cancelled by a newer run (cancel_in_progress)"}
_NUMBERS = {"10": INTERRUPT, "12": REPLACE}
"""Signals by number, for engines that report numbers instead of names."""
_TRIES = 10
_HELD = f"{LABEL}.holds"
_PAUSE = 0.1
"""Seconds between two attempts to get a name: the engine offers no way to wait for one."""


@dataclass(frozen=True, slots=True, order=True)
class LeaseKey:
    """A token, by its fingerprint, and a BUILD_ID; without BUILD_ID the token alone."""

    token: str
    build_id: str | None

    @property
    def name(self) -> str:
        """The container name that stands for it."""
        text = f"{self.token}\n{'=' + self.build_id if self.build_id is not None else 'alone'}"
        return f"fastflow-lease-{hashlib.sha256(text.encode()).hexdigest()[:24]}"

    @property
    def labels(self) -> dict[str, str]:
        """The labels of that container that say what it stands for."""
        return {f"{LABEL}.role": ROLE, f"{LABEL}.token": self.token, f"{LABEL}.build-id": self.build_id or ""}

    def excludes(self, other: "LeaseKey") -> bool:
        """Whether two runs cannot hold both: a node without BUILD_ID excludes every other lease of its token."""
        return self.token == other.token and (
            self.build_id == other.build_id or None in (self.build_id, other.build_id)
        )

    def __str__(self) -> str:
        return f"BUILD_ID {self.build_id}" if self.build_id is not None else "the token without a BUILD_ID"


def key_of(lease: Container) -> LeaseKey:
    """The key that a lease's container stands for."""
    return LeaseKey(lease.labels.get(f"{LABEL}.token", ""), lease.labels.get(f"{LABEL}.build-id") or None)


def own_key(run: str) -> LeaseKey:
    """A key that only this run takes: it excludes nobody, but shows others that the run is alive."""
    return LeaseKey(token_fingerprint(f"run {run}"), run)


def token_fingerprint(token: str) -> str:
    """A stand-in for a token wherever its value must not be seen."""
    return hashlib.sha256(f"fastflow {token}".encode()).hexdigest()[:16]


def take_leases(
    engine: Engine, keys: Iterable[LeaseKey], *, image: str, labels: Mapping[str, str], note: Callable[[str], None]
) -> tuple[Lease, ...]:
    """Take all leases or none, in sorted order, so that two runs can never wait for each other.

    `note` is called at once with what is reclaimed from a dead run; another run may still take it first. Raises
    BuildIdInUseError if a run holds one.
    """
    wanted = sorted(set(keys), key=lambda key: key.name)
    held: list[Lease] = []
    try:
        for key in wanted:
            lease = _take(engine, key, image, labels, note)
            if lease is not None:
                held.append(lease)
        _start(held)
        for other in holders_of(engine, wanted, labels[f"{LABEL}.run"]):
            raise in_use(other)  # a node without BUILD_ID, whose lease has another name
    except BaseException:
        at_once(lambda lease: lease.release(), held)
        raise
    return tuple(held)


def _start(leases: Iterable[Lease]) -> None:
    """Start all at once: the order matters only for taking the names, which is done. Raises the first EngineError."""
    errors: list[EngineError] = []

    def start(lease: Lease) -> None:
        try:
            lease.start()
        except EngineError as error:
            errors.append(error)

    at_once(start, leases)
    if errors:
        raise errors[0]


def interruption_by(event: ContainerEvent, run: str) -> str | None:
    """The reason for which an event asks a run to stop; None if it does not."""
    labels = event.labels
    is_lease = labels.get(f"{LABEL}.role") == ROLE and labels.get(f"{LABEL}.run") == run
    signal = labels.get("signal", "")
    return _REASONS.get(_NUMBERS.get(signal, signal)) if event.action == "kill" and is_lease else None


def _take(
    engine: Engine, key: LeaseKey, image: str, labels: Mapping[str, str], note: Callable[[str], None]
) -> Lease | None:
    """Take one lease; None if this run has it already, by another name of the same engine."""

    def reclaimed(holder: Container) -> None:
        note(f"lease reclaimed: {key} was held by run {run_of(holder)}, which is dead")

    of_token = {f"{LABEL}.role": ROLE, f"{LABEL}.token": key.token}
    taken = _hold(engine, key.name, of_token, image=image, labels={**labels, **key.labels}, reclaimed=reclaimed)
    if taken is None:
        raise EngineError(f"could not acquire the lease of {key}: other runs keep taking it", "try again")
    if not isinstance(taken, Container):
        return taken
    if run_of(taken) == labels[f"{LABEL}.run"]:
        return None
    raise in_use(taken)


def _hold(
    engine: Engine,
    name: str,
    among: Mapping[str, str],
    *,
    image: str,
    labels: Mapping[str, str],
    reclaimed: Callable[[Container], None] = lambda _: None,
) -> Lease | Container | None:
    """Take a name, or return the live container that has it; None if other runs keep taking it.

    Its holder carries the labels `among`. `reclaimed` is called with a dead one, which is removed.
    """
    for _ in range(_TRIES):
        lease = engine.api.hold(name, image, labels)
        if lease is not None:
            return lease
        for holder in engine.api.containers(among):
            if holder.name == name:
                if holder.is_alive:
                    return holder
                engine.api.remove_containers([holder.id])  # by id: by name, this could remove the next holder's
                reclaimed(holder)
    return None


def holders_of(engine: Engine, keys: Sequence[LeaseKey], run: str) -> Iterator[Container]:
    """The leases that exclude one of these, of live runs other than `run`."""
    for token in dict.fromkeys(key.token for key in keys):
        for other in engine.api.containers({f"{LABEL}.role": ROLE, f"{LABEL}.token": token}):
            if other.is_alive and run_of(other) != run and any(key_of(other).excludes(key) for key in keys):
                yield other


def run_of(container: Container) -> str:
    """The run that a lease's container is of."""
    return container.labels.get(f"{LABEL}.run", "?")


def described(holder: Container) -> str:
    """Describe for people which run holds a name, where it was started, and since when."""
    host = holder.labels.get(f"{LABEL}.host", "?")
    since = (holder.started_at or "?").split(".")[0].removesuffix("Z")
    return f"run {run_of(holder)} (started on {host}, since {since}Z)"


def in_use(holder: Container) -> BuildIdInUseError:
    """The error of a name that a live run holds and another one wants."""
    return BuildIdInUseError(
        f"{key_of(holder)} is in use on this engine by {described(holder)}",
        "wait for that run (--wait-lease 10m), or give this one its own BUILD_ID, such as web${FASTFLOW_CI_ID}",
    )


def take_name(engine: Engine, what: str, *, image: str, labels: Mapping[str, str]) -> Lease | Container:
    """Take the name that stands for `what`, or return the live container that has it. Raises EngineError."""
    name = f"fastflow-name-{hashlib.sha256(what.encode()).hexdigest()[:24]}"
    taken = _hold(engine, name, {_HELD: name}, image=image, labels={**labels, f"{LABEL}.role": ROLE, _HELD: name})
    if taken is None:
        raise EngineError(f"could not acquire the name of {what}: other runs keep taking it", "try again")
    if not isinstance(taken, Container):
        taken.start()
    return taken


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
