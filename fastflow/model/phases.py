"""Phases: the nodes of a spec with values inherited from their workflow, and the meaning of their names."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from fastflow.model.cloud import Cloud
from fastflow.model.mode import Mode
from fastflow.model.node import Node
from fastflow.model.spec import Cell, Spec
from fastflow.spec.document import YamlPath
from fastflow.spec.template import Template, TemplateError, canonical, parse_template, written

NO_TOKEN = ""
"""The placeholder for the token of a node that works without the cloud."""


def node_service(name: str) -> str:
    """The name of a node's Compose service."""
    return f"fast-{name}"


class Phase(NamedTuple):
    """One node of one workflow.

    `build_id` is a BUILD_ID as written, or its value if variables were replaced. `identity` is for comparing BUILD_IDs:
    equal if they mean the same for all values of variables. `token` is equal for phases that share a token, and
    reveals nothing of its value, because phases appear in bug reports.
    """

    id: str
    workflow: str
    name: str
    node: Node
    cloud: Cloud
    token: str
    build_id: str | None
    identity: str | None
    cell: Cell | None = None
    """The cell that its workflow is, if a matrix made it."""

    @property
    def traits(self) -> Mode:
        """The facts about its mode."""
        return self.node.traits

    @property
    def workflow_names(self) -> tuple[str, ...]:
        """The names of its workflow: its own, and that of the matrix that made it."""
        return (self.workflow,) if self.cell is None else (self.workflow, self.cell.matrix)

    @property
    def path(self) -> YamlPath:
        """The place of the node in the spec."""
        return ("workflows", self.workflow, "nodes", self.name)

    @property
    def service(self) -> str:
        """The node's Compose service."""
        return node_service(self.name)

    @property
    def build_id_path(self) -> YamlPath:
        """The place of its BUILD_ID: its own, or the workflow's."""
        own = getattr(self.node, "build_id", None)
        return (*self.path, "build_id") if own is not None else ("workflows", self.workflow, "build_id")

    @property
    def uses_build_id(self) -> bool:
        """Whether its BUILD_ID is one in the cloud, shared by all users of the token."""
        return self.traits.uses_build_id and self.traits.uses_cloud

    @property
    def needs_own_record(self) -> bool:
        """Whether the phase uses the record that its BUILD_ID (or its token) selects."""
        is_free = getattr(self.node, "test_record_id", None) is None and self.named_record is None
        return self.traits.needs == "record" and is_free

    @property
    def named_record(self) -> str | None:
        """The phase whose record it uses regardless of its BUILD_ID, or `external`."""
        return getattr(self.node, "test_record", None)

    @property
    def needs_test_runs(self) -> bool:
        """Whether the phase uses the test runs of its workflow."""
        return self.traits.needs == "test run" and getattr(self.node, "test_run_id", None) is None


def phases_of(spec: Spec, values: Mapping[str, str] | None) -> tuple[Phase, ...]:
    """List the phases in the order of the file.

    With `values`, tokens are the same if their values are; without, if their references are.
    """
    found = []
    for workflow_name, workflow in spec.workflows.items():
        cloud = spec.cloud_of(workflow_name)
        token = _token_key(cloud, values)
        for name, node in workflow.nodes.items():
            own: str | None = getattr(node, "build_id", None)
            build_id = workflow.build_id if own is None and node.traits.uses_build_id else own
            identity = written(template_of(build_id)) if build_id is not None and "$" in build_id else build_id
            phase_id, key = f"{workflow_name}.{name}", token if node.traits.uses_cloud else NO_TOKEN
            found.append(Phase(phase_id, workflow_name, name, node, cloud, key, build_id, identity, workflow.matrix))
    return tuple(found)


def template_of(text: str) -> Template:
    """Parse a BUILD_ID; a text that is not a template stands for itself."""
    try:
        return canonical(parse_template(text))
    except TemplateError:
        return (text,)


def _token_key(cloud: Cloud, values: Mapping[str, str] | None) -> str:
    value = values.get(cloud.token_name) if values is not None else None
    return f"sha256 {hashlib.sha256(value.encode()).hexdigest()}" if value else f"name {cloud.token_name}"


def qualified(name: str, workflow: str) -> str:
    """Complete a phase's name: a name without a dot is one of this workflow."""
    return name if "." in name else f"{workflow}.{name}"


class PhaseNames:
    """The phases of a spec by the names that may be written for them. A matrix counts as a workflow, like its cells."""

    def __init__(self, phases: Iterable[Phase]) -> None:
        self._phases = {phase.id: phase for phase in phases}
        self._nodes: dict[str, list[Phase]] = defaultdict(list)
        self._cells: dict[str, dict[str, None]] = defaultdict(dict)
        self._matches: dict[str, tuple[str, ...]] = {}
        for phase in self._phases.values():
            self._nodes[phase.workflow].append(phase)
            if phase.cell is not None:
                self._cells[phase.cell.matrix][phase.workflow] = None

    def matching(self, pattern: str, workflow: str) -> tuple[str, ...]:
        """The phases that a name or a glob in a workflow means, in the order of the file."""
        full = qualified(pattern, workflow)
        if "[" in full or ("*" not in full and "?" not in full):  # `[` has a meaning only in fnmatch
            return (full,) if full in self._phases else self._of_cells(full)
        if full not in self._matches:
            workflows, _, nodes = full.partition(".")
            self._matches[full] = tuple(
                phase.id
                for name, members in self._nodes.items()
                if fnmatchcase(name, workflows) or self._is_cell_of_match(members[0], workflows)
                for phase in members
                if fnmatchcase(phase.name, nodes)
            )
        return self._matches[full]

    def recorders(self, name: str, phase: Phase) -> tuple[str, ...]:
        """The recording phases that `phase` may mean by a name; it is clear if there is exactly one.

        For a matrix, those cells that agree with the phase's own cell in all variables that both have.
        """
        found = self.matching(name, phase.workflow) if "*" not in name and "?" not in name else ()
        makers = [self._phases[one] for one in found if self._phases[one].traits.makes == "record"]
        own = phase.cell.variables if phase.cell is not None else {}
        return tuple(
            one.id
            for one in makers
            if len(makers) == 1
            or one.cell is None
            or all(own.get(key, value) == value for key, value in one.cell.variables.items())
        )

    def _of_cells(self, full: str) -> tuple[str, ...]:
        workflow, _, node = full.partition(".")
        names = (f"{cell}.{node}" for cell in self._cells.get(workflow, ()))
        return tuple(name for name in names if name in self._phases)

    def _is_cell_of_match(self, phase: Phase, pattern: str) -> bool:
        return phase.cell is not None and fnmatchcase(phase.cell.matrix, pattern)
