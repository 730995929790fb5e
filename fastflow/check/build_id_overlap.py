"""build-id-overlap: two testing nodes with one token and one BUILD_ID compete for one test run slot."""

import itertools
from collections import defaultdict
from collections.abc import Iterator

from fastflow.check.facts import Facts, error, later_and_earlier
from fastflow.diagnostic import Diagnostic, Related
from fastflow.model.phases import Phase

RULE = "build-id-overlap"


def check(facts: Facts) -> Iterator[Diagnostic]:
    """The testers of one slot must form a chain: sorted topologically, each comes before the next."""
    if facts.graph.cycles:
        return
    slots: dict[tuple[str, str], list[Phase]] = defaultdict(list)
    for phase, _ in facts.testers:
        if phase.identity is not None:
            slots[phase.token, phase.identity].append(phase)
    position = {name: at for at, name in enumerate(facts.graph.order)}
    for testers in slots.values():
        testers.sort(key=lambda phase: position[phase.id])
        for one, two in itertools.pairwise(testers):
            if facts.graph.may_overlap(one.id, two.id):
                yield _overlap(facts, one, two)


def _overlap(facts: Facts, one: Phase, two: Phase) -> Diagnostic:
    place, earlier = later_and_earlier(facts.build_id_place(one), facts.build_id_place(two))
    if place == earlier:
        place, earlier = later_and_earlier(facts.node_place(one), facts.node_place(two))
    early, late = (one, two) if earlier in (facts.build_id_place(one), facts.node_place(one)) else (two, one)
    return error(
        RULE,
        f"{late.id} and {early.id} may test at the same time under BUILD_ID {late.build_id} with one token: "
        "the later test run interrupts the other",
        place,
        f"let one follow the other: depends_on: [{early.id}], or give it a BUILD_ID of its own",
        (Related(earlier.mark, f"{early.id} tests under it here"),),
    )
