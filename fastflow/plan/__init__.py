"""The plan: the steps of a run, each with its cause. `plan.making` makes it from model and graph."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fastflow.application.model import Application
from fastflow.graph import Edge
from fastflow.model.cloud import Cloud
from fastflow.model.host import Host
from fastflow.model.mode import Mode
from fastflow.model.node import Node, RecorderNode
from fastflow.model.node_parts import Ready
from fastflow.model.phases import node_service
from fastflow.model.ports import Port
from fastflow.model.relations import ServiceSource, Source
from fastflow.model.spec import Cell, ComposeSource
from fastflow.plan.outcomes import Outcomes

PHASE_TIMEOUT = 6 * 3600
SERVICES_TIMEOUT = 300
READY_TIMEOUT = 60
PULL_TIMEOUT = 600
INACTIVITY_TIMEOUT = 600
RECORDS = ("build_id", "test_record")
"""The reasons for which a testing phase waits for the phase whose record it tests."""


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """A service that a phase needs; `timeout` is the seconds until it is up, `log` a pattern that it must print."""

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
    """Whether TEST_RECORD_ID links a testing phase to its recording phase's record, even if BUILD_ID could."""
    passed_in: str | None = None
    """The earlier run in which it passed, if it is not run again."""
    attacked: tuple[str, ...] = ()
    """The services that its node attacks: if one ends in any way, the phase fails."""
    fresh_volumes: tuple[str, ...] = ()
    """The volumes, by their keys in the Compose file, that are removed with the services of `fresh`."""
    may_wait: bool = False
    """Whether Compose waits for the health or the end of one of its services before it starts another."""
    is_record_known: bool = True
    """Whether the record that it tests can be found by its BUILD_ID, not only by the record's id."""
    lost_record: tuple[str, str] | None = None
    """Why it cannot have its record, and what to do, if its recording is left out."""
    bypass: str | None = None
    """What to change if its record, or the one that it tests, turns out empty."""
    follower: str | None = None
    """The phase whose container is created with this one's, because it starts as soon as this one has passed."""

    @property
    def mode(self) -> str:
        """Its mode by name."""
        return self.node.mode

    @property
    def traits(self) -> Mode:
        """The facts about its mode."""
        return self.node.traits

    @property
    def image(self) -> str:
        """The node's image."""
        return self.node.image or self.node.default_image or ""

    @property
    def timeout(self) -> int:
        """The maximum time of the phase."""
        return self.node.timeout or PHASE_TIMEOUT

    @property
    def service(self) -> str:
        """The node's Compose service."""
        return node_service(self.name)

    @property
    def sources(self) -> tuple[Source, ...]:
        """The sources of its requests, in turn."""
        return self.node.sources

    @property
    def ready(self) -> Ready:
        """The condition for its node to count as ready, if others wait for that."""
        if not isinstance(self.node, RecorderNode):
            return Ready()
        ready = self.node.ready or Ready()
        return (
            ready if ready.log or not self.node.ready_line else ready.model_copy(update={"log": self.node.ready_line})
        )

    @property
    def uses(self) -> tuple[str, ...]:
        """The services of the application that it needs or that send its requests."""
        sources = (source.service for source in self.sources if isinstance(source, ServiceSource))
        return (*(service.name for service in self.services), *sources)

    @property
    def recorder(self) -> str | None:
        """The phase of this run whose record a testing phase tests."""
        return recorder_of(self.dependencies)

    @property
    def reported(self) -> tuple[str, ...]:
        """The phases whose test runs a report phase reports."""
        return tuple(edge.before for edge in self.dependencies if edge.reason == "report")


@dataclass(frozen=True, slots=True)
class WorkflowPlan:
    """A Compose project of a run. `kept_out` are variables that Docker's settings would put into every container."""

    name: str
    cloud: Cloud
    host: str
    compose: tuple[ComposeSource, ...]
    application: Application
    keeps_published: bool
    timeout: int | None
    phases: tuple[PhasePlan, ...]
    kept_out: tuple[str, ...] = ()
    cell: Cell | None = None
    """Its cell of a matrix, if one made it."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Its own variables."""

    @property
    def selected(self) -> tuple[PhasePlan, ...]:
        """The phases that run, in the order of the file."""
        return tuple(phase for phase in self.phases if phase.is_selected)

    @property
    def uses_cloud(self) -> bool:
        """Whether a phase that runs works with Wallarm's cloud."""
        return any(phase.traits.uses_cloud for phase in self.selected)

    @property
    def used(self) -> frozenset[str]:
        """The services that the selected phases use, including their nodes."""
        return frozenset(name for phase in self.selected for name in (phase.service, *phase.uses))


@dataclass(frozen=True, slots=True)
class Plan:
    """The actions of `fastflow up`. `directory` is the spec's, `resumes` the earlier run that is resumed."""

    name: str
    directory: Path
    workflows: Mapping[str, WorkflowPlan]
    phases: Mapping[str, PhasePlan]
    critical_path: tuple[str, ...]
    max_parallel: int | None
    resumes: str | None = None
    clusters: Mapping[str, Host] = field(default_factory=dict)
    """The hosts that are clusters, by name."""
    outcomes: Outcomes | None = None
    """The outcomes of phases that are left out, from the runs that this one follows; None: they count as passed."""

    @property
    def selected(self) -> tuple[PhasePlan, ...]:
        """The phases that run, in the order of the file."""
        return tuple(phase for phase in self.phases.values() if phase.is_selected)

    @property
    def used_hosts(self) -> tuple[str, ...]:
        """The hosts of the phases that run; an empty name stands for the current context."""
        return tuple(dict.fromkeys(self.workflows[phase.workflow].host for phase in self.selected))

    @property
    def matrices(self) -> Mapping[str, str]:
        """The matrix that made a workflow, by the name of the workflow."""
        return {one.name: one.cell.matrix for one in self.workflows.values() if one.cell is not None}

    @property
    def uses_clusters(self) -> bool:
        """Whether a phase that runs is on a cluster."""
        return any(host in self.clusters for host in self.used_hosts)

    @property
    def passed_before(self) -> tuple[PhasePlan, ...]:
        """The phases that passed in an earlier run and are not run again, in the order of the file."""
        return tuple(phase for phase in self.phases.values() if phase.passed_in is not None)

    def workflows_before(self, phase: PhasePlan) -> frozenset[str]:
        """The other workflows that have a phase before this one, directly or through others."""
        seen: set[str] = set()
        pending = [edge.before for edge in phase.dependencies]
        while pending:
            name = pending.pop()
            if name not in seen:
                seen.add(name)
                pending.extend(edge.before for edge in self.phases[name].dependencies)
        return frozenset(self.phases[name].workflow for name in seen) - {phase.workflow}

    def shares_container_name(self, phase: PhasePlan) -> bool:
        """Whether another selected phase has the same container name as this one."""
        others = (other for other in self.selected if other.id != phase.id)
        return any(other.node.container_name == phase.node.container_name for other in others)


def recorder_of(dependencies: Iterable[Edge]) -> str | None:
    """The phase whose record is tested by a phase with these dependencies."""
    return next((edge.before for edge in dependencies if edge.reason in RECORDS), None)
