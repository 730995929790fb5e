"""dependency-cycle: phases that wait for each other."""

from collections.abc import Iterator

from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic, Related
from fastflow.graph import Edge
from fastflow.model.places import Place

RULE = Rule("dependency-cycle", "error", "phases that wait for each other", can_be_silenced=False)
_SHOWN = 50


def check(facts: Facts) -> Iterator[Diagnostic]:
    """One finding for each strongly connected component, with a shortest cycle in it."""
    for cycle in facts.graph.cycles:
        names = [edge.before for edge in cycle] + [cycle[0].before]
        if len(names) > _SHOWN:
            names = [*names[: _SHOWN - 2], "...", names[-1]]
        places = [_place(facts, edge) for edge in cycle]
        first = min(range(len(cycle)), key=lambda at: places[at].mark)
        related = tuple(
            Related(place.mark, f"{edge.after} waits for {edge.before} ({edge.reason})")
            for edge, place in zip(cycle, places, strict=True)
        )
        yield RULE.finding(
            f"these phases wait for each other: {' → '.join(names)}",
            places[first],
            "remove one of the dependencies",
            related,
        )


def _place(facts: Facts, edge: Edge) -> Place:
    phase = facts.graph.phases[edge.after]
    if edge.reason != "depends_on":
        return facts.node_place(phase)
    path = (*phase.path, "depends_on")
    names = [edge.before]
    if facts.graph.phases[edge.before].workflow == phase.workflow:
        names.append(facts.graph.phases[edge.before].name)
    for name in names:
        place = facts.places.entry(name, *path)
        if place != facts.places.value(*path):
            return place
    return facts.places.value(*path)
