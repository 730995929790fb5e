"""Interrupts runs of other processes by signals to their leases: for `down --run`, and to take their place."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from fastflow.errors import EngineError
from fastflow.run.engine import Engine

TIMEOUT = 60.0
"""Seconds in which an interrupted run ends, or counts as hanging."""
_AGAIN = 2.0
"""Seconds after which a run is told once more: one that only begins does not listen yet."""


@dataclass
class Interrupter:
    """Tells runs to stop with a signal, again and again until they have ended."""

    signal: str
    _due: dict[str, float] = field(default_factory=dict)

    def tell(self, run: str, leases: Iterable[tuple[Engine, str]]) -> bool:
        """Tell a run by one of its leases, by their ids, if it is time to; return whether it is the first time."""
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
