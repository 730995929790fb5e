"""Turns signals into an orderly stop: the first one stops the run gracefully, the second ends the process at once."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from fastflow.run.observer import Cancellation

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LAST_EFFORT = 2.0
"""Seconds that a second signal leaves for killing containers and for the result; the process is gone within 3 s."""


class InterruptedBeforeRunError(Exception):
    """A signal came before there was a run that could be stopped; nothing is there to be removed."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


@dataclass
class Interruption:
    """What signals do. `last_effort` is what a second one still tries."""

    cancellation: Cancellation
    say: Callable[[str], None]
    last_effort: Callable[[], None] = lambda: None
    is_running: bool = False
    _count: int = field(default=0)

    def on_signal(self, number: int, _: FrameType | None) -> None:
        """Handle a signal; in a thread of its own, since the one that it interrupts may hold any lock."""
        self._count += 1
        if not self.is_running:
            raise InterruptedBeforeRunError(number)
        action = self._stop if self._count == 1 else self._end
        threading.Thread(target=action, args=(number,), daemon=True, name="signal").start()

    def _stop(self, number: int) -> None:
        name = signal.Signals(number).name
        self.say(f"{name}: stopping gracefully; once more ends fastflow at once")
        self.cancellation.set(f"interrupted by {name}", 128 + number)

    def _end(self, number: int) -> None:
        """Kill what runs; the run then mostly comes to its own end, and with it the process, before this does."""
        threading.Thread(target=self.last_effort, daemon=True, name="last-effort").start()
        self.cancellation.hurry()
        threading.Event().wait(_LAST_EFFORT)
        os._exit(128 + number)


@contextmanager
def interruption(cancellation: Cancellation, say: Callable[[str], None]) -> Iterator[Interruption]:
    """Handle signals while the block runs; under `nohup`, which has SIGHUP ignored, a terminal may go away."""
    handler = Interruption(cancellation, say)
    is_ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    numbers = [number for number in SIGNALS if number != signal.SIGHUP or not is_ignored]
    before = {number: signal.signal(number, handler.on_signal) for number in numbers}
    try:
        yield handler
    finally:
        for number, former in before.items():
            signal.signal(number, former)
