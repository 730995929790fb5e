"""Interrupts runs of other processes by signals to their leases: for `down --run`, and to replace them."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from fastflow.errors import EngineError
from fastflow.run.engine import Engine

TIMEOUT = 60.0
"""Seconds in which an interrupted run ends, or counts as hanging."""
_AGAIN = 2.0
"""Seconds after which a run is signalled again: one that is just beginning does not listen yet."""


@dataclass
class Interrupter:
    """Signals runs to stop, repeatedly until they have ended."""

    signal: str
    _due: dict[str, float] = field(default_factory=dict)

    def interrupt(self, run: str, leases: Iterable[tuple[Engine, str]]) -> bool:
        """Signal a run through one of its leases (by id) if it is time to; return whether this is the first time."""
        now = time.monotonic()
        is_first = run not in self._due
        if now >= self._due.get(run, now):
            self._due[run] = now + _AGAIN
            for engine, lease in leases:
                try:
                    engine.api.signal(lease, self.signal)
                    break
                except EngineError:
                    continue  # that lease has just been released: the run is ending
        return is_first
