"""report-unbound: a report node that has no test run to report."""

from collections.abc import Iterator

from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic

RULE = Rule("report-unbound", "error", "a report node without a test run to report")


def check(facts: Facts) -> Iterator[Diagnostic]:
    """A report node names a test run, or its workflow tests."""
    testing = {phase.workflow for phase in facts.phases if phase.traits.makes == "test run"} | {
        workflow for workflow, _ in facts.lost.nodes
    }
    for phase, node in facts.reporters:
        if node.test_run_id is None and not facts.lost.has(phase, "test_run_id") and phase.workflow not in testing:
            message = f"{phase.id} has no test run to report: its workflow has no testing node"
            hint = "set test_run_id, or move it to the workflow that tests"
            yield RULE.finding(message, facts.node_place(phase), hint)
