"""A recording phase: services up, node up and ready, sources to their end, node stopped, verdict."""

import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastflow.errors import EngineError
from fastflow.model.node import RecordingNode
from fastflow.model.source import CommandSource, ServiceSource, Source
from fastflow.plan import READY_TIMEOUT
from fastflow.run.context import PhaseContext
from fastflow.run.failure import PhaseFailedError
from fastflow.run.node import RunningNode, start_node
from fastflow.run.node_log import advice_on
from fastflow.run.observer import OverdueError, StoppedError, has_ended, try_again
from fastflow.run.services import check_services, ensure_services, renew_services
from fastflow.run.source import CommandRun, proxy_of, source_environment
from fastflow.run.verdict import Verdict, failed, judge_recording

_STOP_TIMEOUT = 30.0


@dataclass
class _Ended:
    """A source that has ended."""

    name: str
    reason: str | None


def run_recording(context: PhaseContext, attempt: int) -> Verdict:
    """Run a recording phase once. Raises PhaseFailedError, OverdueError, StoppedError; the node is gone then."""
    renew_services(context)
    ensure_services(context)
    node = start_node(context, attempt)
    try:
        _wait_until_ready(context, node)
        context.report_state("ready", test_record=node.log.record)
        failure = _run_sources(context, node)
        verdict = _finish(context, node, failure)
        context.report_state(None, exit_code=node.container.exit_code, test_record=node.log.record)
        if verdict.state == "passed" and node.log.record:
            context.run.records[context.phase.id] = node.log.record
        return verdict
    except (StoppedError, OverdueError):
        # The record is finished even so: whoever looks at it later finds it whole.
        with suppress(EngineError):
            node.stop(context.run.options.stop_grace)
        raise
    finally:
        node.close()


def _wait_until_ready(context: PhaseContext, node: RunningNode) -> None:
    ready = _node(context).ready
    pattern = re.compile(ready.log) if ready and ready.log else None
    seen: list[bool] = []
    node.follow(lambda line: seen.append(True) if pattern and pattern.search(line) else None)
    timeout = (ready.timeout if ready else None) or READY_TIMEOUT

    def is_ready() -> bool:
        return bool(seen) if pattern else node.log.is_recording

    def is_settled() -> bool:
        return is_ready() or bool(node.log.errors) or context.observer.has_died(node.container.id)

    try:
        context.observer.wait(is_settled, context.within(timeout))
    except OverdueError:
        if time.monotonic() >= context.deadline:
            raise
        container = node.refresh()
        if container is not None and container.status == "running":
            last = f"; its last line: {node.log.last}" if node.log.last else "; it printed nothing"
            hint = "give it longer: ready: { timeout: 2m }"
            reason = f"the node was not ready within {timeout} s{last}"
            raise PhaseFailedError(reason, hint, is_infrastructure=True) from None
    if node.log.errors or not is_ready():
        _raise_not_ready(context, node)


def _raise_not_ready(context: PhaseContext, node: RunningNode) -> None:
    code = _exit_code(node)
    context.report_state(None, exit_code=code)
    error = node.log.error
    if error is None:
        last = f": {node.log.last}" if node.log.last else ""
        error = f"the node ended before it was ready, with exit code {code}{last}"
    raise PhaseFailedError(error, advice_on(error), is_infrastructure=node.log.is_infrastructure)


def _exit_code(node: RunningNode) -> int | None:
    with suppress(EngineError, StoppedError, OverdueError):
        return node.wait_for_end(time.monotonic() + 5.0).exit_code
    return None


def _node(context: PhaseContext) -> RecordingNode:
    assert isinstance(context.phase.node, RecordingNode)
    return context.phase.node


def _run_sources(context: PhaseContext, node: RunningNode) -> str | None:
    """Run the sources in turn, or wait for the node's own end where there is none; return what failed."""
    context.report_state("running", test_record=node.log.record)
    sources = context.phase.sources
    if not sources:
        node.wait_for_end(context.deadline)
        return None
    for number, source in enumerate(sources, start=1):
        ended = _run_source(context, node, source, number)
        if ended.reason is not None and not source.allow_failure:
            return f"{ended.name} {ended.reason}"
        if ended.reason is not None:
            context.run.note(f"{ended.name} {ended.reason}, which is allowed", context.phase.id)
        container = node.refresh()
        if container is None or container.status != "running":
            return None  # the verdict on the node says what happened
    return None


