"""build-id-overlap: two testing nodes with one token and one BUILD_ID compete for one test run slot."""

import itertools
from collections import defaultdict
from collections.abc import Iterator

from fastflow.check.build_id_groups import differently_written, equal_pairs, overlapping
from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic, Related
from fastflow.model.phases import Phase

RULE = Rule("build-id-overlap", "error", "two testing nodes with one BUILD_ID that may overlap", needs_order=True)


def check(facts: Facts) -> Iterator[Diagnostic]:
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
    return RULE.finding(
        f"{late.id} and {early.id} may test at the same time under BUILD_ID {late.build_id} with one token: "
        "the later test run interrupts the other",
        place,
        f"run one after the other with depends_on: [{early.id}], or give it its own BUILD_ID",
        (Related(earlier.mark, f"{early.id} tests under it here"),),
    )
