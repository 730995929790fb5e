"""The inputs of testing and report nodes: a record of their BUILD_ID and kind, a test run."""

from collections.abc import Iterator, Sequence

from fastflow.check.facts import HINTS, Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic, Related, did_you_mean
from fastflow.graph import record_key
from fastflow.model.phases import Phase

_WAYS = "add a recording node, or set test_record_id, or set test_record: external if another pipeline records"

_WAYS_OF_SCANNERS = "add a node with mode: recording and recorder: har, or name one by test_record"


@Rule("record-missing", "error", "a testing node whose BUILD_ID is not recorded").for_each_spec
def record_missing(facts: Facts) -> Iterator[Diagnostic]:
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
            yield record_missing.finding(message, facts.node_place(phase), ways)
            continue
        if phase.build_id in recorded and phase.traits.uses_cloud:
            message = f"{phase.id} tests BUILD_ID {phase.build_id}, which is recorded only with another token"
            hint = "give both the same cloud.token, or set test_record_id or test_record"
        else:
            message = f"{phase.id} tests BUILD_ID {phase.build_id}, which no recording node records"
            close = did_you_mean(phase.build_id, recorded) if recorded and hints > 0 else None
            hint = close if close and close.startswith("did") else ways
            hints -= 1
        yield record_missing.finding(message, facts.build_id_place(phase), hint)


def _unclear(facts: Facts, phase: Phase, found: Sequence[str]) -> Diagnostic:
    """A record in the cloud is one for each BUILD_ID; files are one for each recording."""
    message = f"{phase.id} has more than one record: {' and '.join(found)} record under its BUILD_ID"
    related = tuple(Related(facts.node_place(facts.graph.phases[one]).mark, f"{one} is here") for one in found)
    return record_missing.finding(message, facts.node_place(phase), f"choose one: test_record: {found[0]}", related)


@Rule("record-kind", "error", "a tester that cannot read its record").for_each_spec
def record_kind(facts: Facts) -> Iterator[Diagnostic]:
    """A tester of FAST reads records of FAST in the cloud, any other scanner the HAR file of such a recorder."""
    for phase, recorder in mismatches(facts):
        is_named = phase.named_record is not None
        place = facts.places.value(*phase.path, "test_record" if is_named else "scanner")
        related = Related(facts.node_place(recorder).mark, f"{recorder.id} records here")
        yield record_kind.finding(_message(phase, recorder), place, _hint(phase, recorder), (related,))


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


@Rule("report-unbound", "error", "a report node without a test run to report").for_each_spec
def report_unbound(facts: Facts) -> Iterator[Diagnostic]:
    """A report node names a test run, or its workflow tests."""
    testing = {phase.workflow for phase in facts.phases if phase.traits.makes == "test run"} | {
        workflow for workflow, _ in facts.lost.nodes
    }
    for phase, node in facts.reporters:
        if node.test_run_id is None and not facts.lost.has(phase, "test_run_id") and phase.workflow not in testing:
            message = f"{phase.id} has no test run to report: its workflow has no testing node"
            hint = "set test_run_id, or move it to the workflow that tests"
            if any(other.traits.needs == "record" for other in facts.by_workflow[phase.workflow]):
                message += " of FAST"
                hint = "remove it, because the reports of other scanners are copied anyway"
            yield report_unbound.finding(message, facts.node_place(phase), hint)
