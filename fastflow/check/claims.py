"""Ports and container names that nodes and applications claim on a host, and who holds them when."""

import itertools
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

from fastflow.check.facts import Facts
from fastflow.diagnostic import Related
from fastflow.model.phases import Phase
from fastflow.model.places import Place

T = TypeVar("T")


class Owner(NamedTuple):
    """The owner of a claim: a node (its `phase`), or a workflow's application, from the first phase to the last."""

    workflow: str
    place: Place
    phase: str | None = None

    @property
    def said(self) -> str:
        """The owner in words."""
        return self.phase or f"the application of {self.workflow}"


def at_one_time(facts: Facts, owners: Iterable[Owner]) -> Iterator[tuple[Owner, Owner]]:
    """Yield pairs of owners of one thing that may hold it at the same time, at least one if there are any.

    Each must end before the next begins: sorted by first phases, only neighbours need a comparison. Compose itself
    handles services of one application.
    """
    sure = (owner for owner in owners if all(facts.is_ordered(phase) for phase in _own(facts, owner)))
    each = {(owner.workflow, owner.phase): owner for owner in sure}
    chain = sorted(each.values(), key=lambda owner: min(facts.graph.rank[name] for name in _phases(facts, owner)))
    for one, two in itertools.pairwise(chain):
        before, after = _phases(facts, one), _phases(facts, two)
        last = (name for name in before if not any(edge.after in before for edge in facts.graph.dependents[name]))
        first = (name for name in after if not any(edge.before in after for edge in facts.graph.dependencies[name]))
        if not facts.graph.are_before(last, first):
            yield one, two


class Conflict(NamedTuple):
    """Two owners of one thing at one time, the later and the earlier, each with the place that identifies it."""

    place: Place
    late: Owner
    earlier: Place
    early: Owner

    @property
    def said(self) -> str:
        """The conflict in words, to follow the name of the claimed thing."""
        return f"of {self.late.said} is also claimed by {self.early.said} at the same time"

    @property
    def related(self) -> tuple[Related, ...]:
        """Where the earlier one claims it, and the file from which both applications get it, if it is the same."""
        here = Related(self.earlier.mark, f"{self.early.said} claims it here")
        if self.late.phase is not None or self.place == self.late.place:
            return (here,)
        return here, Related(self.late.place.mark, "both applications get it from here")


def conflicts(facts: Facts, claimed: Iterable[tuple[T, Iterable[Owner]]]) -> Iterator[tuple[T, Conflict]]:
    """Yield each claimed thing with each pair of its owners that may hold it at one time; each pair once."""
    reported = set()
    for what, owners in claimed:
        for one, two in at_one_time(facts, owners):
            if (one, two) not in reported:
                reported.add((one, two))
                yield what, conflict_of(facts, one, two)


def conflict_of(facts: Facts, one: Owner, two: Owner) -> Conflict:
    """Order two owners. Workflows that name the same Compose file are distinguished by where they name it.

    Cells of a matrix are not, because they share one text.
    """
    places = {id(owner): owner.place for owner in (one, two)}
    if one.place == two.place and one.phase is None:
        places = {id(owner): facts.places.value("workflows", owner.workflow, "compose") for owner in (one, two)}
    late, _ = facts.later_and_earlier(places[id(one)], places[id(two)])
    later, earlier = (two, one) if late == places[id(two)] else (one, two)
    return Conflict(places[id(later)], later, places[id(earlier)], earlier)


def _own(facts: Facts, owner: Owner) -> tuple[Phase, ...]:
    return (facts.graph.phases[owner.phase],) if owner.phase else facts.by_workflow[owner.workflow]


def _phases(facts: Facts, owner: Owner) -> frozenset[str]:
    return frozenset(phase.id for phase in _own(facts, owner))
