"""The input of the rules: one spec with its places, its graph and its applications."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from fastflow.application.model import Application, Service
from fastflow.application.needs import services_of_phase, source_services
from fastflow.check.inclusion import Inclusion
from fastflow.check.lost import RejectedParts, lost_parts
from fastflow.ci import RUN_ID
from fastflow.graph import Graph
from fastflow.model.node import RecorderNode, ReportNode, TesterNode
from fastflow.model.phases import Phase, template_of
from fastflow.model.places import Place, Places
from fastflow.model.spec import Spec, any_of
from fastflow.spec.document import Document, Scalar, YamlPath
from fastflow.spec.template import variables

if TYPE_CHECKING:
    from fastflow.model.accept import AcceptFile

HINTS = 20
"""The maximum number of "did you mean" hints per rule: they take long in specs of thousands of nodes."""


@dataclass(frozen=True)
class Facts:
    """One spec, loaded.

    `applications` contains, for each workflow that names one, the application without its FAST services; a
    workflow whose Compose files cannot be read is not in it. `has_values` says whether variables were
    replaced; if not, they are symbols. If `is_whole` is false, parts of the spec are missing. `unset_tokens`
    are the names of variables that should hold a token and are not set, `malformed_tokens` of those that hold something
    else, each with what is wrong (never with the value).
    """

    document: Document
    spec: Spec
    places: Places
    graph: Graph
    applications: Mapping[str, Application]
    has_values: bool
    is_whole: bool
    unset_tokens: frozenset[str] = frozenset()
    malformed_tokens: Mapping[str, str] = field(default_factory=dict)
    compose_files: tuple[Document, ...] = ()
    tokens: frozenset[str] = field(default=frozenset(), repr=False)
    """The values of tokens, which findings must not show."""
    accept_files: Mapping[str, "AcceptFile"] = field(default_factory=dict)
    """The accept files of gates, by the names that users know."""
    inclusions: Mapping[str, Inclusion] = field(default_factory=dict)
    """The files that the spec includes, by the names that findings use."""
    variables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The own variables of workflows: those of their file, and those of a matrix."""

    @cached_property
    def lost(self) -> RejectedParts:
        """The parts that are missing from the model because they were at fault."""
        return RejectedParts() if self.is_whole else lost_parts(self.spec, self.places)

    @cached_property
    def _dangling(self) -> frozenset[str]:
        return frozenset(dangling.phase for dangling in self.graph.dangling)

    def is_ordered(self, phase: Phase) -> bool:
        """Whether all dependencies of the phase are known, so that its possible overlaps are certain."""
        return phase.id not in self._dangling and not self.lost.has_order(phase)

    @property
    def are_applications_known(self) -> bool:
        """Whether every Compose file could be read, with the files that it refers to."""
        named = (name for name, workflow in self.spec.workflows.items() if workflow.compose is not None)
        return all(name in self.applications and self.applications[name].is_complete for name in named)

    @cached_property
    def phases(self) -> tuple[Phase, ...]:
        """All phases in the order of the file."""
        return tuple(self.graph.phases.values())

    @cached_property
    def by_workflow(self) -> Mapping[str, tuple[Phase, ...]]:
        """The phases of each workflow in the order of the file."""
        found: dict[str, list[Phase]] = defaultdict(list)
        for phase in self.phases:
            found[phase.workflow].append(phase)
        return {workflow: tuple(found[workflow]) for workflow in self.spec.workflows}

    @cached_property
    def with_build_ids(self) -> tuple[tuple[Phase, str], ...]:
        """For each place where a BUILD_ID is written: the first phase that uses it, and the BUILD_ID."""
        found: dict[YamlPath, tuple[Phase, str]] = {}
        for phase in self.phases:
            if phase.build_id is not None and phase.uses_build_id:
                found.setdefault(phase.build_id_path, (phase, phase.build_id))
        return tuple(found.values())

    def application_of(self, phase: Phase) -> Application | None:
        """The application of a phase, if all of its files could be read."""
        application = self.applications.get(phase.workflow)
        return application if application is not None and application.is_complete else None

    @cached_property
    def started(self) -> Mapping[str, tuple[Service, ...]]:
        """The services of each application that phases start.

        Not those that are only sources: they run as one-off containers, which publish no ports and have other names.
        """
        found = {}
        for workflow, application in self.applications.items():
            names = {name for phase in self.by_workflow[workflow] for name in self.services_of(phase)}
            found[workflow] = tuple(service for name, service in application.services.items() if name in names)
        return found

    def services_of(self, phase: Phase) -> tuple[str, ...]:
        """The services of the application that a phase needs; none if the application cannot be read."""
        application = self.applications.get(phase.workflow)
        if application is None:
            return ()
        return services_of_phase(application, phase.node, self._sources[phase.workflow])

    @cached_property
    def _sources(self) -> Mapping[str, frozenset[str]]:
        return {name: source_services(phase.node for phase in phases) for name, phases in self.by_workflow.items()}

    @cached_property
    def recorders(self) -> tuple[tuple[Phase, RecorderNode], ...]:
        """The recording phases."""
        return tuple((phase, phase.node) for phase in self.phases if isinstance(phase.node, RecorderNode))

    @cached_property
    def recorders_by_id(self) -> Mapping[str, RecorderNode]:
        """The recording nodes by their phase."""
        return {phase.id: node for phase, node in self.recorders}

    @cached_property
    def testers(self) -> tuple[tuple[Phase, TesterNode], ...]:
        """The testing phases."""
        return tuple((phase, phase.node) for phase in self.phases if isinstance(phase.node, TesterNode))

    @cached_property
    def reporters(self) -> tuple[tuple[Phase, ReportNode], ...]:
        """The report phases."""
        return tuple((phase, phase.node) for phase in self.phases if isinstance(phase.node, ReportNode))

    def engines_of(self, workflow: str) -> tuple[str, ...]:
        """The engines where a workflow may run, equal for equal hosts; an empty text is the current context."""
        declared = self.spec.hosts or {}
        wanted = self.spec.workflows[workflow].host
        if not declared:
            return ("",)
        names = any_of(declared) if wanted in (None, ("any",)) else [name for name in wanted if name in declared]
        return tuple(dict.fromkeys(declared[name].engine for name in names))

    def is_of_one_run(self, phase: Phase) -> bool:
        """Whether the BUILD_ID, as written, contains the run's id, which differs from run to run."""
        written = self.document.locate(phase.build_id_path)
        return isinstance(written, Scalar) and RUN_ID in written.text and RUN_ID in variables(template_of(written.text))

    def is_template(self, phase: Phase) -> bool:
        """Whether the BUILD_ID still contains variables; a `$` in any other is a dollar sign."""
        node = self.places.node(*phase.build_id_path)
        return isinstance(node, Scalar) and node.symbolic

    def build_id_place(self, phase: Phase) -> Place:
        """The place of a phase's BUILD_ID, or of the node if it has none."""
        return self.places.value(*phase.build_id_path) if phase.build_id is not None else self.node_place(phase)

    def later_and_earlier(self, first: Place, second: Place) -> tuple[Place, Place]:
        """Order two places: a collision is reported at the later one, and the spec counts as later than a file."""
        places = sorted((first, second), key=lambda place: (place.mark.file == self.document.file, place.mark))
        return places[1], places[0]

    def said(self, phase: Phase, other: "Facts") -> str:
        """Name a phase of this spec in a message about `other`, whose phases may have the same names."""
        return phase.id if other is self else f"{phase.id} of {self.document.file}"

    def token_place(self, workflow: str) -> Place:
        """The place that refers to a workflow's token variable, or else where it is first needed."""
        for path in (("workflows", workflow, "cloud", "token"), ("cloud", "token")):
            if self.places.node(*path) is not None:
                return self.places.value(*path)
        return self.places.key("workflows", workflow)

    def node_place(self, phase: Phase) -> Place:
        """The place of a node's name."""
        return self.places.key(*phase.path)
