"""Units: groups of workflows on a cluster that belong together. Each unit runs on one node."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from fastflow.model.host import Host
from fastflow.plan import PhasePlan, Plan


@dataclass(frozen=True, slots=True)
class UnitPlan:
    """A connected component of workflows, by all edges between their phases. `number` counts from 1."""

    number: int
    host: str
    workflows: tuple[str, ...]
    phases: tuple[PhasePlan, ...]

    def id(self, run: str) -> str:
        """Its alphanumeric id in a run, also used as the id of the separate run on its node."""
        return f"{run}u{self.number}"


def units_of(plan: Plan) -> tuple[UnitPlan, ...]:
    """The units of the phases that run on clusters, in the order of the spec."""
    units: list[UnitPlan] = []
    for names in components(plan):
        host = plan.workflows[names[0]].host
        phases = tuple(phase for name in names for phase in plan.workflows[name].selected)
        if host in plan.clusters and phases:
            units.append(UnitPlan(len(units) + 1, host, names, phases))
    return tuple(units)


def components(plan: Plan) -> Iterator[tuple[str, ...]]:
    """The connected components of all workflows, in the order of the spec, as is each component."""
    root = {name: name for name in plan.workflows}

    def find(name: str) -> str:
        while root[name] != name:
            root[name] = root[root[name]]
            name = root[name]
        return name

    for phase in plan.phases.values():
        for other in _workflows_of(phase, plan.phases):
            if plan.workflows[other].host == plan.workflows[phase.workflow].host:  # the checks have refused others
                root[find(phase.workflow)] = find(other)
    members: dict[str, list[str]] = {}
    for name in plan.workflows:
        members.setdefault(find(name), []).append(name)
    yield from (tuple(names) for names in members.values())


def _workflows_of(phase: PhasePlan, phases: Mapping[str, PhasePlan]) -> Iterable[str]:
    return (phases[edge.before].workflow for edge in phase.dependencies)


def reservation(host: Host) -> str:
    """The resources that a unit reserves on a cluster, for people."""
    memory = host.reserved_memory
    return f"{host.reserved_cpus:g} CPU" + (f", {memory / (1 << 20):g} MiB" if memory else "")
