"""A testing phase: services up, node to its end, findings, reports, verdict."""

import time
from contextlib import suppress
from pathlib import Path

from fastflow.errors import EngineError
from fastflow.model.node import TestingNode
from fastflow.run.context import PhaseContext
from fastflow.run.findings import collect, from_api, from_reports
from fastflow.run.node import RunningNode, start_node
from fastflow.run.observer import OverdueError, StoppedError, has_ended
from fastflow.run.outcome import Vulnerability
from fastflow.run.services import check_services, ensure_services, renew_services
from fastflow.run.verdict import Verdict, failed, judge_testing

REPORTS = "/opt/reports"
_STOP_TIMEOUT = 30.0


def run_testing(context: PhaseContext, attempt: int) -> Verdict:
    """Run a testing phase once. Raises PhaseFailedError, OverdueError, StoppedError; the node is gone then."""
    renew_services(context)
    ensure_services(context)
    node = start_node(context, attempt)
    try:
        context.report_state("running")
        return _judge(context, node)
    except (StoppedError, OverdueError):
        with suppress(EngineError):
            node.stop(context.run.options.stop_grace)
        raise
    finally:
        node.close()


def _judge(context: PhaseContext, node: RunningNode) -> Verdict:
    expected = context.run.records.get(context.phase.recorder or "")
    mismatch: list[str] = []

    def watch(_: str) -> None:
        if expected and node.log.record and node.log.record != expected and not mismatch:
            mismatch.append(node.log.record)

    node.follow(watch)
    node_id = node.container.id
    context.observer.wait_for_containers([node_id], has_ended, context.deadline, unless=lambda: bool(mismatch))
    if mismatch:
        node.stop(0)
    end = node.wait_for_end(time.monotonic() + _STOP_TIMEOUT, stoppable=False)
    context.report_state(None, exit_code=end.exit_code, test_record=node.log.record, test_run=node.log.run)
    if mismatch:
        reason = f"record mismatch: the node tested {mismatch[0]}, but this run recorded {expected}"
        return failed(reason, "another pipeline uses this BUILD_ID on the same token")
    if node.log.run:
        context.run.runs[context.phase.id] = node.log.run
    reports = fetch_reports(context, node_id)
    vulnerabilities = _findings(context, node, reports)
    context.report_state(None, vulnerabilities=vulnerabilities)
    assert isinstance(context.phase.node, TestingNode)
    verdict = judge_testing(node.log, end, vulnerabilities, context.phase.node.gate)
    death = check_services(context) if verdict.state != "vulnerable" else None
    return failed(death, "see its log") if death else verdict


def fetch_reports(context: PhaseContext, container_id: str) -> tuple[Path, ...]:
    """Copy what a node left in its reports' directory; what cannot be copied is said, and fails nothing."""
    directory = getattr(context.phase.node, "reports", None)
    target = context.run.folder.reports_of(context.phase.id, directory, context.base)
    try:
        context.engine.copy_from(container_id, REPORTS, target)
    except (EngineError, OSError) as error:
        context.run.note(f"the reports could not be copied: {error}", context.phase.id)
    found = tuple(sorted(path for path in target.rglob("*") if path.is_file())) if target.is_dir() else ()
    for path in found:
        _mask_file(context, path)
    context.report_state(None, reports=tuple(str(path) for path in found))
    return found


def _mask_file(context: PhaseContext, path: Path) -> None:
    with suppress(OSError, UnicodeDecodeError):
        text = path.read_text(encoding="utf-8")
        masked = context.run.folder.mask(text)
        if masked != text:
            path.write_text(masked, encoding="utf-8")


def _findings(context: PhaseContext, node: RunningNode, reports: tuple[Path, ...]) -> tuple[Vulnerability, ...]:
    workflow = context.workflow.plan
    url, token = context.run.options.cloud_url(workflow), context.run.options.token_of(workflow)
    api = (
        from_api(url, token, node.log.run)
        if url and token and node.log.run and workflow.cloud.query is not False
        else None
    )
    return collect(api, from_reports(reports), node.log)
