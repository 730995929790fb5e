"""Model and graph to Plan: what a run will do, step by step, each with its cause. Prints to stable text."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from fastflow.application.model import NO_APPLICATION, Application
from fastflow.application.needs import networks_of_node, services_of_phase, source_services
from fastflow.graph import Edge, Graph
from fastflow.model.cloud import Cloud
from fastflow.model.node import DEFAULT_IMAGE, PROXY_PORT, Mode, Node, RecordingNode, ReportNode
from fastflow.model.phases import Phase, node_service
from fastflow.model.placement import hosts_of
from fastflow.model.ports import Port
from fastflow.model.relations import Need
from fastflow.model.source import CommandSource, ServiceSource, Source
from fastflow.model.spec import ComposeSource, Spec

PHASE_TIMEOUT = 6 * 3600
SERVICES_TIMEOUT = 300
READY_TIMEOUT = 60
PULL_TIMEOUT = 600
INACTIVITY_TIMEOUT = 600
_RECORDS = ("build_id", "test_record")
"""Why a testing phase waits for the phase whose record it tests."""


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """A service that a phase needs; `timeout` in seconds until it is up, `log` a pattern that it must print."""

    name: str
    log: str | None
    timeout: int


@dataclass(frozen=True, slots=True)
class PhasePlan:
    """One phase of a run. Times in seconds."""

    id: str
    workflow: str
    name: str
    node: Node
    build_id: str | None
    token: str
    wave: int
    dependencies: tuple[Edge, ...]
    is_selected: bool
    services: tuple[ServicePlan, ...]
    fresh: tuple[str, ...]
    networks: tuple[str, ...]
    ports: tuple[Port, ...]
    environment: Mapping[str, str | None]
    by_record_id: bool = False
    """Whether TEST_RECORD_ID ties a testing phase to the record of its recording phase, also where BUILD_ID could."""
    passed_in: str | None = None
    """The earlier run that it passed, where it is not run again."""

    @property
    def mode(self) -> Mode:
        """recording, testing or report."""
        return self.node.mode

    @property
    def image(self) -> str:
        """The node's image."""
        return self.node.image or DEFAULT_IMAGE

    @property
    def timeout(self) -> int:
        """How long the phase may take."""
        return self.node.timeout or PHASE_TIMEOUT

    @property
    def service(self) -> str:
        """The Compose service that the node is."""
        return node_service(self.name)

    @property
    def sources(self) -> tuple[Source, ...]:
        """What sends the requests, in turn."""
        return (self.node.source or ()) if isinstance(self.node, RecordingNode) else ()

    @property
    def uses(self) -> tuple[str, ...]:
        """The services of the application that it needs or takes its requests from."""
        sources = (source.service for source in self.sources if isinstance(source, ServiceSource))
        return (*(service.name for service in self.services), *sources)

    @property
    def recorder(self) -> str | None:
        """The phase of this run whose record a testing phase tests."""
        for edge in self.dependencies:
            if edge.reason in _RECORDS:
                return edge.before
        return None


@dataclass(frozen=True, slots=True)
class WorkflowPlan:
    """One Compose project of a run. `kept_out` are variables that Docker's own settings put into every container."""

    name: str
    cloud: Cloud
    host: str
    compose: tuple[ComposeSource, ...]
    application: Application
    keeps_published: bool
    timeout: int | None
    phases: tuple[PhasePlan, ...]
    kept_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What `fastflow up` will do. `directory` is the spec's, `resumes` the earlier run that is taken up."""

    name: str
    directory: Path
    workflows: Mapping[str, WorkflowPlan]
    phases: Mapping[str, PhasePlan]
    critical_path: tuple[str, ...]
    max_parallel: int | None
    resumes: str | None = None
    bypasses: Mapping[str, str] = field(default_factory=dict)
    """What to change, by recording phases, if they record nothing."""

    @property
    def selected(self) -> tuple[PhasePlan, ...]:
        """The phases that run, in the order of the file."""
        return tuple(phase for phase in self.phases.values() if phase.is_selected)

    @property
    def passed_before(self) -> tuple[PhasePlan, ...]:
        """The phases that an earlier run passed and that are not run again, in the order of the file."""
        return tuple(phase for phase in self.phases.values() if phase.passed_in is not None)

    def shares_container_name(self, phase: PhasePlan) -> bool:
        """Tell whether another selected phase carries the container name of this one."""
        others = (other for other in self.selected if other.id != phase.id)
        return any(other.node.container_name == phase.node.container_name for other in others)


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
        found |= {edge.before for edge in edges if edge.reason in _RECORDS}
        for name in graph.order:
            if any(edge.before in found for edge in graph.dependencies[name]):
                found.add(name)
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which phases to run: those of these workflows (all, where none is named) and of this mode."""

    workflows: tuple[str, ...] = ()
    only: Mode | None = None
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
    if node.ports or not isinstance(node, RecordingNode):
        return node.ports or ()
    reached_from_outside = node.source is None or any(isinstance(source, CommandSource) for source in node.source)
    return (Port((PROXY_PORT, PROXY_PORT)),) if reached_from_outside else ()


def _environment(phase: Phase) -> Mapping[str, str | None]:
    """The node's variables, all but those of the cloud: FAST's own first, then the user's."""
    node = phase.node
    values: dict[str, str | None] = {"CI_MODE": node.mode}
    if phase.build_id is not None and not isinstance(node, ReportNode):
        values["BUILD_ID"] = phase.build_id
    for name in node.fast_variables:
        value = getattr(node, name)
        if value is not None:
            values[name.upper()] = str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(node, RecordingNode) and node.source and node.inactivity_timeout is None:
        longest = max((source.timeout or 0 for source in node.source), default=0)
        values["INACTIVITY_TIMEOUT"] = str(max(INACTIVITY_TIMEOUT, longest))
    values.update(node.environment or {})
    return values
