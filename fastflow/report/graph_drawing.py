"""The content of a picture of the DAG, read from a plan."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from fastflow.record.plan_file import PlanFile, PlannedPhase
from fastflow.report.text import clean, count, one_line
from fastflow.report.words import shown_path

DECLARED = "depends_on"
"""The reason of an edge that was declared; all others are implied by data."""


@dataclass(frozen=True, slots=True)
class DrawnEdge:
    """`after` waits for `before`."""

    before: str
    after: str
    reason: str
    condition: str
    is_critical: bool

    @property
    def is_implied(self) -> bool:
        """Whether data implies it, so that it need not be declared."""
        return self.reason != DECLARED


@dataclass(frozen=True, slots=True)
class DrawnPhase:
    """One phase. `wave` counts from 0; `state` is its outcome, empty if not given."""

    id: str
    workflow: str
    name: str
    mode: str
    build_id: str
    wave: int
    is_selected: bool
    is_critical: bool
    state: str
    matrix: str = ""
    """The matrix that made its workflow, if one did."""
    cells: int = 1
    """The number of phases that it stands for, each in a different cell of its matrix."""

    @property
    def counted(self) -> str:
        """The number of cells that it stands for, in words; empty for a single phase."""
        return count(self.cells, "cell") if self.cells > 1 else ""

    @property
    def details(self) -> str:
        """Its mode, its BUILD_ID and its state in one line."""
        parts = [self.mode]
        if self.cells > 1:
            parts.append(self.counted)
        elif self.build_id:
            parts.append(f"BUILD_ID {self.build_id}")
        if not self.is_selected:
            parts.append("left out")
        elif self.state:
            parts.append(self.state)
        return " · ".join(parts)


@dataclass(frozen=True)
class Drawing:
    """The phases in the plan's order, and the edges between them."""

    name: str
    phases: tuple[DrawnPhase, ...]
    edges: tuple[DrawnEdge, ...]
    critical_path: tuple[str, ...]

    @cached_property
    def workflows(self) -> tuple[str, ...]:
        """The workflows, in the order of their first phases."""
        return tuple(dict.fromkeys(phase.workflow for phase in self.phases))

    @cached_property
    def before(self) -> Mapping[str, list[DrawnEdge]]:
        """The edges into each phase, by its id."""
        found: dict[str, list[DrawnEdge]] = {phase.id: [] for phase in self.phases}
        for edge in self.edges:
            found[edge.after].append(edge)
        return found


def drawing_of(plan: PlanFile, states: Mapping[str, str] | None = None) -> Drawing:
    """Read a plan; `states` are the outcomes of phases by id. None of its texts can break a document or a terminal."""
    path = shown_path(plan.critical_path, len(plan.phases))
    steps = set(pairwise(path))
    planned = {phase.id: phase for phase in plan.phases}
    phases = tuple(_phase(phase, path, states or {}) for phase in planned.values())
    edges = tuple(
        DrawnEdge(
            before=_said(edge.id),
            after=_said(phase.id),
            reason=_said(edge.reason),
            condition=_said(edge.condition),
            is_critical=(edge.id, phase.id) in steps,
        )
        for phase in planned.values()
        for edge in phase.depends_on
        if edge.id in planned and planned[edge.id].wave < phase.wave
    )
    return Drawing(_said(plan.name), phases, edges, tuple(_said(name) for name in path))


def _phase(planned: PlannedPhase, path: tuple[str, ...], states: Mapping[str, str]) -> DrawnPhase:
    return DrawnPhase(
        id=_said(planned.id),
        workflow=_said(planned.workflow),
        name=_said(planned.node),
        mode=_said(planned.mode),
        build_id=_said(planned.build_id or ""),
        wave=planned.wave,
        is_selected=planned.selected,
        is_critical=planned.id in path,
        state=_said(states.get(planned.id, "")),
        matrix=_said(planned.matrix or ""),
    )


def _said(text: str) -> str:
    return clean(one_line(text))


def folded(drawing: Drawing) -> Drawing:
    """Draw phases that are one node in several cells of a matrix as one, if they run in one wave."""
    groups: dict[object, list[DrawnPhase]] = {}
    for phase in drawing.phases:
        alone = (phase.workflow, phase.name)
        key = (phase.matrix, phase.name, phase.wave, phase.is_selected, phase.state) if phase.matrix else alone
        groups.setdefault(key, []).append(phase)
    names = Counter((phases[0].matrix, phases[0].name) for phases in groups.values())
    made = [_one_of(phases, is_only=names[phases[0].matrix, phases[0].name] == 1) for phases in groups.values()]
    ids = {phase.id: one.id for one, phases in zip(made, groups.values(), strict=True) for phase in phases}
    edges: dict[tuple[str, str], DrawnEdge] = {}
    for edge in drawing.edges:
        ends = ids[edge.before], ids[edge.after]
        is_critical = edge.is_critical or (ends in edges and edges[ends].is_critical)
        known = edges.get(ends, edge)
        edges[ends] = replace(known, before=ends[0], after=ends[1], is_critical=is_critical)
    path = tuple(dict.fromkeys(ids.get(name, name) for name in drawing.critical_path))
    return Drawing(drawing.name, tuple(made), tuple(edges.values()), path)


def _one_of(phases: Sequence[DrawnPhase], *, is_only: bool) -> DrawnPhase:
    """The phase that stands for others; if they are in several waves, cells distinguish several with the same name."""
    first = phases[0]
    if len(phases) == 1:
        return first
    name = f"{first.matrix}.{first.name}" + ("" if is_only else f" ({first.workflow} and {len(phases) - 1} more)")
    is_critical = any(phase.is_critical for phase in phases)
    return replace(first, id=name, workflow=first.matrix, build_id="", is_critical=is_critical, cells=len(phases))
