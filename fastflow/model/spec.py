"""A spec: workflows, their nodes, what they share, and the hosts that the workflows go to."""

from collections import Counter
from collections.abc import Container, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, TypeVar

from pydantic import BeforeValidator, Field, WithJsonSchema

from fastflow.model.base import (
    TEXT_SCHEMA,
    Boolean,
    Duration,
    Name,
    Opaque,
    SpecModel,
    Text,
    WholeNumber,
    describe,
    unless_symbolic,
    wrong,
)
from fastflow.model.cloud import Cloud
from fastflow.model.host import Host
from fastflow.model.node import Node
from fastflow.spec.document import YamlMap

T = TypeVar("T")
Part: TypeAlias = Annotated[T, Opaque(), WithJsonSchema({"type": "object"})]
"""A part with its own names or fields: it is loaded before the whole, so that its valid parts are kept."""
NAMED = "write each as `NAME:` with its fields below, and no dash before it"
"""The hint for hosts, workflows and nodes that are not written as mappings."""
ComposeSource: TypeAlias = str | Annotated[YamlMap, Opaque()]
"""The path of a Compose file, or an inline Compose document as written."""


class Cell(NamedTuple):
    """One of the workflows that a matrix makes: the matrix is named as the workflow was written.

    `variables` are the axes and what `include` adds, with their values in this cell.
    """

    matrix: str
    variables: Mapping[str, str]


def _compose(value: Any) -> Any:
    items = value if isinstance(value, (list, tuple)) else [value]
    if not items:
        raise wrong("expected a Compose file, a Compose document, or a list of them, not an empty list")
    for item in items:
        if not isinstance(item, (str, YamlMap)) or item == "":
            raise wrong(f"expected a Compose file or a Compose document, not {describe(item)}")
    return tuple(items)


def _hosts(value: Any) -> Any:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)) or not names:
        raise wrong(f"expected a name under `hosts`, a list of names, or `any`, not {describe(value)}")
    return tuple(names)


