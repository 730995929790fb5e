"""BUILD_IDs that are missing, that two nodes share, or that are the same in every pipeline."""

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence

from fastflow.check.build_id_groups import differently_written, equal_pairs, overlapping
from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic, Related, Severity
from fastflow.model.phases import Phase, template_of
from fastflow.spec.document import Scalar
from fastflow.spec.template import variables

_HINT = "set build_id in the node or its workflow, such as web${FASTFLOW_CI_ID}"


@Rule(
    "build-id-missing", "error", "a node without a BUILD_ID while others use its token", needs_order=True
).for_each_spec
def build_id_missing(facts: Facts) -> Iterator[Diagnostic]:
    """Report nodes without BUILD_ID: as an error if another node of their token may run at the same time."""
    by_token: dict[str, list[Phase]] = defaultdict(list)
    for phase in facts.phases:
        if phase.uses_build_id and not facts.lost.has_build_id(phase) and not facts.lost.has_order(phase):
            by_token[phase.token].append(phase)
    for phases in by_token.values():
        without = [phase for phase in phases if phase.build_id is None]
        rivals = facts.graph.rivals(phase.id for phase in phases) if without else {}
        for phase in without:
            place = facts.node_place(phase)
            if (rival := rivals.get(phase.id)) is None:
                message = f"{phase.id} has no BUILD_ID: another pipeline on this token would abort it"
                yield build_id_missing.finding(message, place, _HINT, severity=Severity.WARNING)
                continue
            meeting = f"{rival} may run at the same time on the same token: one aborts the other"
            related = Related(facts.node_place(facts.graph.phases[rival]).mark, f"{rival} is here")
            yield build_id_missing.finding(f"{phase.id} has no BUILD_ID, and {meeting}", place, _HINT, (related,))


@Rule("build-id-constant", "off", "a BUILD_ID without a variable", needs_symbols=True).for_each_spec
def build_id_constant(facts: Facts) -> Iterator[Diagnostic]:
    """Check every BUILD_ID, once for each place where one is written."""
    for phase, build_id in facts.with_build_ids:
        if not facts.is_template(phase):
            message = f"the BUILD_ID {build_id} is the same in every pipeline"
            hint = f"add a value that differs between pipelines: {build_id}${{FASTFLOW_CI_ID}}"
            yield build_id_constant.finding(message, facts.build_id_place(phase), hint)


@Rule("build-id-collision", "error", "two recording nodes with one token and one BUILD_ID").for_all_specs
def build_id_collision(specs: Sequence[Facts]) -> Iterator[Diagnostic]:
    """Compare all recording nodes of all specs given; if two collide, the later one is at fault."""
    first: dict[tuple[str, str], tuple[Facts, Phase]] = {}
    for number, facts in enumerate(specs):
        for phase, _ in facts.recorders:
            if phase.identity is None or not phase.uses_build_id:
                continue
            # The run's id differs from run to run, so it never equals that of another spec.
            own = f" of spec {number}" if facts.is_of_one_run(phase) else ""
            known = first.setdefault((phase.token, phase.identity + own), (facts, phase))
            if known[1] is not phase:
                yield _collision(facts, phase, *known)
    for build_ids in differently_written(specs):
        for one, two in equal_pairs(build_id for build_id in build_ids if build_id.recorders):
            yield _collision(two.facts, two.recorders[0], one.facts, one.recorders[0])


def _collision(facts: Facts, phase: Phase, other_facts: Facts, other: Phase) -> Diagnostic:
    place, earlier = facts.build_id_place(phase), other_facts.build_id_place(other)
    if place == earlier:
        place, earlier = facts.node_place(phase), other_facts.node_place(other)
    said = other_facts.said(other, facts)
    written = "" if other.identity == phase.identity else f" as {other.build_id}, equal for all values"
    return build_id_collision.finding(
        f"{phase.id} records under BUILD_ID {phase.build_id}, and so does {said}{written}, "
        "with the same token: a testing node may get either record",
        place,
        _hint(facts, phase, other),
        (Related(earlier.mark, f"{other.id} records under it here"),),
    )


def _hint(facts: Facts, phase: Phase, other: Phase) -> str:
    """Two cells of a matrix share the BUILD_ID as written, so it must contain what differs between them."""
    one, two = phase.cell, other.cell
    if one is None or two is None or one.matrix != two.matrix or phase.name != other.name:
        return "give each recording node its own BUILD_ID"
    written = facts.document.locate(phase.build_id_path)
    held = set(variables(template_of(written.text))) if isinstance(written, Scalar) else set()
    differing = [name for name, value in one.variables.items() if value != two.variables[name]]
    lacking = "".join(f"${{{name}}}" for name in differing if name not in held)
    if lacking:
        return f"add to the BUILD_ID what differs between the cells of the matrix {one.matrix}: {lacking}"
    return "separate its variables by a letter that none of their values contains, because their values run together"


@Rule(
    "build-id-overlap", "error", "two testing nodes with one BUILD_ID that may overlap", needs_order=True
).for_each_spec
def build_id_overlap(facts: Facts) -> Iterator[Diagnostic]:
    """The testers of one slot must form a chain: sorted topologically, each comes before the next."""
    slots: dict[tuple[str, str], list[Phase]] = defaultdict(list)
    for phase, _ in facts.testers:
        if phase.identity is not None and phase.uses_build_id and facts.is_ordered(phase):
            slots[phase.token, phase.identity].append(phase)
    for testers in slots.values():
        testers.sort(key=lambda phase: facts.graph.rank[phase.id])
        for one, two in itertools.pairwise(testers):
            if facts.graph.may_overlap(one.id, two.id):
                yield _overlap(facts, one, two)
    for build_ids in differently_written([facts]):
        for first, second in equal_pairs(build_id for build_id in build_ids if build_id.testers):
            pair = overlapping(facts.graph, first.testers, second.testers)
            if pair is not None and all(facts.is_ordered(phase) for phase in pair):
                yield _overlap(facts, *pair)


def _overlap(facts: Facts, one: Phase, two: Phase) -> Diagnostic:
    places = {phase.id: facts.build_id_place(phase) for phase in (one, two)}
    if places[one.id] == places[two.id]:
        places = {phase.id: facts.node_place(phase) for phase in (one, two)}
    place, earlier = facts.later_and_earlier(places[one.id], places[two.id])
    late, early = (one, two) if place == places[one.id] else (two, one)
    return build_id_overlap.finding(
        f"{late.id} and {early.id} may test at the same time under BUILD_ID {late.build_id} with one token: "
        "the later test run interrupts the other",
        place,
        f"run one after the other with depends_on: [{early.id}], or give it its own BUILD_ID",
        (Related(earlier.mark, f"{early.id} tests under it here"),),
    )
