"""What the names of phases in a spec mean: a phase, all that a glob matches, or all cells of a matrix."""

from collections import defaultdict
from collections.abc import Iterable
from fnmatch import fnmatchcase

from fastflow.model.phases import Phase


def qualified(name: str, workflow: str) -> str:
    """Complete a phase's name: without a dot it is one of this workflow."""
    return name if "." in name else f"{workflow}.{name}"


class PhaseNames:
    """The phases of a spec by what may be written for them. A matrix is as good a workflow as its cells."""

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
        """The phases that a name or a glob means in a workflow, in the order of the file."""
        full = qualified(pattern, workflow)
        if "[" in full or ("*" not in full and "?" not in full):  # `[` means something to fnmatch, and to nobody else
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
        """The recording phases that `phase` may mean with the name of one; it is clear if there is exactly one.

        Of a matrix, those cells that agree with the phase's own cell in all variables that both have.
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
