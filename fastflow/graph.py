"""Phases and the order between them: edges with reasons, ancestors, cycles, the critical path.

Without declared dependencies, the edges go from recording to testing to report and need no sorting.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias

from fastflow.model.mode import MODE_NAMES
from fastflow.model.phases import Phase, PhaseNames, qualified
from fastflow.model.relations import CONDITIONS, Condition
from fastflow.spec.document import YamlPath

Reason: TypeAlias = Literal["build_id", "test_record", "report", "depends_on"]
EXTERNAL = "external"


class Edge(NamedTuple):
    """`after` waits until `before` has ended; its outcome must meet `condition`."""

    before: str
    after: str
    reason: Reason
    condition: Condition


class Dangling(NamedTuple):
    """A name in the spec that should be a phase and is not."""

    phase: str
    name: str
    path: YamlPath
    wanted: Literal["phase", "recording"]
    candidates: tuple[str, ...] = ()
    """If it may mean one of several phases, which those are."""


class Graph:
    """The phases as a directed graph; it may have cycles, which `cycles` lists."""

    def __init__(self, phases: Iterable[Phase], edges: Iterable[Edge], dangling: Iterable[Dangling] = ()) -> None:
        self.phases: Mapping[str, Phase] = {phase.id: phase for phase in phases}
        self.edges = tuple(edges)
        self.dangling = tuple(dangling)

    @cached_property
    def dependencies(self) -> Mapping[str, tuple[Edge, ...]]:
        """The edges into each phase."""
        return self._edges_by(lambda edge: edge.after)

    @cached_property
    def dependents(self) -> Mapping[str, tuple[Edge, ...]]:
        """The edges out of each phase."""
        return self._edges_by(lambda edge: edge.before)

    def _edges_by(self, end: Callable[[Edge], str]) -> Mapping[str, tuple[Edge, ...]]:
        found: dict[str, list[Edge]] = {name: [] for name in self.phases}
        for edge in self.edges:
            found[end(edge)].append(edge)
        return {name: tuple(edges) for name, edges in found.items()}

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The phases in a topological order, close to that of the file; with cycles, in the order of the file."""
        if all(edge.reason != "depends_on" for edge in self.edges):
            return tuple(sorted(self.phases, key=lambda name: MODE_NAMES.index(self.phases[name].node.mode)))
        if self.cycles:
            return tuple(self.phases)
        from fastflow.cycle import topological_order  # noqa: PLC0415  # with networkx, 0.12 s

        return topological_order(self.phases, ((edge.before, edge.after) for edge in self.edges))

    @cached_property
    def cycles(self) -> tuple[tuple[Edge, ...], ...]:
        """A shortest cycle of each strongly connected component, beginning at its earliest phase in the file."""
        if all(edge.reason != "depends_on" for edge in self.edges):
            return ()
        from fastflow.cycle import cycles_of  # noqa: PLC0415  # with networkx, 0.12 s

        edges = {(edge.before, edge.after): edge for edge in self.edges}
        cycles = cycles_of(tuple(self.phases), edges)
        return tuple(tuple(edges[step] for step in zip(names, names[1:] + names[:1], strict=True)) for names in cycles)

    @cached_property
    def _ancestor_bits(self) -> Mapping[str, int]:
        """For each phase the set of its ancestors, as bits by position in the file."""
        found: dict[str, int] = {}
        for name in self.order:
            found[name] = 0
            for edge in self.dependencies[name]:
                found[name] |= 1 << self._position[edge.before] | found.get(edge.before, 0)
        return found

    @cached_property
    def _position(self) -> Mapping[str, int]:
        return {name: at for at, name in enumerate(self.phases)}

    def is_before(self, first: str, second: str) -> bool:
        """Whether `first` is an ancestor of `second`."""
        return bool(self._ancestor_bits[second] >> self._position[first] & 1)

    def are_before(self, firsts: Iterable[str], seconds: Iterable[str]) -> bool:
        """Whether each of `firsts` is an ancestor of each of `seconds`."""
        wanted = 0
        for first in firsts:
            wanted |= 1 << self._position[first]
        return all(self._ancestor_bits[second] & wanted == wanted for second in seconds)

    def may_overlap(self, first: str, second: str) -> bool:
        """Whether two phases may run at once: neither is an ancestor of the other."""
        return first != second and not self.is_before(first, second) and not self.is_before(second, first)

    @cached_property
    def rank(self) -> Mapping[str, int]:
        """The place of each phase in the topological order."""
        return {name: at for at, name in enumerate(self.order)}

    def rivals(self, names: Iterable[str]) -> Mapping[str, str]:
        """For each of these phases that may overlap another of them, one that it may overlap.

        One pass in topological order over sets kept as bits, which avoids comparing all pairs of thousands.
        """
        ids = tuple(self.phases)
        found: dict[str, str] = {}
        seen = without = 0
        for name in sorted(names, key=self.rank.__getitem__):
            beside = seen & ~self._ancestor_bits[name]
            if beside:
                found[name] = ids[_lowest(beside)]
            new = beside & without
            while new:
                found[ids[_lowest(new)]] = name
                new &= new - 1
            bit = 1 << self._position[name]
            without = without & ~beside if beside else without | bit
            seen |= bit
        return found

    @cached_property
    def waves(self) -> Mapping[str, int]:
        """For each phase the length of the longest path to it, in edges."""
        found: dict[str, int] = {}
        for name in self.order:
            before = (found.get(edge.before, -1) for edge in self.dependencies[name])
            found[name] = max(before, default=-1) + 1
        return found

    @cached_property
    def critical_path(self) -> tuple[str, ...]:
        """The longest chain of phases; of several, the one that ends earliest in the file."""
        if not self.phases:
            return ()
        name: str | None = max(self.phases, key=lambda phase: self.waves[phase])
        path = []
        while name is not None:
            path.append(name)
            wave = self.waves[name]
            name = next((e.before for e in self.dependencies[name] if self.waves[e.before] == wave - 1), None)
        return tuple(reversed(path))


