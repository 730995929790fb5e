"""scope-open: a test run that attacks every recorded host."""

from collections.abc import Iterator

from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic, Related

RULE = Rule("scope-open", "warning", "a test run that attacks every recorded host")


def check(facts: Facts) -> Iterator[Diagnostic]:
    """A tester without `test_run_uri` is as narrow as its recorder's `allowed_hosts`."""
    for phase, node in facts.testers:
        if node.test_run_uri is not None or facts.lost.has(phase, "test_run_uri"):
            continue
        for edge in facts.graph.dependencies[phase.id]:
            recorder = facts.recorders_by_id.get(edge.before)
            if edge.reason == "depends_on" or recorder is None or recorder.allowed_hosts is not None:
                continue
            if facts.lost.has(facts.graph.phases[edge.before], "allowed_hosts"):
                continue
            message = (
                f"{phase.id} has no test_run_uri and {edge.before} no allowed_hosts: every recorded host is attacked"
            )
            place = facts.node_place(phase)
            related = Related(
                facts.node_place(facts.graph.phases[edge.before]).mark, "it tests the record of this node"
            )
            yield RULE.finding(message, place, "set test_run_uri here, or allowed_hosts there", (related,))
