"""A recording phase: services up, node up and ready, sources to their end, node stopped, verdict."""

import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from fastflow.errors import EngineError
from fastflow.model.node import RecordingNode
from fastflow.model.source import CommandSource, ServiceSource, Source
from fastflow.plan import PULL_TIMEOUT, READY_TIMEOUT
from fastflow.record.folder import LogFile
from fastflow.record.result import Evidence
from fastflow.run.advice import with_bypass
from fastflow.run.container import Container
from fastflow.run.context import PhaseContext
from fastflow.run.engine import Stream
from fastflow.run.failure import OverdueError, PhaseError, PhaseFailedError
from fastflow.run.networks import change_project
from fastflow.run.node import RunningNode
from fastflow.run.node_log import advice_on
from fastflow.run.observer import has_ended, try_again
from fastflow.run.services import settle_services
from fastflow.run.source import CommandRun, proxy_of, source_environment
from fastflow.run.starting import start_phase
from fastflow.run.verdict import Verdict, failed, judge_recording

_OWN_END = 1.0
"""Seconds that a node which printed an error has to end by itself, so that its exit code is known."""


@dataclass
class _Failure:
    """A source that failed: why, and the end of what it printed."""

    reason: str
    log: str
    evidence: Evidence | None
    hint: str | None


def run_recording(context: PhaseContext, attempt: int) -> Verdict:
    """Run a recording phase once. Raises PhaseError or EngineError; the node is gone then."""
    node = start_phase(context, attempt)
    try:
        _wait_until_ready(context, node)
        context.has_recorded = True
        context.report_state("ready", test_record=node.log.record)
        settle_services(context)
        failure = _run_sources(context, node)
        verdict = _finish(context, node, failure)
        context.report_state(None, exit_code=node.container.exit_code, test_record=node.log.record)
        return verdict
    except (PhaseError, EngineError):
        if context.has_recorded:  # the record is finished even so: whoever looks at it later finds it whole
            node.stop_early()
            context.report_state(None, test_record=node.log.record)
        raise
    finally:
        node.close()


def _wait_until_ready(context: PhaseContext, node: RunningNode) -> None:
    ready = _node(context).ready
    pattern = re.compile(ready.log) if ready and ready.log else None
    seen: list[bool] = []
    began = time.monotonic()
    timeout = (ready.timeout if ready else None) or READY_TIMEOUT

    def watch(line: str) -> None:
        if pattern and pattern.search(line):
            seen.append(True)

    def is_ready() -> bool:
        return bool(seen) if pattern else node.log.is_recording

    node.follow(watch)
    try:
        context.observer.wait_for_containers(
            [node.container.id],
            has_ended,
            min(began + timeout, context.deadline),
            unless=lambda: is_ready() or bool(node.log.errors),
        )
    except OverdueError:
        if time.monotonic() >= context.deadline:
            raise
        last = f"; its last line: {node.log.last}" if node.log.last else "; it printed nothing"
        hint = "give it longer: ready: { timeout: 2m }"
        raise PhaseFailedError(f"the node was not ready within {timeout} s{last}", hint) from None
    if node.log.errors or not is_ready():
        _raise_not_ready(context, node)


def _raise_not_ready(context: PhaseContext, node: RunningNode) -> None:
    code: int | None = None
    with suppress(EngineError, PhaseFailedError):
        code = node.end(within=_OWN_END).exit_code
    context.report_state(None, exit_code=code)
    error = node.log.error
    if error is None:
        last = f": {node.log.last}" if node.log.last else ""
        error = f"the node ended before it was ready, with exit code {code}{last}"
    raise PhaseFailedError(error, advice_on(error), is_infrastructure=node.log.is_infrastructure)


def _node(context: PhaseContext) -> RecordingNode:
    assert isinstance(context.phase.node, RecordingNode)
    return context.phase.node


def _run_sources(context: PhaseContext, node: RunningNode) -> _Failure | None:
    """Run the sources in turn, or wait for the node's own end where there is none; return what failed.

    It ends as soon as the node or a service fails: the verdict on these says what happened.
    """
    context.report_state("running", test_record=node.log.record)
    sources = context.phase.sources
    if not sources:
        node.wait_for_end(context.deadline, unless=context.services.is_disturbed)
        return None
    for number, source in enumerate(sources, start=1):
        if context.services.is_disturbed() or (number > 1 and not node.is_running()):
            return None
        failure = _run_source(context, node, source, number)
        if failure is not None and not source.allow_failure:
            return failure
        if failure is not None:
            context.run.note(f"{failure.reason}, which is allowed", context.phase.id)
    return None


