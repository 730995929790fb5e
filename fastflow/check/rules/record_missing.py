"""record-missing: a testing node whose BUILD_ID no recording node records."""

from collections.abc import Iterator, Sequence

from fastflow.check.facts import HINTS, Facts
from fastflow.check.rule import Rule
from fastflow.check.rules.record_kind import mismatches
from fastflow.diagnostic import Diagnostic, Related, did_you_mean
from fastflow.model.phases import Phase

RULE = Rule("record-missing", "error", "a testing node whose BUILD_ID is not recorded")
_WAYS = "add a recording node, or set test_record_id, or set test_record: external if another pipeline records"

_WAYS_OF_SCANNERS = "add a node with mode: recording and recorder: har, or name one by test_record"


def check(facts: Facts) -> Iterator[Diagnostic]:
    """A tester that selects its record by BUILD_ID needs a recorder of the same token and BUILD_ID."""
    recorded = {phase.build_id for phase, _ in facts.recorders if phase.build_id is not None}
    of_other_kind = {phase.id for phase, _ in mismatches(facts)}
    if any(facts.lost.has_build_id(phase) for phase, _ in facts.recorders):
        return
    hints = HINTS
    for phase in facts.phases:
        found = [edge.before for edge in facts.graph.dependencies[phase.id] if edge.reason == "build_id"]
        if found[1:] and not phase.traits.uses_cloud:
            yield _unclear(facts, phase, found)
        is_known = not facts.lost.has_order(phase) and phase.build_id not in facts.lost.build_ids
        if not phase.needs_own_record or not is_known or found or phase.id in of_other_kind:
            continue
        ways = _WAYS if phase.traits.uses_cloud else _WAYS_OF_SCANNERS
        if phase.build_id is None:
            message = f"{phase.id} has no BUILD_ID, and nothing in its workflow records without one"
            yield RULE.finding(message, facts.node_place(phase), ways)
            continue
        if phase.build_id in recorded and phase.traits.uses_cloud:
            message = f"{phase.id} tests BUILD_ID {phase.build_id}, which is recorded only with another token"
            hint = "give both the same cloud.token, or set test_record_id or test_record"
        else:
            message = f"{phase.id} tests BUILD_ID {phase.build_id}, which no recording node records"
            close = did_you_mean(phase.build_id, recorded) if recorded and hints > 0 else None
            hint = close if close and close.startswith("did") else ways
            hints -= 1
        yield RULE.finding(message, facts.build_id_place(phase), hint)


def _unclear(facts: Facts, phase: Phase, found: Sequence[str]) -> Diagnostic:
    """A record in the cloud is one for each BUILD_ID; files are one for each recording."""
    message = f"{phase.id} has more than one record: {' and '.join(found)} record under its BUILD_ID"
    related = tuple(Related(facts.node_place(facts.graph.phases[one]).mark, f"{one} is here") for one in found)
    return RULE.finding(message, facts.node_place(phase), f"choose one: test_record: {found[0]}", related)
