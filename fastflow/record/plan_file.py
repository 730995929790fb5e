"""`plan.json` in a run's folder: the output of `plan --format json`, and additions that reports of the run need."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Strict, TypeAdapter

from fastflow import __version__
from fastflow.check.facts import Facts
from fastflow.check.inclusion import place_in_spec
from fastflow.masking import MASK
from fastflow.model.cells import scope_with, scopes_of
from fastflow.model.load import is_build_id, is_raw
from fastflow.model.node import TesterNode
from fastflow.model.node_parts import Gate
from fastflow.plan import PhasePlan, Plan
from fastflow.plan.units import units_of
from fastflow.spec.interpolation import interpolate
from fastflow.spec.reader import relative_path, root_of
from fastflow.spec.writer import dump, map_texts

PLAN_FILE = "plan.json"
FORMAT_VERSION = "1.0"
_SECRET = re.compile(r"token|secret|passw|pwd|credential|private|auth|api_?key|(^|_)key$", re.IGNORECASE)
_ACCOUNT = re.compile(r"(?<=://)[^/@\s]+(?=@)")


@dataclass(frozen=True, slots=True)
class PlannedEdge:
    """The phase `id` comes first."""

    id: str
    reason: str
    condition: str


@dataclass(frozen=True, slots=True)
class PlannedGate:
    """A gate: its threshold, and its file of known vulnerabilities as the spec names it."""

    threat: int | None = None
    accept: str | None = None


@dataclass(frozen=True, slots=True)
class PlannedPhase:
    """A phase. Only a run's plan has the fields from `image` on; `line` and `column` of its node count from 1."""

    id: str
    workflow: str
    node: str
    mode: str
    build_id: str | None
    host: str
    wave: Annotated[int, Strict()]
    selected: bool = True
    depends_on: tuple[PlannedEdge, ...] = ()
    image: str | None = None
    allow_failure: bool = False
    gate: PlannedGate | str | None = None
    line: int | None = None
    column: int | None = None
    matrix: str | None = None
    """The matrix that made its workflow; omitted if there is none."""


@dataclass(frozen=True, slots=True)
class PlannedUnit:
    """Workflows that run together on one node of the cluster `host`, which reserves `cpus` and `memory` (bytes)."""

    host: str
    workflows: tuple[str, ...]
    cpus: float
    memory: int | None = None


@dataclass(frozen=True, slots=True)
class EngineVersions:
    """The versions of a host's engine and Compose."""

    engine: str
    compose: str


@dataclass(frozen=True, slots=True)
class RunImage:
    """The image that a service, or a node (`fast-NAME`), runs.

    Its name, its id, a digest of its content without labels, and its digest in a registry.
    """

    workflow: str
    service: str
    image: str
    id: str
    content: str
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan. Only a run's plan has the fields from `run` on.

    `hosts` are set once the engines have answered, `images` once all of them are on their engines. `units` are those
    on clusters.
    """

    format_version: str
    name: str
    phases: tuple[PlannedPhase, ...]
    critical_path: tuple[str, ...]
    run: str | None = None
    spec: str | None = None
    fastflow: str | None = None
    resolved: str | None = None
    hosts: Mapping[str, EngineVersions] = field(default_factory=dict)
    images: tuple[RunImage, ...] = ()
    units: tuple[PlannedUnit, ...] = ()

    def phase(self, name: str) -> PlannedPhase | None:
        """A phase by its id."""
        return next((phase for phase in self.phases if phase.id == name), None)

    def with_hosts(self, hosts: Mapping[str, EngineVersions]) -> "PlanFile":
        """Add the engines' answers by host; an empty name stands for the current context."""
        return replace(self, hosts={host or "default": versions for host, versions in hosts.items()})

    def as_json(self) -> dict[str, Any]:
        """Return the content of plan.json, or the output of `plan --format json` (docs: machine formats)."""
        content = asdict(self)
        phases = [{key: value for key, value in one.items() if key != "matrix" or value} for one in content["phases"]]
        content["phases"] = phases
        units = content.pop("units")
        if self.run is None:
            content = {name: content[name] for name in ("format_version", "name", "phases", "critical_path")}
            of_run = ("image", "allow_failure", "gate", "line", "column")
            content["phases"] = [{key: value for key, value in one.items() if key not in of_run} for one in phases]
        else:
            for name in ("hosts", "images"):
                if not content[name]:
                    del content[name]
        return {**content, "units": units} if units else content


