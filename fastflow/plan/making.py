"""Model and graph to Plan: all that needs no more than the spec and the options is decided here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from fastflow.application.model import NO_APPLICATION, Application
from fastflow.application.needs import networks_of_node, services_of_phase, source_services
from fastflow.graph import Graph
from fastflow.model.node import PROXY_PORT, Node, RecordingNode
from fastflow.model.phases import Phase
from fastflow.model.ports import Port
from fastflow.model.relations import Need
from fastflow.model.source import CommandSource
from fastflow.model.spec import Spec, hosts_of
from fastflow.plan import INACTIVITY_TIMEOUT, RECORDS, SERVICES_TIMEOUT, PhasePlan, Plan, ServicePlan, WorkflowPlan


@dataclass(frozen=True, slots=True)
class Resumption:
    """The run that is taken up, and the phases that it passed. The others run, and all that depends on them.

    `found_empty` are testing phases whose record held nothing: its recording has thus not passed (the contract, 5.4).
    """

    run: str
    passed: frozenset[str]
    found_empty: frozenset[str] = frozenset()

    def again(self, graph: Graph) -> frozenset[str]:
        """The phases that are run again, or for the first time."""
        found = {name for name in graph.phases if name not in self.passed}
        edges = (edge for name in self.found_empty for edge in graph.dependencies[name])
        found |= {edge.before for edge in edges if edge.reason in RECORDS}
        for name in graph.order:
            if any(edge.before in found for edge in graph.dependencies[name]):
                found.add(name)
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which phases to run: those of these workflows (all, where none is named) and of this mode."""

    workflows: tuple[str, ...] = ()
    only: str | None = None
    resumption: Resumption | None = None

    def includes(self, phase: Phase) -> bool:
        """Tell whether a phase is one of those workflows and of that mode."""
        return (not self.workflows or phase.workflow in self.workflows) and self.only in (None, phase.node.mode)


def make_plan(
    spec: Spec,
    graph: Graph,
    applications: Mapping[str, Application],
    *,
    directory: Path,
    selection: Selection,
    max_parallel: int | None = None,
    kept_out: tuple[str, ...] = (),
    bypasses: Mapping[str, str] = MappingProxyType({}),
) -> Plan:
    """Plan a run of a spec that passed its checks."""
    work = _Planner(spec, graph, applications, selection)
    phases = {name: work.phase(graph.phases[name]) for name in graph.phases}
    hosts = hosts_of(spec)
    members: dict[str, list[PhasePlan]] = {name: [] for name in spec.workflows}
    for phase in phases.values():
        members[phase.workflow].append(phase)
    workflows = {
        name: WorkflowPlan(
            name=name,
            cloud=spec.cloud_of(name),
            host=hosts[name],
            compose=workflow.compose or (),
            application=applications.get(name, NO_APPLICATION),
            keeps_published=workflow.publish != "none",
            timeout=workflow.timeout,
            phases=tuple(members[name]),
            kept_out=kept_out,
        )
        for name, workflow in spec.workflows.items()
    }
    limit = max_parallel or spec.max_parallel
    name = spec.name or directory.resolve().name or "fastflow"
    resumes = selection.resumption.run if selection.resumption else None
    return Plan(name, directory, workflows, phases, graph.critical_path, limit, resumes, bypasses)


class _Planner:
    def __init__(self, spec: Spec, graph: Graph, applications: Mapping[str, Application], selection: Selection) -> None:
        self.spec = spec
        self.graph = graph
        self.applications = applications
        self.selection = selection
        self.resumption = selection.resumption
        self.again = self.resumption.again(graph) if self.resumption else frozenset(graph.phases)

    def phase(self, phase: Phase) -> PhasePlan:
        application = self.applications.get(phase.workflow, NO_APPLICATION)
        needed = self._needed(phase, application)
        return PhasePlan(
            id=phase.id,
            workflow=phase.workflow,
            name=phase.name,
            node=phase.node,
            build_id=phase.build_id,
            token=phase.token,
            wave=self.graph.waves[phase.id],
            dependencies=self.graph.dependencies[phase.id],
            is_selected=phase.id in self.again and self.selection.includes(phase),
            services=_service_plans(needed, phase.node.services or {}),
            fresh=_fresh(phase.node, needed),
            networks=networks_of_node(application, phase.node),
            ports=_ports(phase.node),
            environment=_environment(phase),
            by_record_id=self._is_tied(phase),
            passed_in=self.resumption.run if self.resumption and phase.id not in self.again else None,
        )

    def _is_tied(self, phase: Phase) -> bool:
        """A recording that is run again leaves two records under its BUILD_ID, of which FAST may take either."""
        reasons = {edge.reason for edge in self.graph.dependencies[phase.id]}
        return "test_record" in reasons or (self.resumption is not None and "build_id" in reasons)

    def _needed(self, phase: Phase, application: Application) -> tuple[str, ...]:
        return services_of_phase(application, phase.node, self._sources(phase.workflow))

    def _sources(self, workflow: str) -> frozenset[str]:
        return source_services(self.spec.workflows[workflow].nodes.values())


def _service_plans(names: Iterable[str], needs: Mapping[str, Need]) -> tuple[ServicePlan, ...]:
    plain = Need()
    return tuple(
        ServicePlan(name, needs.get(name, plain).log, needs.get(name, plain).timeout or SERVICES_TIMEOUT)
        for name in names
    )


def _fresh(node: Node, needed: tuple[str, ...]) -> tuple[str, ...]:
    if node.fresh is True:
        return needed
    return tuple(name for name in node.fresh or () if name in needed)


def _ports(node: Node) -> tuple[Port, ...]:
    """The node's ports; a recorder that something outside of its network must reach gets a free one."""
    if node.ports or not node.traits.is_proxy:
        return node.ports or ()
    reached_from_outside = not node.sources or any(isinstance(source, CommandSource) for source in node.sources)
    return (Port((PROXY_PORT, PROXY_PORT)),) if reached_from_outside else ()


def _environment(phase: Phase) -> Mapping[str, str | None]:
    """The node's variables, all but those of the cloud: FAST's own first, then the user's."""
    node = phase.node
    values: dict[str, str | None] = {"CI_MODE": node.mode}
    if phase.build_id is not None and node.traits.uses_build_id:
        values["BUILD_ID"] = phase.build_id
    for name in node.fast_variables():
        value = getattr(node, name)
        if value is not None:
            values[name.upper()] = str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(node, RecordingNode) and node.sources and node.inactivity_timeout is None:
        longest = max(source.timeout or 0 for source in node.sources)
        values["INACTIVITY_TIMEOUT"] = str(max(INACTIVITY_TIMEOUT, longest))
    values.update(node.environment or {})
    return values
