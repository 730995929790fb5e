"""What nodes and applications claim for themselves on a host: ports and container names, and who has it when."""

from collections.abc import Iterator
from dataclasses import dataclass

from fastflow.check.facts import Facts
from fastflow.graph import Graph
from fastflow.model.phases import Phase
from fastflow.model.places import Place


@dataclass(frozen=True, slots=True)
class Owner:
    """Who claims something: a node (`phase`), or the application of a workflow."""

    workflow: str
    place: Place
    phase: Phase | None = None

    @property
    def said(self) -> str:
        """The owner in words."""
        return self.phase.id if self.phase else f"the application of {self.workflow}"


def coincide(facts: Facts, one: Owner, two: Owner) -> bool:
    """Tell whether two owners may hold their claims at the same time on one host."""
    if not facts.share_a_host(one.workflow, two.workflow):
        return False
    if one.phase and two.phase:
        return facts.graph.may_overlap(one.phase.id, two.phase.id)
    if one.workflow == two.workflow:
        return one.phase is not None or two.phase is not None
    return not (_all_before(facts.graph, one, two) or _all_before(facts.graph, two, one))


def _all_before(graph: Graph, one: Owner, two: Owner) -> bool:
    """Whether every phase of `one` (of its whole workflow, for an application) comes before every one of `two`."""
    return all(graph.is_before(first, second) for first in _phases(graph, one) for second in _phases(graph, two))


def _phases(graph: Graph, owner: Owner) -> Iterator[str]:
    if owner.phase:
        yield owner.phase.id
    else:
        yield from (name for name, phase in graph.phases.items() if phase.workflow == owner.workflow)