def plan_file_of(plan: Plan) -> PlanFile:
    """Convert a plan to its file format."""
    phases = tuple(
        PlannedPhase(
            id=phase.id,
            workflow=phase.workflow,
            node=phase.name,
            mode=phase.mode,
            build_id=phase.build_id,
            host=plan.workflows[phase.workflow].host or "default",
            wave=phase.wave,
            selected=phase.is_selected,
            depends_on=tuple(PlannedEdge(edge.before, edge.reason, edge.condition) for edge in phase.dependencies),
            matrix=cell.matrix if (cell := plan.workflows[phase.workflow].cell) is not None else None,
        )
        for phase in plan.phases.values()
    )
    return PlanFile(FORMAT_VERSION, plan.name, phases, tuple(plan.critical_path), units=tuple(_units(plan)))


def _units(plan: Plan) -> Iterator[PlannedUnit]:
    for unit in units_of(plan):
        cluster = plan.clusters[unit.host]
        yield PlannedUnit(unit.host, unit.workflows, cluster.reserved_cpus, cluster.reserved_memory)


def plan_file_of_run(plan: Plan, facts: Facts, values: Mapping[str, str], run: str) -> PlanFile:
    """Return the content of a run's plan.json, as far as it is known before an engine has answered."""
    file = facts.document.file
    made = plan_file_of(plan)
    return replace(
        made,
        phases=tuple(_of_run(phase, plan.phases[phase.id], facts) for phase in made.phases),
        run=run,
        spec=file if file == "-" else relative_path(str(plan.directory / Path(file).name), root_of(plan.directory)),
        fastflow=__version__,
        resolved=resolved_text(facts, values, run),
    )


def _of_run(planned: PlannedPhase, phase: PhasePlan, facts: Facts) -> PlannedPhase:
    gate = phase.node.gate if isinstance(phase.node, TesterNode) else None
    mark = place_in_spec(facts.places.key("workflows", phase.workflow, "nodes", phase.name).mark, facts.inclusions)
    return replace(
        planned,
        image=phase.image,
        allow_failure=bool(phase.node.allow_failure),
        gate=PlannedGate(gate.threat, gate.accept) if isinstance(gate, Gate) else gate,
        line=mark.line,
        column=mark.column,
    )


def resolved_text(facts: Facts, values: Mapping[str, str], run: str) -> str:
    """Return the spec with the values of its variables, as YAML for people.

    CI systems keep a run's folder as an artifact. Environments are therefore left as written; the values of variables
    whose names suggest secrets are masked, and so is the account in a URL. The token is only ever a reference.
    """
    shown = {name: MASK if _SECRET.search(name) else value for name, value in values.items()}
    resolved = interpolate(
        facts.document,
        shown,
        lambda path: is_raw(path) or "environment" in path[2:] or "container" in path[2:],
        lenient=True,
        stand_in=lambda path: run if is_build_id(path) else None,
        scopes=scopes_of(facts.variables, shown),
        of_files={name: scope_with(file.variables, shown) for name, file in facts.inclusions.items()},
    )
    return dump(map_texts(resolved.document.root, lambda text: _ACCOUNT.sub(MASK, text)))


def read_plan_file(folder: Path) -> PlanFile | None:
    """Read a run's plan.json; None if there is none, or another version's."""
    try:
        return plan_file_from(json.loads((folder / PLAN_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError):
        return None


def plan_file_from(content: object) -> PlanFile:
    """Read a plan from its JSON. Raises ValueError if it is not one."""
    return _reader().validate_python(content)


@cache
def _reader() -> TypeAdapter[PlanFile]:
    return TypeAdapter(PlanFile)