def _levels(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {rule: level for rule, level in value.items() if unless_symbolic(level) is not None}


class Concurrency(SpecModel):
    """The behaviour of a run while another run uses one of its BUILD_IDs. Default: it ends with exit code 4."""

    wait: Duration = None
    """How long a run waits for its turn, in line with other runs. `--wait-lease` takes precedence."""
    cancel_in_progress: Boolean = None
    """`true`: a run interrupts the other run and takes its place, if that one is of this file or also sets this."""


class Workflow(SpecModel):
    """One CI/CD workflow, normally with one BUILD_ID."""

    build_id: Text | None = None
    """Identifies the workflow and its test record: letters and digits."""
    cloud: Part[Cloud] | None = None
    """Merged over the spec's `cloud`."""
    compose: Annotated[
        tuple[ComposeSource, ...] | None,
        BeforeValidator(_compose),
        WithJsonSchema(
            {"type": [*TEXT_SCHEMA["type"], "object", "array"], "items": {"type": [*TEXT_SCHEMA["type"], "object"]}}
        ),
    ] = None
    """The application and its tests: a Compose file, an inline Compose document, or a list of both."""
    publish: Annotated[Literal["keep", "none"] | None, BeforeValidator(unless_symbolic)] = None
    """`none` drops `ports` and `container_name` of the application's services. Default: keep."""
    host: Annotated[
        tuple[Text, ...] | None,
        BeforeValidator(_hosts),
        WithJsonSchema({"type": [*TEXT_SCHEMA["type"], "array"], "items": TEXT_SCHEMA}),
    ] = None
    """The host it runs on: a name under `hosts`, a list, or `any`. Of several, the one with the fewest workflows.
    A cluster must be the only entry; `any` means the hosts that are not clusters.
    """
    timeout: Duration = None
    """The workflow's maximum time from its first phase's start."""
    matrix: Part[Cell] | None = None
    """Axes with their values. Each combination becomes a workflow, in which the axes are variables."""
    nodes: Annotated[Mapping[Name, Part[Node]], Field(min_length=1)]
    """Its nodes, each a phase."""


class Spec(SpecModel):
    """The content of a fastflow.yml."""

    name: Text | None = None
    """The spec's name. Default: the directory's."""
    cloud: Part[Cloud] | None = None
    """The Wallarm cloud of all workflows."""
    defaults: Mapping[str, Any] | None = None
    """Fields for every node whose mode has them."""
    hosts: Mapping[Name, Part[Host]] | None = None
    """Docker Engines and clusters by name. Default: the current Docker context."""
    max_parallel: Annotated[int | None, WholeNumber(1, 100_000)] = None
    """Maximum number of phases at once. Default: no limit."""
    concurrency: Concurrency | None = None
    """The behaviour of a run while another run uses one of its BUILD_IDs. Default: it ends with exit code 4."""
    include: Annotated[tuple[Any, ...] | None, WithJsonSchema({"type": "array"})] = None
    """Local files to include. Their workflows are added; their other fields apply unless the spec sets them."""
    workflows: Annotated[Mapping[Name, Part[Workflow]], Field(min_length=1)]
    """The workflows."""
    checks: Annotated[Mapping[Text, Literal["error", "warning", "off"]] | None, BeforeValidator(_levels)] = None
    """The severity of rules: error, warning or off."""

    def cloud_of(self, workflow: str) -> Cloud:
        """Return a workflow's cloud: its own merged over the spec's."""
        shared = self.cloud or Cloud()
        own = self.workflows[workflow].cloud
        return own.over(shared) if own else shared

    @cached_property
    def matrices(self) -> Mapping[str, tuple[str, ...]]:
        """The workflows (cells) that each matrix makes, by the name under which it is written."""
        found: dict[str, list[str]] = {}
        for name, workflow in self.workflows.items():
            if workflow.matrix is not None:
                found.setdefault(workflow.matrix.matrix, []).append(name)
        return {name: tuple(cells) for name, cells in found.items()}

    @property
    def as_written(self) -> tuple[str, ...]:
        """The workflows of the file: a matrix in the place of its cells."""
        written = (one.matrix.matrix if one.matrix is not None else name for name, one in self.workflows.items())
        return tuple(dict.fromkeys(written))

    @property
    def host_limits(self) -> dict[str, int]:
        """The maximum number of phases at once, for each host with a limit; for a cluster, of units."""
        hosts = ((name, host) for name, host in (self.hosts or {}).items() if not host.is_cluster)
        return {name: host.max_parallel for name, host in hosts if host.max_parallel}

    @property
    def token_names(self) -> tuple[str, ...]:
        """The variables that hold tokens, in the order of the workflows."""
        return tuple(dict.fromkeys(self.cloud_of(workflow).token_name for workflow in self.cloud_workflows))

    @property
    def cloud_workflows(self) -> tuple[str, ...]:
        """The workflows with a node that works with Wallarm's cloud, which thus need a token."""
        return tuple(
            name
            for name, workflow in self.workflows.items()
            if any(node.traits.uses_cloud for node in workflow.nodes.values())
        )


def hosts_of(spec: Spec, silent: Container[str] = ()) -> Mapping[str, str]:
    """The host of each workflow, by the workflow's name; without `hosts` the current context, whose name is empty.

    A workflow that names several goes to the one with the most free capacity: the fewest workflows, as a share of
    its `max_parallel` if all candidates have one. The first of equals wins, so that plans are stable.
    `silent` hosts do not answer: workflows skip them if they may run elsewhere.
    """
    declared = spec.hosts or {}
    if not declared:
        return dict.fromkeys(spec.workflows, "")
    candidates = {
        name: any_of(declared) if workflow.host in (None, ("any",)) else _known(workflow.host, declared)
        for name, workflow in spec.workflows.items()
    }
    if silent:
        answer = {name: tuple(host for host in hosts if host not in silent) for name, hosts in candidates.items()}
        candidates |= {name: hosts for name, hosts in answer.items() if hosts}
    load = Counter(names[0] for names in candidates.values() if len(names) == 1)
    found = {}
    for name, names in candidates.items():
        limits = [declared[host].max_parallel if host in declared else None for host in names]
        room = dict(zip(names, limits, strict=True)) if all(limits) else {}
        found[name] = min(names, key=lambda host: (load[host] + 1) / (room.get(host) or 1))
        load[found[name]] += len(names) > 1
    return {name: found[name] for name in spec.workflows}


def any_of(declared: Mapping[str, Host]) -> tuple[str, ...]:
    """The hosts that `any` means: single engines, or clusters if there is nothing else."""
    return tuple(name for name, host in declared.items() if not host.is_cluster) or tuple(declared)


def _known(names: tuple[str, ...], declared: Container[str]) -> tuple[str, ...]:
    """Leave out hosts named by a variable whose value is not known, if there are others."""
    return tuple(name for name in names if name in declared) or names[:1]
