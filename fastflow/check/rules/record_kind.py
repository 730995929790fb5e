"""record-kind: a tester whose record is of another kind than it can read."""

from collections.abc import Iterator

from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic, Related
from fastflow.graph import record_key
from fastflow.model.phases import Phase

RULE = Rule("record-kind", "error", "a tester that cannot read its record")


def check(facts: Facts) -> Iterator[Diagnostic]:
    """A tester of FAST reads records of FAST in the cloud, any other scanner the HAR file of such a recorder."""
    for phase, recorder in mismatches(facts):
        is_named = phase.named_record is not None
        place = facts.places.value(*phase.path, "test_record" if is_named else "scanner")
        related = Related(facts.node_place(recorder).mark, f"{recorder.id} records here")
        yield RULE.finding(_message(phase, recorder), place, _hint(phase, recorder), (related,))


def mismatches(facts: Facts) -> Iterator[tuple[Phase, Phase]]:
    """The testers whose record is of the wrong kind, each with the recording phase."""
    others = {(phase.traits.uses_cloud, record_key(phase)[1]): phase for phase, _ in reversed(facts.recorders)}
    for phase, _ in facts.testers:
        edges = [edge for edge in facts.graph.dependencies[phase.id] if edge.reason != "depends_on"]
        for edge in edges:
            recorder = facts.graph.phases[edge.before]
            if recorder.traits.uses_cloud != phase.traits.uses_cloud:
                yield phase, recorder
        if not edges and phase.needs_own_record and not facts.lost.has_order(phase):
            other = others.get((not phase.traits.uses_cloud, record_key(phase)[1]))
            if other is not None:
                yield phase, other


def _message(phase: Phase, recorder: Phase) -> str:
    if phase.traits.uses_cloud:
        return f"{phase.id} is a FAST tester and cannot read the record of {recorder.id}, which is a HAR file"
    return f"{phase.id} reads a HAR file, but the record of {recorder.id} is a FAST record in Wallarm's cloud"


def _hint(phase: Phase, recorder: Phase) -> str:
    if phase.traits.uses_cloud:
        return f"set scanner: sarif here, or recorder: fast in {recorder.id}"
    return f"set recorder: har in {recorder.id}, or scanner: fast here"
