"""The DAG in characters: a drawing for as many phases as one can still follow, and the list of all."""

from collections import defaultdict
from collections.abc import Mapping

from rich.cells import cell_len

from fastflow.report.graph_drawing import Drawing, DrawnPhase
from fastflow.report.graph_layout import Layout, Line, Measures, Point, lay_out

MOST_DRAWN = 40
"""Phases of which a drawing in characters can still be followed."""
_LEFT, _RIGHT, _UP, _DOWN = 1, 2, 4, 8
_CORNERS = dict(zip(range(16), " ───│┘└┴│┐┌┬│┤├┼", strict=True))
_DASHED = {"─": "╌", "│": "┆"}
_MARKS = {"recording": "R", "testing": "T"}


def graph_text(drawing: Drawing) -> str:
    """Draw the phases in their lanes where they are few; then list them wave by wave, with what each waits for."""
    parts = [*_drawn(drawing), ""] if 0 < len(drawing.phases) <= MOST_DRAWN else []
    for wave in sorted({phase.wave for phase in drawing.phases}):
        parts.append(f"wave {wave}")
        parts += [_listed(phase, drawing) for phase in drawing.phases if phase.wave == wave]
    return "\n".join([*parts, "", "* on the critical path"])


def _listed(phase: DrawnPhase, drawing: Drawing) -> str:
    before = ", ".join(f"{edge.before} ({edge.reason})" for edge in drawing.before(phase))
    build_id = f", BUILD_ID {phase.build_id}" if phase.build_id else ""
    out = "" if phase.is_selected else ", left out"
    star = "*" if phase.is_critical else " "
    return f"{star} {phase.id} [{phase.mode}{build_id}{out}]" + (f" ← {before}" if before else "")


def _label(phase: DrawnPhase) -> str:
    star = "*" if phase.is_critical else " "
    return f"{star}{_MARKS.get(phase.mode, 'P')} {phase.name} "


_MEASURES = Measures(
    width_of=lambda phase: cell_len(_label(phase)),
    box_height=1, gutter=2, gap=0, track_x=2, track_y=1, head=1, space=1, margin=2,
)  # fmt: skip


def _drawn(drawing: Drawing) -> list[str]:
    layout = lay_out(drawing, _MEASURES)
    canvas = _ways(layout)
    for lane in layout.lanes:
        _write(canvas, 0, lane.y, lane.workflow)
    for box in layout.boxes:
        _write(canvas, box.x, box.y, _label(box.phase))
    rows = ("".join(canvas.get((x, y), " ") for x in range(layout.width)).rstrip() for y in range(layout.height))
    return [*rows, "", "R recording, T testing, P report; ╌ implied by data, ─ declared"]


def _write(canvas: dict[Point, str], x: int, y: int, text: str) -> None:
    for character in text:
        canvas[x, y] = character
        x += 1
        for _ in range(cell_len(character) - 1):
            canvas[x, y] = ""  # the second column of a wide character
            x += 1


def _ways(layout: Layout) -> dict[Point, str]:
    """Draw all lines: what meets in a place is joined there."""
    arms: defaultdict[Point, int] = defaultdict(int)
    declared: set[Point] = set()
    for line in layout.lines:
        for place, directions in _arms(line).items():
            arms[place] |= directions
            if not line.edge.is_implied:
                declared.add(place)
    drawn = {place: _CORNERS[directions] for place, directions in arms.items()}
    drawn.update({at: _DASHED.get(one, one) for at, one in drawn.items() if at not in declared})
    drawn.update({(line.points[-1][0] - 1, line.points[-1][1]): "▶" for line in layout.lines})
    return drawn


def _arms(line: Line) -> Mapping[Point, int]:
    """The places that a line goes through, each with the directions in which it goes on from there."""
    arms: defaultdict[Point, int] = defaultdict(int)
    for (x1, y1), (x2, y2) in zip(line.points, line.points[1:], strict=False):
        if y1 == y2:
            for x in range(x1, x2):
                arms[x, y1] |= _RIGHT
                arms[x + 1, y1] |= _LEFT
        else:
            forward, back = (_DOWN, _UP) if y2 > y1 else (_UP, _DOWN)
            for y in range(y1, y2, 1 if y2 > y1 else -1):
                arms[x1, y] |= forward
                arms[x1, y + (1 if y2 > y1 else -1)] |= back
    arms.pop(line.points[-1], None)  # the box itself
    return arms
