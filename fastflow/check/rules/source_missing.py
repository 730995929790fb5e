"""source-missing: a recording node that nothing of this spec sends requests to."""

from collections.abc import Iterator

from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic

RULE = Rule("source-missing", "warning", "a recording node without a source")


def check(facts: Facts) -> Iterator[Diagnostic]:
    """A recording node without a source goes on until it is stopped."""
    for phase, node in facts.recorders:
        if node.source is None and not facts.lost.has(phase, "source"):
            message = f"{phase.id} has no source: it records until `fastflow stop {phase.id}` or its inactivity timeout"
            hint = "set source: { service: NAME } or source: { run: COMMAND }"
            yield RULE.finding(message, facts.node_place(phase), hint)