def _lowest(bits: int) -> int:
    return (bits & -bits).bit_length() - 1


def build_graph(phases: Sequence[Phase]) -> Graph:
    """Make the graph of a spec: the order that data implies, and what was declared (docs: the spec, Order)."""
    work = _Edges(phases)
    for phase in phases:
        work.implied(phase)
        work.declared(phase)
    return Graph(phases, work.found.values(), work.dangling)


class _Edges:
    def __init__(self, phases: Sequence[Phase]) -> None:
        self.phases = {phase.id: phase for phase in phases}
        self.dangling: list[Dangling] = []
        self.found: dict[tuple[str, str], Edge] = {}
        self._names = PhaseNames(phases)
        self._recorders: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._testers: dict[str, list[str]] = defaultdict(list)
        for phase in phases:
            if phase.traits.makes == "record":
                self._recorders[record_key(phase)].append(phase.id)
            elif phase.traits.makes == "test run":
                self._testers[phase.workflow].append(phase.id)

    def implied(self, phase: Phase) -> None:
        if phase.needs_own_record:
            for recorder in self._own_records(phase):
                self._add(recorder, phase.id, "build_id", "completed")
        elif (named := phase.named_record) and named != EXTERNAL:
            recorders = self._names.recorders(named, phase)
            if len(recorders) == 1:
                self._add(recorders[0], phase.id, "test_record", "completed")
            else:
                path = (*phase.path, "test_record")
                self.dangling.append(Dangling(phase.id, named, path, "recording", recorders))
        elif phase.needs_test_runs:
            for tester in self._testers[phase.workflow]:
                self._add(tester, phase.id, "report", "finished")

    def _own_records(self, phase: Phase) -> Sequence[str]:
        """The phases under whose BUILD_ID it finds its record; for a file of the run, its own workflow comes first."""
        found = self._recorders.get(record_key(phase), ())
        near = [one for one in found if self.phases[one].workflow == phase.workflow]
        return near if near and not phase.traits.uses_cloud else found

    def declared(self, phase: Phase) -> None:
        for pattern, dependency in (phase.node.depends_on or {}).items():
            matches = [name for name in self._names.matching(pattern, phase.workflow) if name != phase.id]
            if not matches and qualified(pattern, phase.workflow) == phase.id:
                matches = [phase.id]  # named outright, a cycle of one
            if not matches:
                self.dangling.append(Dangling(phase.id, pattern, (*phase.path, "depends_on"), "phase"))
            for name in matches:
                self._add(name, phase.id, "depends_on", dependency.condition or phase.traits.waits_for)

    def _add(self, before: str, after: str, reason: Reason, condition: Condition) -> None:
        known = self.found.get((before, after))
        if known is not None:
            condition = max(known.condition, condition, key=CONDITIONS.index)
            reason = known.reason
        self.found[before, after] = Edge(before, after, reason, condition)


def record_key(phase: Phase) -> tuple[str, str]:
    """The key that a recording and a testing phase must share for one to test the other's record."""
    identity = f"={phase.identity}" if phase.identity is not None else f"in {phase.workflow}"
    return phase.token, identity