def _run_source(context: PhaseContext, node: RunningNode, source: Source, number: int) -> _Failure | None:
    """Run one source to its end; return how it failed."""
    count = len(context.phase.sources)
    what = source.service if isinstance(source, ServiceSource) else _short(source.run)
    name = f"source {number} of {count} `{what}`" if count > 1 else f"the source `{what}`"
    log_file = context.run.folder.log(f"{context.phase.id}.source" + (f"-{number}" if count > 1 else ""))
    deadline = context.within(source.timeout) if source.timeout else context.deadline
    hint: str | None = None
    try:
        if isinstance(source, ServiceSource):
            reason = _run_service(context, node, source, log_file, deadline)
        else:
            reason = _run_command(context, node, source, log_file, deadline)
    except OverdueError:
        if source.timeout is None or time.monotonic() >= context.deadline:
            raise
        reason = f"did not end within {source.timeout} s"
    except EngineError as error:
        context.check()
        reason, hint = f"could not be run: {error.message}", error.hint
    finally:
        log_file.close()
    if reason is None:
        return None
    return _Failure(f"{name} {reason}", str(log_file.path), log_file.evidence(name), hint)


def _run_service(
    context: PhaseContext, node: RunningNode, source: ServiceSource, log_file: LogFile, deadline: float
) -> str | None:
    stream: Stream | None = None
    container_id: str | None = None
    try:
        container_id = _start_service(context, source, log_file.path.stem)
        stream = context.engine.api.follow_logs(container_id, _writer(context, log_file))
        ids = [container_id, node.container.id]
        found = context.observer.wait_for_containers(
            ids, lambda found: _one_has_ended(found, ids), deadline, unless=context.services.is_disturbed
        )
        ended = next((container for container in found if container.id == container_id), None)
        if ended is not None and not ended.has_ended:
            return None  # the node or a service ended first
        code = ended.exit_code if ended else context.observer.last_exit_code(container_id)
        if code is None:
            return "is gone: something else removed its container"
        stream.join(10.0)
        return None if code == 0 else f"ended with exit code {code}"
    finally:
        if container_id is not None and not context.run.settings.keep:
            to_remove = container_id
            try_again(lambda: context.engine.api.remove_containers([to_remove]))
        if stream is not None:
            stream.close()


def _start_service(context: PhaseContext, source: ServiceSource, log_name: str) -> str:
    command = ["sh", "-c", source.command] if isinstance(source.command, str) else source.command
    return change_project(
        context,
        lambda project: context.engine.compose.run_detached(
            project,
            source.service,
            # With a dot: no service's own container can have this name, `fast-record-source-1` one of Compose's.
            name=f"{context.project.name}-{context.phase.service}.{log_name.rpartition('.')[2]}".lower(),
            command=command,
            environment=_texts(context, source.environment),
            labels=context.labels("source"),
            timeout=context.left(PULL_TIMEOUT),
        ),
    )


def _writer(context: PhaseContext, log_file: LogFile) -> Callable[[str], None]:
    def on_line(line: str) -> None:
        log_file.write(line)
        context.log_line(line)

    return on_line


def _one_has_ended(found: tuple[Container, ...], ids: list[str]) -> bool:
    return len(found) < len(ids) or any(one.has_ended for one in found)


def _run_command(
    context: PhaseContext, node: RunningNode, source: CommandSource, log_file: LogFile, deadline: float
) -> str | None:
    proxy = proxy_of(node.container, context.workflow.host.info.host)
    if proxy is None:
        return "cannot be run: the node's proxy, its port 8080, is not published"
    own = _texts(context, source.environment)
    environment = source_environment(context.run.settings.source_environment, proxy, own)
    directory = context.base / (source.working_dir or ".")
    try:
        command = CommandRun(source.run, directory, environment, _writer(context, log_file), context.observer.notify)
    except (OSError, ValueError) as error:
        return f"cannot be run in {directory}: {getattr(error, 'strerror', None) or error}"
    try:
        context.observer.wait_for_containers(
            [node.container.id],
            has_ended,
            deadline,
            unless=lambda: command.has_ended or context.services.is_disturbed(),
        )
        if not command.has_ended:
            return None  # the node or a service ended first
        code = command.exit_code or 0
        if code == 0:
            return None
        return f"ended with exit code {code}" if code > 0 else f"ended with signal {-code}"
    finally:
        command.end()


def _finish(context: PhaseContext, node: RunningNode, failure: _Failure | None) -> Verdict:
    context.report_state("stopping", test_record=node.log.record)
    has_source = bool(context.phase.sources)
    is_running = node.is_running()
    if is_running:
        node.stop(context.run.grace)
    end = node.end()
    verdict = judge_recording(node.log, end, was_stopped=is_running, has_source=has_source)
    if failure is not None and (verdict.state == "passed" or is_running):
        return failed(failure.reason, failure.hint or f"its output is in {failure.log}", evidence=failure.evidence)
    return with_bypass(context, verdict)


def _texts(context: PhaseContext, environment: Mapping[str, str | None] | None) -> dict[str, str]:
    """Variables for a source; one without a value is passed on, as Compose does, where it is set here."""
    around = context.run.settings.source_environment
    values = {name: around.get(name) if value is None else value for name, value in (environment or {}).items()}
    return {name: value for name, value in values.items() if value is not None}


def _short(command: str) -> str:
    line = command.strip().splitlines()[0] if command.strip() else ""
    return line if len(line) <= 60 and line == command.strip() else line[:57] + "..."
