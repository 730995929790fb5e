"""The sources of a recording phase, run in turn: services of the application, and commands on this machine."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from fastflow.errors import EngineError
from fastflow.model.relations import CommandSource, ServiceSource, Source
from fastflow.plan import PULL_TIMEOUT
from fastflow.record.folder import LogFile
from fastflow.record.result import Evidence
from fastflow.run.command import CommandRun, proxy_of, source_environment
from fastflow.run.context import PhaseContext
from fastflow.run.engine import Stream
from fastflow.run.failure import OverdueError
from fastflow.run.networks import change_project
from fastflow.run.node import RunningNode
from fastflow.run.observer import has_ended, try_again


@dataclass(frozen=True, slots=True)
class Failure:
    """A source that failed: why, and the end of what it printed."""

    reason: str
    log: str
    evidence: Evidence | None
    hint: str | None


def run_sources(context: PhaseContext, node: RunningNode) -> Failure | None:
    """Run the sources in turn, or wait for the node's own end if there are none; return the one that failed.

    Returns as soon as the node or a service fails: the verdict on those says what happened.
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


def _run_source(context: PhaseContext, node: RunningNode, source: Source, number: int) -> Failure | None:
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
    return Failure(f"{name} {reason}", str(log_file.path), log_file.evidence(name), hint)


def _run_service(
    context: PhaseContext, node: RunningNode, source: ServiceSource, log_file: LogFile, deadline: float
) -> str | None:
    stream: Stream | None = None
    container_id: str | None = None
    try:
        container_id = _start_service(context, source, log_file.path.stem)
        stream = context.engine.api.follow_logs(container_id, partial(_take, context, log_file))
        ids = [container_id, node.container.id]
        found = context.observer.wait_for_containers(
            ids,
            lambda now: len(now) < len(ids) or any(one.has_ended for one in now),
            deadline,
            unless=context.services.is_disturbed,
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
            # With a dot, unlike any service's own container; `fast-record-source-1` could be one of Compose's.
            name=f"{context.project.name}-{context.phase.service}.{log_name.rpartition('.')[2]}".lower(),
            command=command,
            environment=_environment_of_service(context, source),
            labels=context.labels("source"),
            timeout=context.left(PULL_TIMEOUT),
        ),
    )


def _take(context: PhaseContext, log_file: LogFile, line: str) -> None:
    log_file.write(line)
    context.log_line(line)


def _run_command(
    context: PhaseContext, node: RunningNode, source: CommandSource, log_file: LogFile, deadline: float
) -> str | None:
    proxy = proxy_of(node.container, context.workflow.host.info.host)
    if proxy is None:
        return "cannot be run: port 8080 of the node, its proxy, is not published"
    own = _texts(context, source.environment)
    environment = source_environment(_around(context), proxy, own)
    directory = context.base / (source.working_dir or ".")
    try:
        command = CommandRun(
            source.run, directory, environment, partial(_take, context, log_file), context.observer.notify
        )
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


def _around(context: PhaseContext) -> dict[str, str]:
    """The variables that the commands of sources inherit: those of the workflow override the caller's."""
    return {**context.run.settings.source_environment, **context.workflow.plan.variables}


def _environment_of_service(context: PhaseContext, source: ServiceSource) -> dict[str, str]:
    """The variables of the workflow, unless the service sets them itself, and those of the source."""
    workflow = context.workflow.plan
    service = workflow.application.services.get(source.service)
    own = service.environment if service is not None else {}
    free = {name: value for name, value in workflow.variables.items() if name not in own}
    return {**free, **_texts(context, source.environment)}


def _texts(context: PhaseContext, environment: Mapping[str, str | None] | None) -> dict[str, str]:
    """Variables for a source; as in Compose, one without a value is passed on if it is set here."""
    around = _around(context)
    values = {name: around.get(name) if value is None else value for name, value in (environment or {}).items()}
    return {name: value for name, value in values.items() if value is not None}


def _short(command: str) -> str:
    line = command.strip().splitlines()[0] if command.strip() else ""
    return line if len(line) <= 60 and line == command.strip() else line[:57] + "..."
