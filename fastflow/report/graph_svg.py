"""The DAG as SVG: one picture for files and pages, in light and dark, with a description in words."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

from rich.cells import cell_len, set_cell_size

from fastflow.model.mode import MODES, mode_named
from fastflow.report.graph_drawing import Drawing, DrawnPhase
from fastflow.report.text import count

MOST_TOLD = 40
"""Maximum number of phases that the description lists; for more, it only gives their number."""
_NAME, _DETAILS = 8, 7
"""Width of a character in pixels, at heights of 13 and 11 pixels, in a font whose characters are 0.6 as wide."""
_LONGEST = 36
"""Maximum number of characters of a line in a box. Longer lines are cut; the box's tooltip has all of it."""
_BOX, _GAP, _GUTTER, _MARGIN = 42, 24, 60, 18
_HEAD = 32
"""Height of a lane's title above its first row, in pixels."""
_BOW = 46
"""Pixels by which a line past other columns is bent, so that it runs between their rows."""
_LEGEND = 34
_LEGEND_WIDTH = 700
# Outlines and words if a server's policy forbids styles; GRAPH_CSS overrides them.
_PLAIN = ' fill="none" stroke="currentColor" font-family="monospace" font-size="11"'
_PLAIN_TEXT = ' fill="currentColor" stroke="none"'
_CSS = """\
.ffg{fill:#000;stroke:none;--ink:#1f2328;--faint:#59636e;--lane:#f6f8fa;--edge:#d1d9e0;--line:#6e7781;--page:#fff;
LIGHT
font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
@media (prefers-color-scheme:dark){.ffg{--ink:#f0f6fc;--faint:#b1bac4;--lane:#151b23;--edge:#3d444d;--line:#8b949e;
--page:#0d1117;
DARK}}
.ffg .page{fill:var(--page)}
.ffg .lane{fill:var(--lane);stroke:var(--edge)}
.ffg text{fill:var(--ink);font-size:13px}
.ffg .head{font-weight:600}
.ffg .details,.ffg .legend{fill:var(--faint);font-size:11px}
.ffg .details{fill:var(--ink)}
.ffg .box{stroke-width:1.2}
BOXES
.ffg .critical .box{stroke-width:3}
.ffg .critical .name{font-weight:700}
.ffg .out .box{fill-opacity:.35;stroke-dasharray:2 3}
.ffg .line{fill:none;stroke:var(--line);stroke-width:1.4}
.ffg .line.implied{stroke-dasharray:5 4}
.ffg .line.bold{stroke:var(--ink);stroke-width:3}
.ffg .arrow{fill:var(--line)}
.ffg .arrow.bold{fill:var(--ink)}
"""


def _style() -> str:
    modes = MODES.values()
    light, dark = (
        "\n".join(f"--{name}:{fill};--{name}-edge:{edge};" for name, (fill, edge) in colours)
        for colours in (
            [(one.name, one.colours.light) for one in modes],
            [(one.name, one.colours.dark) for one in modes],
        )
    )
    boxes = "\n".join(f".ffg .{one.name}{{fill:var(--{one.name});stroke:var(--{one.name}-edge)}}" for one in modes)
    return _CSS.replace("LIGHT", light).replace("DARK", dark).replace("BOXES", boxes)


GRAPH_CSS = _style()


@dataclass(frozen=True, slots=True)
class Box:
    """A phase's place, in pixels."""

    phase: DrawnPhase
    column: int
    x: int
    y: int
    width: int

    @property
    def middle(self) -> int:
        """The height at which lines leave and enter."""
        return self.y + _BOX // 2


@dataclass(frozen=True, slots=True)
class Lane:
    """A workflow's horizontal strip, in pixels."""

    workflow: str
    y: int
    height: int


@dataclass(frozen=True)
class Layout:
    """Workflows are lanes, waves are columns; the boxes of a cell are stacked in the plan's order."""

    width: int
    height: int
    lanes: tuple[Lane, ...]
    boxes: Mapping[str, Box]


def lay_out(drawing: Drawing) -> Layout:
    """Place every phase."""
    cells: defaultdict[tuple[str, int], list[DrawnPhase]] = defaultdict(list)
    widths: defaultdict[int, int] = defaultdict(int)
    for phase in drawing.phases:
        cells[phase.workflow, phase.wave].append(phase)
        texts = cell_len(_cut(phase.name)) * _NAME, cell_len(_cut(phase.details)) * _DETAILS
        widths[phase.wave] = max(widths[phase.wave], *(text + 20 for text in texts))
    left, columns = _MARGIN, {}
    for at, wave in enumerate(sorted(widths)):
        columns[wave] = (at, left)
        left += widths[wave] + _GUTTER
    top, lanes, boxes = 0, [], {}
    for workflow in drawing.workflows:
        rows = max(len(cells[workflow, wave]) for wave in columns)
        for wave, (column, x) in columns.items():
            for row, phase in enumerate(cells[workflow, wave]):
                boxes[phase.id] = Box(phase, column, x, top + _HEAD + row * (_BOX + _GAP), widths[wave])
        height = _HEAD + rows * (_BOX + _GAP)
        lanes.append(Lane(workflow, top, height))
        top += height
    return Layout(left - _GUTTER + _MARGIN, top, tuple(lanes), boxes)


