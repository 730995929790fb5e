"""A node's container while a phase runs: started, followed from its first line, ended, judged by its id."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from fastflow.errors import EngineError
from fastflow.record.folder import LogFile
from fastflow.run.container import Container
from fastflow.run.context import PhaseContext
from fastflow.run.engine import Stream
from fastflow.run.failure import OverdueError, PhaseFailedError
from fastflow.run.node_log import NodeLog, OtherLog
from fastflow.run.observer import has_ended, try_again
from fastflow.run.verdict import NodeEnd

STOP_TIMEOUT = 30.0
"""Seconds after which a stopped container has surely ended."""
_LOG_END = 10.0


class RunningNode:
    """The container of a phase, and the facts from its log."""

    def __init__(self, context: PhaseContext, container: Container, log_file: LogFile) -> None:
        self.context = context
        self.container = container
        self.log = NodeLog() if context.phase.traits.uses_cloud else OtherLog()
        self._file = log_file
        self._watch: Callable[[str], None] = lambda _: None
        self._stream: Stream | None = None

    def follow(self, watch: Callable[[str], None] = lambda _: None) -> None:
        """Read the log from its first line; `watch` is called with every line too."""
        self._watch = watch
        self._stream = self.context.engine.api.follow_logs(self.container.id, self._take)

    def _take(self, line: str) -> None:
        self._file.write(line)
        self.log.take(line)
        if self.log.is_recording:
            self.context.has_recorded = True
        self._watch(line)
        self.context.log_line(line)
        self.context.observer.notify()

    def is_running(self) -> bool:
        """Ask the engine whether the container runs."""
        return any(found.status == "running" for found in self.context.engine.api.inspect([self.container.id]))

    def wait_for_end(self, deadline: float, unless: Callable[[], bool] = lambda: False) -> None:
        """Wait until the container ends by itself, or `unless` becomes true. Raises as `Observer.wait` does."""
        self.context.observer.wait_for_containers([self.container.id], has_ended, deadline, unless=unless)

    def end(self, within: float = STOP_TIMEOUT) -> NodeEnd:
        """Return how the container ended, and read its log to the last line, even in a cancelled run.

        Raises PhaseFailedError if something else removed it, or if it does not end in time.
        """
        deadline = time.monotonic() + within
        try:
            found = self.context.observer.wait_for_containers([self.container.id], has_ended, deadline, stoppable=False)
        except OverdueError:
            raise PhaseFailedError(f"the node's container did not end within {within:g} s") from None
        if self._stream is not None:
            self._stream.join(_LOG_END)
        if found:
            self.container = found[0]
        else:  # its state when it ended: it was removed since
            code = self.context.observer.last_exit_code(self.container.id)
            if code is None:
                raise PhaseFailedError("the node's container is gone: something else removed it")
            self.container = replace(self.container, status="exited", exit_code=code)
        return NodeEnd(self.container.exit_code, self.container.oom_killed, self.container.error)

    def stop(self, grace: float) -> None:
        """Send SIGTERM, then SIGKILL after `grace` seconds."""
        self.context.engine.api.stop(self.container.id, grace)

    def stop_early(self) -> None:
        """Stop it because the phase cannot continue, and read the rest of its log; never raises."""
        with suppress(EngineError, PhaseFailedError):
            self.stop(self.context.run.grace)
            self.end(within=5.0)

    def close(self) -> None:
        """Stop following the log, and remove the container unless the run keeps it."""
        if not self.context.run.settings.keep:
            try_again(lambda: self.context.engine.api.remove_containers([self.container.id]))
        else:
            with suppress(EngineError):
                self._keep()
        if self._stream is not None:
            self._stream.join(1.0)
            self._stream.close()
        self._file.close()

    def _keep(self) -> None:
        """Stop the container, and free its name if a later phase uses it."""
        self.context.engine.api.stop(self.container.id, 1.0)
        phase = self.context.phase
        if phase.node.container_name is not None and self.context.run.plan.shares_container_name(phase):
            self.context.engine.api.rename(self.container.id, f"{self.context.project.name}-{phase.service}-1")
