"""Turns signals into an orderly stop: the first one stops the run gracefully, the second ends the process at once."""

import atexit
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from fastflow.errors import InterruptedBeforeRunError
from fastflow.run.observer import Cancellation

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_NUDGE = signal.SIGURG
"""A signal without a meaning of its own, which is ignored unless it is handled."""
_LAST_EFFORT = 2.0
"""Seconds after a second signal for killing containers and for the result; the process is gone within 3 s."""


@dataclass
class Interruption:
    """The effect of signals. `last_effort` is the last attempt after a second one."""

    cancellation: Cancellation
    say: Callable[[str], None]
    last_effort: Callable[[], None] = lambda: None
    is_running: bool = False
    _count: int = field(default=0)

    def begin(self, last_effort: Callable[[], None]) -> None:
        """Let signals stop the run from now on, instead of fastflow itself."""
        self.last_effort = last_effort
        self.is_running = True

    def on_signal(self, number: int, _: FrameType | None) -> None:
        """Handle a signal in a separate thread, because the interrupted one may hold any lock."""
        self._count += 1
        if not self.is_running:
            raise InterruptedBeforeRunError(number)
        action = self._stop if self._count == 1 else self._end
        threading.Thread(target=action, args=(number,), daemon=True, name="signal").start()

    def _stop(self, number: int) -> None:
        name = signal.Signals(number).name
        self.say(f"{name}: stopping gracefully; repeat it to end fastflow at once")
        self.cancellation.set(f"interrupted by {name}", 128 + number)

    def _end(self, number: int) -> None:
        """Kill what runs; the run, and with it the process, then usually ends by itself before this does."""
        threading.Thread(target=self.last_effort, daemon=True, name="last-effort").start()
        self.cancellation.hurry()
        threading.Event().wait(_LAST_EFFORT)
        os._exit(128 + number)


@contextmanager
def _reaching_main_thread() -> Iterator[None]:
    """Let every signal reach the main thread, which alone runs handlers, even while it waits for a lock.

    The kernel may deliver a second signal to another thread, which may take the first with it, while the main thread
    sleeps on. The thread that gets it writes a byte (signal.set_wakeup_fd), and a separate thread wakes the main one.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    former = signal.signal(_NUDGE, lambda *_: None)
    thread = threading.Thread(target=_nudge_on, args=(reader,), daemon=True, name="signal-nudge")
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        signal.signal(_NUDGE, former)
        os.close(writer)
        thread.join()
        os.close(reader)


def _nudge_on(reader: int) -> None:
    main = threading.main_thread().ident
    assert main is not None
    while numbers := os.read(reader, 64):
        if any(number != _NUDGE for number in numbers):
            signal.pthread_kill(main, _NUDGE)


def _ignore_signals() -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def interruption(cancellation: Cancellation, say: Callable[[str], None]) -> Iterator[Interruption]:
    """Handle signals while the block runs; under `nohup`, which ignores SIGHUP, a terminal may go away.

    Signals while Python ends change nothing any more: the exit code matches what was written.
    """
    atexit.register(_ignore_signals)
    handler = Interruption(cancellation, say)
    is_ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    numbers = [number for number in SIGNALS if number != signal.SIGHUP or not is_ignored]
    before = {number: signal.signal(number, handler.on_signal) for number in numbers}
    try:
        with _reaching_main_thread():
            yield handler
    finally:
        for number, former in before.items():
            signal.signal(number, former)