def graph_svg(drawing: Drawing, *, styled: bool = True) -> str:
    """Draw as one `<svg>` element, without a declaration. It contains no script, and loads nothing.

    Without `styled` the page must contain GRAPH_CSS itself.
    """
    layout = lay_out(drawing)
    width, height = max(layout.width, _LEGEND_WIDTH), layout.height + _LEGEND
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="ffg" role="img" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}"{_PLAIN} aria-labelledby="graph-title graph-desc">',
        f'<title id="graph-title">{escape(title_of(drawing))}</title>',
        f'<desc id="graph-desc">{escape(" ".join(sentences_of(drawing)))}</desc>',
        f"<style>{GRAPH_CSS}</style>" if styled else "",
        f'<rect class="page" width="{width}" height="{height}"/>',
        *(part for lane in layout.lanes for part in _lane(lane, width)),
        *_lines(drawing, layout),
        *(part for box in layout.boxes.values() for part in _box(box, drawing)),
        *_legend(layout.height, has_path=bool(drawing.critical_path)),
        "</svg>",
    ]
    return "\n".join(part for part in parts if part)


def title_of(drawing: Drawing) -> str:
    """The picture's content in one line."""
    phases, workflows = count(len(drawing.phases), "phase"), count(len(drawing.workflows), "workflow")
    return f"{drawing.name}: {phases} of {workflows}, and their dependencies"


def sentences_of(drawing: Drawing) -> Iterator[str]:
    """The picture's content for people who cannot see it: each phase, unless there are too many."""
    if len(drawing.phases) <= MOST_TOLD:
        for phase in drawing.phases:
            before = ", ".join(f"{edge.before} ({edge.reason})" for edge in drawing.before[phase.id])
            yield f"{phase.id}: {phase.details}{f'; after {before}' if before else ''}."
    else:
        waves = len({phase.wave for phase in drawing.phases})
        yield f"They run in {count(waves, 'wave')}, with {len(drawing.edges)} dependencies."
    if drawing.critical_path:
        yield f"Critical path: {', '.join(drawing.critical_path)}."


def _cut(text: str) -> str:
    return text if cell_len(text) <= _LONGEST else set_cell_size(text, _LONGEST - 1).rstrip() + "…"


def _lane(lane: Lane, width: int) -> Iterator[str]:
    yield f'<rect class="lane" x="6" y="{lane.y + 2}" width="{width - 12}" height="{lane.height - 4}" rx="8"/>'
    yield f'<text{_PLAIN_TEXT} class="head" x="18" y="{lane.y + 21}">{escape(lane.workflow)}</text>'


def _box(box: Box, drawing: Drawing) -> Iterator[str]:
    phase = box.phase
    classes = f"phase{' critical' if phase.is_critical else ''}{'' if phase.is_selected else ' out'}"
    before = "".join(f"\nafter {edge.before} ({edge.reason}, {edge.condition})" for edge in drawing.before[phase.id])
    place = f'x="{box.x}" y="{box.y}" width="{box.width}" height="{_BOX}"'
    yield f'<g class="{classes}"><title>{escape(f"{phase.id}: {phase.details}{before}")}</title>'
    yield f'<rect class="box {mode_named(phase.mode).name}" {place} rx="6"/>'
    yield f'<text{_PLAIN_TEXT} class="name" x="{box.x + 10}" y="{box.y + 18}">{escape(_cut(phase.name))}</text>'
    yield f'<text{_PLAIN_TEXT} class="details" x="{box.x + 10}" y="{box.y + 33}">{escape(_cut(phase.details))}</text>'
    yield "</g>"


def _lines(drawing: Drawing, layout: Layout) -> Iterator[str]:
    """Draw the critical path last, so that it is above the others."""
    for edge in sorted(drawing.edges, key=lambda edge: edge.is_critical):
        bold = " bold" if edge.is_critical else ""
        implied = " implied" if edge.is_implied else ""
        before, after = layout.boxes[edge.before], layout.boxes[edge.after]
        yield f'<path class="line{implied}{bold}" d="{_curve(before, after)}"/>'
        yield f'<path class="arrow{bold}" d="M{after.x},{after.middle}l-9,-5v10z"/>'


def _curve(before: Box, after: Box) -> str:
    """A cubic curve from box to box that ends within its arrowhead."""
    start, end = before.x + before.width, after.x - 6
    bow = _BOW if after.column - before.column > 1 else 0
    reach = (end - start) // 2
    return (
        f"M{start},{before.middle}C{start + reach},{before.middle + bow} "
        f"{end - reach},{after.middle + bow} {end},{after.middle}"
    )


def _legend(y: int, *, has_path: bool) -> Iterator[str]:
    x = 18
    for mode in MODES:
        yield f'<rect class="box {mode}" x="{x}" y="{y + 11}" width="14" height="12" rx="3"/>'
        yield f'<text{_PLAIN_TEXT} class="legend" x="{x + 20}" y="{y + 21}">{mode}</text>'
        x += 38 + len(mode) * _DETAILS
    lines = [("implied", "implied by data"), ("", "declared"), *([("bold", "critical path")] if has_path else [])]
    for classes, label in lines:
        yield f'<path class="line {classes}" d="M{x},{y + 17}h30"/>'
        yield f'<text{_PLAIN_TEXT} class="legend" x="{x + 37}" y="{y + 21}">{label}</text>'
        x += 54 + len(label) * _DETAILS
