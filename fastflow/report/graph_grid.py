"""The cells of a picture of the DAG: a lane for each workflow, a column for each wave."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from enum import Enum

from fastflow.report.graph_drawing import Drawing, DrawnPhase


class Kind(Enum):
    """What a horizontal strip of the picture holds."""

    HEAD = "the title of a lane"
    GAP = "lines between rows"
    ROW = "boxes"
    SPACE = "nothing, between lanes"


class Grid:
    """Which column and which strip each phase is in.

    A lane has as many rows as it has phases in one wave; each row lies between two gaps where lines may run.
    """

    def __init__(self, drawing: Drawing) -> None:
        self.phases = drawing.phases
        waves = {wave: at for at, wave in enumerate(sorted({phase.wave for phase in drawing.phases}))}
        self.columns = len(waves)
        self.column: Mapping[str, int] = {phase.id: waves[phase.wave] for phase in drawing.phases}
        self.strip: dict[str, int] = {}
        self.lanes: dict[str, tuple[int, int]] = {}
        """The first and the last strip of each workflow."""
        self.strips: list[Kind] = []
        for workflow in drawing.workflows:
            self._add_lane(drawing, workflow)
        self._taken = {(self.column[name], strip) for name, strip in self.strip.items()}

    def column_of(self, phase: DrawnPhase) -> int:
        """The column of a phase."""
        return self.column[phase.id]

    def is_free(self, columns: Iterable[int], strip: int) -> bool:
        """Whether a strip has no box in any of these columns."""
        return not any((column, strip) in self._taken for column in columns)

    def _add_lane(self, drawing: Drawing, workflow: str) -> None:
        columns: dict[int, list[DrawnPhase]] = defaultdict(list)
        for phase in drawing.phases:
            if phase.workflow == workflow:
                columns[self.column[phase.id]].append(phase)
        count = max(map(len, columns.values()))
        if self.strips:
            self.strips.append(Kind.SPACE)
        first = len(self.strips)
        self.strips += [Kind.HEAD, Kind.GAP, *[Kind.ROW, Kind.GAP] * count]
        self.lanes[workflow] = (first, len(self.strips) - 1)
        rows: dict[str, int] = {}
        for column in sorted(columns):
            _assign(drawing, columns[column], rows, count)
        self.strip.update({name: first + 2 + 2 * row for name, row in rows.items()})


def _assign(drawing: Drawing, phases: list[DrawnPhase], rows: dict[str, int], count: int) -> None:
    """Give the phases of one cell their rows, each near to those of the same lane that it waits for."""

    def wanted(phase: DrawnPhase) -> float:
        before = [rows[edge.before] for edge in drawing.before(phase) if edge.before in rows]
        return sum(before) / len(before) if before else 0.0

    row = 0
    for at, phase in enumerate(sorted(phases, key=wanted)):
        left = len(phases) - at
        row = min(max(row, round(wanted(phase))), count - left)
        rows[phase.id] = row
        row += 1
