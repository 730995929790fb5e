"""A report phase: fetches the report of each test run of its workflow by the test run's id."""

from fastflow.errors import EngineError
from fastflow.model.node import ReportNode
from fastflow.plan import PULL_TIMEOUT
from fastflow.run.context import PhaseContext
from fastflow.run.copied_reports import fetch_reports
from fastflow.run.failure import OverdueError, StoppedError
from fastflow.run.networks import change_project
from fastflow.run.node import RunningNode
from fastflow.run.starting import starting_node
from fastflow.run.verdict import Verdict, failed, failed_by


def run_report(context: PhaseContext, attempt: int) -> Verdict:
    """Run a report phase once, a container for each test run. Raises as the other phases do."""
    node = context.phase.node
    assert isinstance(node, ReportNode)
    runs = (
        [node.test_run_id]
        if node.test_run_id
        else [context.run.runs[name] for name in context.phase.reported if name in context.run.runs]
    )
    if not runs:
        return failed("there is no test run to report: no testing phase of the workflow created one")
    for number, run in enumerate(runs, start=1):
        verdict = _report_one(context, run, number, attempt)
        if verdict.state != "passed":
            return verdict
    return Verdict("passed")


def _report_one(context: PhaseContext, run: str, number: int, attempt: int) -> Verdict:
    running = _start(context, run, number, attempt)
    try:
        context.report_state("running")
        running.follow()
        running.wait_for_end(context.deadline)
        end = running.end()
        context.report_state(None, exit_code=end.exit_code, test_run=run)
        reports = fetch_reports(context, running.container)
        if running.log.error:
            return failed_by(running.log, running.log.error)
        if end.exit_code != 0:
            return failed(end.death or f"the node ended with exit code {end.exit_code}: {running.log.last}")
        return Verdict("passed") if reports else failed(f"the node wrote no report of test run {run}")
    except (StoppedError, OverdueError):
        running.stop_early()
        raise
    finally:
        running.close()


def _start(context: PhaseContext, run: str, number: int, attempt: int) -> RunningNode:
    name = f"{context.project.name}-{context.phase.service}.{number}-{attempt}"  # Compose's own end in `-1`
    with starting_node(context, attempt, number) as log_file:
        container_id = change_project(
            context,
            lambda project: context.engine.compose.run_detached(
                project,
                context.phase.service,
                name=name,
                command=None,
                environment={"TEST_RUN_ID": run},
                labels=context.labels("node"),
                timeout=context.left(PULL_TIMEOUT),
            ),
        )
        found = context.engine.api.inspect([container_id])
        if not found:
            raise EngineError("the node's container is gone: something else removed it")
        return RunningNode(context, found[0], log_file)