def _run_source(context: PhaseContext, node: RunningNode, source: Source, number: int) -> _Ended:
    count = len(context.phase.sources)
    name = f"source {number} of {count}" if count > 1 else "the source"
    log_name = f"{context.phase.id}.source" + (f"-{number}" if count > 1 else "")
    deadline = context.within(source.timeout) if source.timeout else context.deadline
    try:
        if isinstance(source, ServiceSource):
            return _Ended(f"{name} `{source.service}`", _run_service(context, node, source, log_name, deadline))
        return _Ended(f"{name} `{_short(source.run)}`", _run_command(context, node, source, log_name, deadline))
    except OverdueError:
        if source.timeout is None or time.monotonic() >= context.deadline:
            raise
        return _Ended(name, f"did not end within {source.timeout} s")


def _run_service(
    context: PhaseContext, node: RunningNode, source: ServiceSource, log_name: str, deadline: float
) -> str | None:
    log_file = context.run.folder.log(log_name)
    command = None
    if source.command is not None:
        command = ["sh", "-c", source.command] if isinstance(source.command, str) else list(source.command)
    name = f"{context.project.name}-{log_name.replace('.', '-')}".lower()
    stream = None
    container_id: str | None = None
    try:
        with context.workflow.lock:
            container_id = context.engine.run_detached(
                context.project,
                source.service,
                name=name,
                command=command,
                environment=_texts(source.environment),
                labels=context.labels("source"),
                timeout=context.left(600),
            )

        def on_line(line: str) -> None:
            log_file.write(line)
            context.log_line(line)

        stream = context.engine.follow_logs(container_id, on_line)
        ids = [container_id, node.container.id]
        context.observer.wait_for_containers(ids, lambda found: _one_has_ended(found, ids), deadline)
        ended = context.engine.inspect([container_id])
        if not ended:
            return "is gone: something else removed its container"
        if ended[0].status not in ("exited", "dead"):
            return None  # the node ended first
        stream.join(10.0)
        return None if ended[0].exit_code == 0 else f"ended with exit code {ended[0].exit_code}"
    except EngineError as error:
        raise PhaseFailedError(f"the source `{source.service}` did not start: {error.message}", error.hint) from error
    finally:
        if container_id is not None and not context.run.options.keep:
            to_remove = container_id
            try_again(lambda: context.engine.remove_containers([to_remove]))
        if stream is not None:
            stream.close()
        log_file.close()


def _one_has_ended(found: tuple[object, ...], ids: list[str]) -> bool:
    return len(found) < len(ids) or any(getattr(one, "status", "") in ("exited", "dead") for one in found)


def _run_command(
    context: PhaseContext, node: RunningNode, source: CommandSource, log_name: str, deadline: float
) -> str | None:
    node.refresh()
    address = urlsplit(context.workflow.host.info.address).hostname or "127.0.0.1"
    proxy = proxy_of(node.container, "127.0.0.1" if context.workflow.host.info.is_local else address)
    environment = source_environment(context.run.options.source_environment, proxy, _texts(source.environment))
    directory = context.base / (source.working_dir or ".")
    log_file = context.run.folder.log(log_name)

    def on_line(line: str) -> None:
        log_file.write(line)
        context.log_line(line)

    try:
        command = CommandRun(source.run, directory, environment, on_line, context.observer.notify)
    except OSError as error:
        log_file.close()
        raise PhaseFailedError(f"the source cannot run in {directory}: {error.strerror}") from error
    try:
        context.observer.wait_for_containers([node.container.id], has_ended, deadline, unless=lambda: command.has_ended)
        if not command.has_ended:
            return None  # the verdict on the node says what happened
        code = command.exit_code
        return (
            None if code == 0 else f"ended with {f'exit code {code}' if (code or 0) >= 0 else f'signal {-(code or 0)}'}"
        )
    finally:
        command.kill()
        log_file.close()


def _finish(context: PhaseContext, node: RunningNode, failure: str | None) -> Verdict:
    context.report_state("stopping", test_record=node.log.record)
    container = node.refresh()
    has_source = bool(context.phase.sources)
    is_running = container is not None and container.status == "running"
    if is_running:
        node.stop(context.run.options.stop_grace)
    end = node.wait_for_end(time.monotonic() + _STOP_TIMEOUT, stoppable=False)
    was_stopped = is_running or (not has_source and end.exit_code == 0)
    verdict = judge_recording(node.log, end, was_stopped=was_stopped, has_source=has_source)
    if failure is not None and (verdict.state == "passed" or was_stopped):
        return failed(failure, f"its output is in {context.run.folder.path / 'logs'}")
    death = check_services(context) if verdict.state == "passed" else None
    return failed(death, "see its log") if death else verdict


def _texts(environment: Mapping[str, str | None] | None) -> dict[str, str]:
    return {name: value or "" for name, value in (environment or {}).items()}


def _short(command: str) -> str:
    line = command.strip().splitlines()[0] if command.strip() else ""
    return line if len(line) <= 60 and line == command.strip() else line[:57] + "..."
