"""A report phase: fetches the report of each test run of its workflow, by its id."""

from contextlib import suppress

from fastflow.errors import EngineError
from fastflow.model.node import ReportNode
from fastflow.plan import PULL_TIMEOUT
from fastflow.run.context import PhaseContext
from fastflow.run.failure import PhaseFailedError
from fastflow.run.node import RunningNode
from fastflow.run.node_log import advice_on
from fastflow.run.observer import OverdueError, StoppedError
from fastflow.run.testing import fetch_reports
from fastflow.run.verdict import Verdict, failed


def run_report(context: PhaseContext, attempt: int) -> Verdict:
    """Run a report phase once, a container for each test run. Raises as the other phases do."""
    node = context.phase.node
    assert isinstance(node, ReportNode)
    testers = [edge.before for edge in context.phase.dependencies if edge.reason == "report"]
    runs = (
        [node.test_run_id]
        if node.test_run_id
        else [context.run.runs[name] for name in testers if name in context.run.runs]
    )
    if not runs:
        return failed("there is no test run to report: no testing phase of the workflow got as far as one")
    context.report_state("running")
    for number, run in enumerate(runs, start=1):
        verdict = _report_one(context, run, number, attempt)
        if verdict.state != "passed":
            return verdict
    return Verdict("passed")


def _report_one(context: PhaseContext, run: str, number: int, attempt: int) -> Verdict:
    name = f"{context.project.name}-{context.phase.service}-{number}-{attempt}"
    log_file = context.run.folder.log(f"{context.phase.id}" + (f".{number}" if number > 1 else ""))
    try:
        with context.workflow.lock:
            context.workflow.is_up = True
            container_id = context.engine.run_detached(
                context.project,
                context.phase.service,
                name=name,
                command=None,
                environment={"TEST_RUN_ID": run},
                labels=context.labels("node"),
                timeout=context.left(PULL_TIMEOUT),
            )
        container = context.engine.inspect([container_id])[0]
    except EngineError as error:
        log_file.close()
        raise PhaseFailedError(error.message, error.hint, is_infrastructure=True) from error
    running = RunningNode(context, container, log_file)
    try:
        running.follow()
        end = running.wait_for_end(context.deadline)
        context.report_state(None, exit_code=end.exit_code, test_run=run)
        reports = fetch_reports(context, container_id)
        if running.log.error or end.exit_code != 0:
            reason = (
                running.log.error or end.death or f"the node ended with exit code {end.exit_code}: {running.log.last}"
            )
            return failed(reason, advice_on(reason))
        return Verdict("passed") if reports else failed(f"the node wrote no report of test run {run}")
    except (StoppedError, OverdueError):
        with suppress(EngineError):
            running.stop(1.0)
        raise
    finally:
        running.close()
