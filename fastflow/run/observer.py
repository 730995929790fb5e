"""A run's view of its containers: one stream of events for all, and a way to wait for them."""

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from fastflow.errors import EngineError, EngineTimeoutError, EngineUnreachableError, ExitCode
from fastflow.run.container import Container, ContainerEvent
from fastflow.run.engine import Engine, Stream
from fastflow.run.failure import OverdueError, StoppedError
from fastflow.run.lease import interruption_by

_PAUSE = 0.5
"""Seconds between two calls to an engine that cannot be reached."""
_LATE = 1.0
"""Seconds after which the event of a change that an answer already shows has surely arrived."""
_KILLED = 137
RECHECK = 5.0
"""Seconds after which a waiting phase asks the engine itself, in case the stream of events missed something."""


@dataclass
class Cancellation:
    """Stops everything that waits in a run; `reason` says why, `by_signal` is the exit code of the signal.

    `set` may be called from a signal handler, because the lock of a Condition is reentrant.
    """

    reason: str | None = None
    by_signal: int | None = None
    changed: threading.Condition = field(default_factory=threading.Condition)
    watchers: list[Callable[[], None]] = field(default_factory=list)
    """Called in the thread that stops the run, after the reason is set; once more when the run is to hurry."""
    hurried_at: float | None = None
    """When the run was told to end at once (monotonic seconds)."""

    @property
    def is_set(self) -> bool:
        """Whether the run is to stop."""
        return self.reason is not None

    def set(self, reason: str, by_signal: int | None = None) -> None:
        """Stop the run; the first reason counts."""
        with self.changed:
            is_first = self.reason is None
            if is_first:
                self.reason, self.by_signal = reason, by_signal
            self.changed.notify_all()
        for watcher in self.watchers if is_first else ():
            watcher()

    def hurry(self) -> None:
        """Let a run that was told to stop end at once, without waiting for anything of it."""
        with self.changed:
            self.hurried_at = time.monotonic()
            self.changed.notify_all()
        for watcher in self.watchers:
            watcher()


class Observer:
    """Follows the events of one engine and wakes those that wait.

    With `run` it also reacts to signals from other processes to that run's leases: to interrupt or to replace it.
    """

    def __init__(self, engine: Engine, cancellation: Cancellation, run: str | None = None) -> None:
        self.engine = engine
        self.run = run
        self.cancellation = cancellation
        self.changed = cancellation.changed
        self.listeners: list[Callable[[ContainerEvent], None]] = []
        """Called for each event of a container's life before waiting threads are woken; must be quick."""
        self._seen: dict[str, int] = {}
        self._exit_codes: dict[str, int] = {}
        self._stream: Stream | None = None
        self._attaching = threading.Lock()
        self._losses = 0

    def start(self) -> None:
        """Attach to the engine's events."""
        self._stream = self.engine.api.events(self._on_event)

    def close(self) -> None:
        """Stop following the engine's events."""
        with self._attaching:
            if self._stream is not None:
                self._stream.close()
            self._stream = None

    @property
    def losses(self) -> int:
        """How often the engine has closed its stream of events, as it does when it ends."""
        stream = self._stream  # read once: `close` sets it to None
        return self._losses + (stream is not None and stream.join(0))

    def _attach_again(self) -> None:
        """Attach again if the stream has ended by itself, as it does when the engine restarts."""
        if not self._attaching.acquire(blocking=False):
            return
        try:
            if self._stream is not None and self._stream.join(0):
                with suppress(EngineError):  # until it answers again, every waiting phase asks for itself
                    self.start()
                    self._losses += 1
        finally:
            self._attaching.release()

    def _on_event(self, event: ContainerEvent) -> None:
        if event.action.startswith(("die", "health_status", "start", "destroy", "oom")):
            with self.changed:
                self._seen[event.id] = self._seen.get(event.id, 0) + 1
                if event.action == "die" and event.exit_code is not None:
                    self._exit_codes[event.id] = event.exit_code
                for listener in tuple(self.listeners):
                    listener(event)
                self.changed.notify_all()
        elif self.run is not None and (reason := interruption_by(event, self.run)) is not None:
            self.cancellation.set(reason, ExitCode.INTERRUPTED)

    def notify(self) -> None:
        """Wake waiting threads: something other than an event of the engine happened."""
        with self.changed:
            self.changed.notify_all()

    def wait(self, is_done: Callable[[], bool], deadline: float, *, stoppable: bool = True) -> None:
        """Wait until `is_done` returns true; it must be quick, because it is called often.

        Raises OverdueError at `deadline` (monotonic seconds), StoppedError when the run is cancelled.
        """
        with self.changed:
            while not is_done():
                if stoppable and self.cancellation.is_set:
                    raise StoppedError
                left = deadline - time.monotonic()
                if left <= 0:
                    raise OverdueError
                self.changed.wait(min(left, RECHECK))

    def wait_for_containers(
        self,
        ids: Iterable[str],
        is_done: Callable[[tuple[Container, ...]], bool],
        deadline: float,
        *,
        stoppable: bool = True,
        unless: Callable[[], bool] = lambda: False,
    ) -> tuple[Container, ...]:
        """Wait until the state of these containers satisfies `is_done`, which is called whenever one changed.

        It also ends when `unless`, which must be quick, becomes true. Raises as `wait` does.
        """
        wanted = tuple(ids)
        while True:
            with self.changed:
                before = self._count(wanted)
            found = self.engine.api.inspect(wanted)
            if is_done(found) or unless():
                return found
            looked = time.monotonic()

            def has_changed(before: int = before, looked: float = looked) -> bool:
                return unless() or self._count(wanted) != before or time.monotonic() - looked >= RECHECK

            self.wait(has_changed, deadline, stoppable=stoppable)
            if time.monotonic() - looked >= RECHECK:
                self._attach_again()

    def last_exit_code(self, container_id: str) -> int | None:
        """The exit code of a container that has ended and is gone, as after a prune.

        None if the engine reported none, or if it was killed, as in the removal of a running container.
        """
        with suppress(OverdueError):
            self.wait(lambda: container_id in self._exit_codes, time.monotonic() + _LATE, stoppable=False)
        code = self._exit_codes.get(container_id)
        return None if code == _KILLED else code

    def _count(self, ids: tuple[str, ...]) -> int:
        return sum(self._seen.get(container, 0) for container in ids)


def has_ended(containers: tuple[Container, ...]) -> bool:
    """Whether the one container that is waited for has ended or is gone."""
    return not containers or containers[0].has_ended


def try_again(action: Callable[[], None], times: int = 3, patience: float = 0.0) -> EngineError | None:
    """Try something that must be done even if the engine struggles; return the last error if it failed.

    An engine that cannot be reached gets `patience` seconds to come back; one that hangs gets no more time.
    """
    deadline = time.monotonic() + patience
    pause = threading.Event()
    tries = 0
    while True:
        tries += 1
        try:
            action()
        except EngineTimeoutError as failure:
            return failure
        except EngineError as failure:
            is_coming = isinstance(failure, EngineUnreachableError) and time.monotonic() < deadline
            if tries >= times and not is_coming:
                return failure
            if is_coming:
                pause.wait(_PAUSE)
        else:
            return None
