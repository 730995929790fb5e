"""build-id-collision: two recording nodes with one token and one BUILD_ID, also across specs."""

from collections.abc import Iterator, Sequence

from fastflow.check.build_id_groups import differently_written, equal_pairs
from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic, Related
from fastflow.model.phases import Phase, template_of
from fastflow.spec.document import Scalar
from fastflow.spec.template import variables

RULE = Rule("build-id-collision", "error", "two recording nodes with one token and one BUILD_ID")


def check_all(specs: Sequence[Facts]) -> Iterator[Diagnostic]:
    """Compare all recording nodes of all specs given; of two that collide the later one is at fault."""
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
    return RULE.finding(
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
