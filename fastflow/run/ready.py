"""Picks the next of the phases that may start, in a time that hardly grows with their number."""

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from fastflow.plan import PhasePlan

Rank = tuple[int, int]


class ReadyPhases:
    """The phases that may start, each in a queue of its host: one for workflows that are up, one for the others.

    In a queue the phase with the longest chain of phases behind it comes first, so that a run does not end with one
    long chain; among equals, the first in the file.
    """

    def __init__(
        self, phases: Mapping[str, PhasePlan], dependents: Mapping[str, Iterable[str]], host_of: Mapping[str, str]
    ) -> None:
        self._phases = phases
        self._host_of = host_of
        lengths = _lengths(phases, dependents)
        self._ranks: dict[str, Rank] = {name: (-lengths[name], at) for at, name in enumerate(phases)}
        self._up: dict[str, list[tuple[Rank, str]]] = defaultdict(list)
        self._others: dict[str, list[tuple[Rank, str]]] = defaultdict(list)
        self._of_workflow: dict[str, list[str]] = defaultdict(list)
        self._workflows_up: set[str] = set()

    def add(self, name: str) -> None:
        """Let a phase wait for its turn."""
        workflow = self._phases[name].workflow
        is_up = workflow in self._workflows_up
        heapq.heappush((self._up if is_up else self._others)[self.host(name)], (self._ranks[name], name))
        if not is_up:
            self._of_workflow[workflow].append(name)

    def take(self, has_room: Callable[[str], bool]) -> str | None:
        """Take the next whose host has room; its workflow then counts as up. None if there is none."""
        for line in self._others.values():
            self._drop_moved(line)
        for lines in (self._up, self._others):
            first = min((line[0] for host, line in lines.items() if line and has_room(host)), default=None)
            if first is not None:
                name = first[1]
                heapq.heappop(lines[self.host(name)])
                self._bring_up(self._phases[name].workflow, but=name)
                return name
        return None

    def host(self, name: str) -> str:
        """The host that a phase runs on."""
        return self._host_of.get(self._phases[name].workflow, "")

    def _bring_up(self, workflow: str, but: str) -> None:
        self._workflows_up.add(workflow)
        for name in self._of_workflow.pop(workflow, ()):
            if name != but:
                heapq.heappush(self._up[self.host(name)], (self._ranks[name], name))

    def _drop_moved(self, line: list[tuple[Rank, str]]) -> None:
        """Phases that moved to the queue of those that are up stay in the other one until they reach its front."""
        while line and self._phases[line[0][1]].workflow in self._workflows_up:
            heapq.heappop(line)


def _lengths(phases: Mapping[str, PhasePlan], dependents: Mapping[str, Iterable[str]]) -> dict[str, int]:
    """For each phase, the length of the longest chain that begins with it, in phases."""
    found: dict[str, int] = {}
    for name in sorted(phases, key=lambda name: phases[name].wave, reverse=True):
        found[name] = 1 + max((found[other] for other in dependents[name]), default=0)
    return found
