"""record-missing: a testing node for whose BUILD_ID nothing records."""

from collections.abc import Iterator

from fastflow.check.facts import HINTS, Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic, did_you_mean

RULE = Rule("record-missing", "error", "a testing node for whose BUILD_ID nothing records")
_WAYS = "add a recording node, or set test_record_id, or test_record: external where another pipeline records"


def check(facts: Facts) -> Iterator[Diagnostic]:
    """A tester that selects its record by BUILD_ID needs a recorder of the same token and BUILD_ID."""
    recorded = {phase.build_id for phase, _ in facts.recorders if phase.build_id is not None}
    if any(facts.lost.has_build_id(phase) for phase, _ in facts.recorders):
        return
    hints = HINTS
    for phase in facts.phases:
        is_known = not facts.lost.has_order(phase) and phase.build_id not in facts.lost.build_ids
        if (
            not phase.needs_own_record
            or not is_known
            or any(edge.reason == "build_id" for edge in facts.graph.dependencies[phase.id])
        ):
            continue
        if phase.build_id is None:
            message = f"{phase.id} has no BUILD_ID, and nothing in its workflow records without one"
            yield RULE.finding(message, facts.node_place(phase), _WAYS)
            continue
        if phase.build_id in recorded:
            message = f"{phase.id} tests BUILD_ID {phase.build_id}, which is recorded with another token only"
            hint = "give both the same cloud.token, or set test_record_id or test_record"
        else:
            message = f"{phase.id} tests BUILD_ID {phase.build_id}, which no recording node records"
            close = did_you_mean(phase.build_id, recorded) if recorded and hints > 0 else None
            hint = close if close and close.startswith("did") else _WAYS
            hints -= 1
        yield RULE.finding(message, facts.build_id_place(phase), hint)
