"""build-id-collision: two recording nodes with one token and one BUILD_ID, also across specs."""

from collections.abc import Iterator, Sequence

from fastflow.check.facts import Facts, error
from fastflow.diagnostic import Diagnostic, Related
from fastflow.model.phases import Phase

RULE = "build-id-collision"
RUN_ID = "FASTFLOW_RUN_ID"


def check(specs: Sequence[Facts]) -> Iterator[Diagnostic]:
    """Compare all recording nodes of all specs given; of two that collide the later one is at fault."""
    first: dict[tuple[str, str], tuple[Facts, Phase]] = {}
    for number, facts in enumerate(specs):
        for phase, _ in facts.recorders:
            if phase.identity is None:
                continue
            # The run's id differs from run to run, so it never equals that of another spec.
            own = f" of spec {number}" if f"{{{RUN_ID}" in phase.identity else ""
            known = first.setdefault((phase.token, phase.identity + own), (facts, phase))
            if known[1] is not phase:
                yield _collision(facts, phase, *known)


def _collision(facts: Facts, phase: Phase, other_facts: Facts, other: Phase) -> Diagnostic:
    place, earlier = facts.build_id_place(phase), other_facts.build_id_place(other)
    if place == earlier:
        place, earlier = facts.node_place(phase), other_facts.node_place(other)
    return error(
        RULE,
        f"{phase.id} records under BUILD_ID {phase.build_id}, and so does {other.id}, with the same token: "
        "which record a testing node gets is undefined",
        place,
        "give each recording node a BUILD_ID of its own",
        (Related(earlier.mark, f"{other.id} records under it here"),),
    )
