"""A testing phase: services up, node to its end, vulnerabilities, reports, verdict."""

from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from fastflow.errors import EngineError
from fastflow.model.accept import AcceptFile
from fastflow.model.node import TestingNode
from fastflow.record.result import Vulnerability
from fastflow.run.advice import with_advice, with_bypass
from fastflow.run.container import Container
from fastflow.run.context import PhaseContext
from fastflow.run.copied_reports import fetch_reports, keep_answer
from fastflow.run.failure import PhaseError, PhaseFailedError, StoppedError
from fastflow.run.fast_api import from_api
from fastflow.run.gate import weigh
from fastflow.run.node import RunningNode
from fastflow.run.node_log import NodeLog
from fastflow.run.starting import start_phase
from fastflow.run.verdict import Verdict, failed, failing, judge_testing, vulnerable
from fastflow.run.vulnerabilities import collect, from_log, from_reports


def run_testing(context: PhaseContext, attempt: int) -> Verdict:
    """Run a testing phase once. Raises PhaseError or EngineError; the node is gone then."""
    recorder = context.phase.recorder
    if recorder and not context.phase.is_record_known and recorder not in context.run.records:
        hint = f"run {recorder} in the same run, or give both one BUILD_ID"
        raise PhaseFailedError(f"the id of the record of {recorder} is not known", hint)
    node = start_phase(context, attempt)
    try:
        context.report_state("running")
        return _judge(context, node)
    except (PhaseError, EngineError) as error:
        node.stop_early()
        verdict = _salvaged(context, node, isinstance(error, StoppedError))
        if verdict is None:
            raise
        return verdict
    finally:
        _note_last_request(context, node)
        node.close()


def _note_last_request(context: PhaseContext, node: RunningNode) -> None:
    """Learn from the node's log what it had sent when a service failed."""
    time = context.services.first_fault_at()
    if time is not None and not context.run.cancellation.is_set:
        until_then = NodeLog()
        with suppress(EngineError):
            context.engine.api.read_logs(node.container.id, until_then.take, time)
        context.services.sent = until_then.attack


def _judge(context: PhaseContext, node: RunningNode) -> Verdict:
    expected = context.run.records.get(context.phase.recorder or "")
    mismatch: list[str] = []

    def watch(_: str) -> None:
        if expected and node.log.record and node.log.record != expected and not mismatch:
            mismatch.append(node.log.record)

    node.follow(watch)
    is_over = _wait_for_end(context, node, lambda: bool(mismatch))
    if mismatch:
        node.stop(0)
    elif not is_over:
        node.stop(context.run.grace)
    end = node.end()
    context.report_state(None, exit_code=end.exit_code, test_record=node.log.record, test_run=node.log.run)
    if mismatch:
        reason = f"record mismatch: the node tested {mismatch[0]}, but this run recorded {expected}"
        return failed(reason, "another pipeline uses this BUILD_ID on the same token")
    if node.log.run:
        context.run.runs[context.phase.id] = node.log.run
    vulnerabilities = _weighed(context, _found(context, node, fetch_reports(context, node.container)))
    context.report_state(None, vulnerabilities=vulnerabilities)
    if not is_over and not failing(vulnerabilities):
        return failed("the node was stopped, since nothing was left to test")
    return with_bypass(context, with_advice(context, node.log, judge_testing(node.log, end, vulnerabilities)))


def _wait_for_end(context: PhaseContext, node: RunningNode, unless: Callable[[], bool]) -> bool:
    """Wait until the node ends; tell whether it has. It goes on while there may be something to find.

    Once the service that it attacks has ended for good, there is not. Raises as `Observer.wait` does.
    """
    targets = context.services.targets()

    def left(found: tuple[Container, ...], ids: Collection[str]) -> bool:
        return any(one.id in ids and not one.has_ended for one in found)

    def is_over(found: tuple[Container, ...]) -> bool:
        return not left(found, [node.container.id]) or (bool(targets) and not left(found, targets))

    ids = [node.container.id, *targets]
    found = context.observer.wait_for_containers(ids, is_over, context.deadline, unless=unless)
    return not left(found, [node.container.id])


def _weighed(context: PhaseContext, found: Iterable[Vulnerability]) -> tuple[Vulnerability, ...]:
    """Let the phase's gate say of each vulnerability whether it fails the phase."""
    assert isinstance(context.phase.node, TestingNode)
    gate = context.phase.node.gate
    known, today = context.run.accepted.get(context.phase.id, AcceptFile()), datetime.now(UTC).date()
    accepted, expired = known.for_day(today), known.expired_on(today)
    return tuple(weigh(one, gate, accepted, expired) for one in found)


def _salvaged(context: PhaseContext, node: RunningNode, is_stopped: bool) -> Verdict | None:
    """What a tester had found before it was cut short counts: a pipeline that forgives failures must not miss it."""
    vulnerabilities = from_log(node.log)
    if vulnerabilities and not is_stopped:
        vulnerabilities = _found(context, node, fetch_reports(context, node.container))
    vulnerabilities = _weighed(context, vulnerabilities)
    facts = {"test_record": node.log.record, "test_run": node.log.run, "vulnerabilities": vulnerabilities}
    context.report_state(None, **facts)
    grave = failing(vulnerabilities)
    return None if is_stopped or not grave else vulnerable(grave, "before the phase was cut short")


def _found(context: PhaseContext, node: RunningNode, reports: tuple[Path, ...]) -> tuple[Vulnerability, ...]:
    workflow = context.workflow.plan
    settings = context.run.settings
    url, token = settings.cloud_urls.get(workflow.name), settings.tokens.get(workflow.cloud.token_name)

    def say(message: str) -> None:
        context.run.note(message, context.phase.id)

    api = (
        from_api(url, token, node.log.run, say, partial(keep_answer, context))
        if url and token and node.log.run and workflow.cloud.query is not False
        else None
    )
    return collect(api, from_reports(reports, node.log.run, say), node.log)
