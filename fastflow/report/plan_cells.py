"""A plan in which cells of a matrix that differ only in the values of its variables are merged."""

from collections import Counter
from collections.abc import Iterable

from fastflow.plan import PhasePlan, Plan, WorkflowPlan
from fastflow.plan.outcomes import Outcomes


class FoldedPlan:
    """A plan grouped by what its workflows do; if it `unfolds` them, each workflow is separate."""

    def __init__(self, plan: Plan, *, unfolds: bool) -> None:
        self._plan = plan
        self._unfolds = unfolds

    @property
    def outcomes(self) -> Outcomes | None:
        """The outcomes of phases that are left out, if earlier runs are given."""
        return self._plan.outcomes

    def groups(self) -> Iterable[list[WorkflowPlan]]:
        """Yield the workflows, grouped by what they do."""
        groups: dict[object, list[WorkflowPlan]] = {}
        for workflow in self._plan.workflows.values():
            key: object = workflow.name
            if workflow.cell is not None and not self._unfolds:
                key = (workflow.cell.matrix, workflow.host, *map(self._shape, workflow.phases))
            groups.setdefault(key, []).append(workflow)
        return groups.values()

    def dependencies(self, phase: PhasePlan) -> Counter[tuple[str, str, str]]:
        """Count a phase's dependencies, with condition and reason: several cells of a matrix have the same name."""
        edges = phase.dependencies
        times = Counter(self._written(edge.before) for edge in edges)
        named: Counter[tuple[str, str, str]] = Counter()
        for edge in edges:
            written = self._written(edge.before)
            is_shared = times[written] > 1 and not self._unfolds
            named[written if is_shared else edge.before, edge.condition, edge.reason] += 1
        return named

    def _shape(self, phase: PhasePlan) -> tuple[object, ...]:
        """What a phase does, independent of the values of variables."""
        is_run = (phase.is_selected, phase.passed_in, phase.lost_record is None)
        edges = tuple((self._written(edge.before), edge.reason, edge.condition) for edge in phase.dependencies)
        return (phase.name, phase.mode, phase.wave, *is_run, phase.uses, phase.fresh, phase.networks, edges)

    def _written(self, name: str) -> str:
        """The name of a phase with that of the matrix which made its workflow."""
        phase = self._plan.phases[name]
        cell = self._plan.workflows[phase.workflow].cell
        return name if cell is None else f"{cell.matrix}.{phase.name}"
