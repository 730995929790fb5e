"""A node's container while a phase runs: started, followed from its first line, ended, judged by its id."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from fastflow.errors import EngineError
from fastflow.plan import PULL_TIMEOUT
from fastflow.run.context import PhaseContext
from fastflow.run.failure import PhaseFailedError
from fastflow.run.folder import LogFile
from fastflow.run.node_log import NodeLog
from fastflow.run.observer import try_again
from fastflow.run.ports import Container, Stream
from fastflow.run.verdict import NodeEnd

_LOG_END = 10.0


class RunningNode:
    """The container of a phase, and what its log says."""

    def __init__(self, context: PhaseContext, container: Container, log_file: LogFile) -> None:
        self.context = context
        self.container = container
        self.log = NodeLog()
        self.lines = 0
        self._file = log_file
        self._watch: Callable[[str], None] = lambda _: None
        self._stream: Stream | None = None

    @property
    def log_path(self) -> Path:
        """Where its log is kept."""
        return self._file.path

    def follow(self, watch: Callable[[str], None] = lambda _: None) -> None:
        """Read the log from its first line; `watch` sees every line too."""
        self._watch = watch
        self._stream = self.context.engine.follow_logs(self.container.id, self._take)

    def _take(self, line: str) -> None:
        self._file.write(line)
        self.log.take(line)
        self.lines += 1
        self._watch(line)
        self.context.log_line(line)
        self.context.observer.notify()

    def refresh(self) -> Container | None:
        """Ask the engine for the container again; None where it is gone."""
        found = self.context.engine.inspect([self.container.id])
        if found:
            self.container = found[0]
        return found[0] if found else None

    def wait_for_end(self, deadline: float, *, stoppable: bool = True) -> NodeEnd:
        """Wait for the container's end and the last line of its log."""
        container = self.context.observer.wait_for_end(self.container.id, deadline, stoppable=stoppable)
        if self._stream is not None:
            self._stream.join(_LOG_END)
        if container is None:
            raise PhaseFailedError("the node's container is gone: something else removed it")
        self.container = container
        return NodeEnd(container.exit_code, container.oom_killed, container.error)

    def stop(self, grace: float) -> None:
        """Send SIGTERM, then SIGKILL after `grace` seconds."""
        self.context.engine.stop(self.container.id, grace)

    def close(self) -> None:
        """Let go of the log, and remove the container unless the run keeps it."""
        if not self.context.run.options.keep:
            try_again(lambda: self.context.engine.remove_containers([self.container.id]))
        else:
            with suppress(EngineError):
                self.context.engine.stop(self.container.id, 1.0)
        if self._stream is not None:
            self._stream.join(1.0)
            self._stream.close()
        self._file.close()


def start_node(context: PhaseContext, attempt: int = 1) -> RunningNode:
    """Create and start the container of a phase; raises PhaseFailedError where the engine does not."""
    name = context.phase.id if attempt == 1 else f"{context.phase.id}.attempt-{attempt}"
    log_file = context.run.folder.log(name)
    try:
        with context.workflow.lock:
            context.workflow.is_up = True
            context.engine.up(
                context.project,
                [context.phase.service],
                with_dependencies=False,
                timeout=context.left(PULL_TIMEOUT),
            )
        found = context.engine.containers(context.labels("node"))
    except EngineError as error:
        log_file.close()
        _remove_remains(context)
        raise PhaseFailedError(error.message, error.hint, is_infrastructure=True) from error
    if not found:
        log_file.close()
        raise PhaseFailedError("Compose started the node, but it is not there", is_infrastructure=True)
    return RunningNode(context, found[0], log_file)


def _remove_remains(context: PhaseContext) -> None:
    with suppress(EngineError):
        context.engine.remove_containers(found.id for found in context.engine.containers(context.labels("node")))
