"""Where everything of a picture of the DAG goes: workflows are lanes, waves are columns, no line crosses a box.

Lanes and waves are given by the plan, so that nothing is left of what a general layered layout would choose (and
those keep no lanes): only the order within a cell and the ways of the lines, which run between boxes alone.
Sizes are in the units of the picture: pixels or characters.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import TypeAlias

from fastflow.report.graph_drawing import Drawing, DrawnEdge, DrawnPhase
from fastflow.report.graph_grid import Grid, Kind
from fastflow.report.graph_routes import Channel, Route, find_routes

Point: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Measures:
    """The sizes of a picture's parts."""

    width_of: Callable[[DrawnPhase], int]
    box_height: int
    gutter: int
    """Between two columns, on each side of the lines that go up and down there."""
    gap: int
    """Between two rows, without the lines that run there."""
    track_x: int
    track_y: int
    """Between two lines side by side."""
    head: int
    """The height of a lane's title."""
    space: int
    """Between two lanes."""
    margin: int
    """Left and right of everything."""


@dataclass(frozen=True, slots=True)
class Box:
    """A phase's place."""

    phase: DrawnPhase
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Lane:
    """A workflow's place, as wide as the picture."""

    workflow: str
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Line:
    """An edge's way: its corners from the right side of one box to the left side of another."""

    edge: DrawnEdge
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """A picture's parts, each with its place."""

    width: int
    height: int
    lanes: tuple[Lane, ...]
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def lay_out(drawing: Drawing, measures: Measures) -> Layout:
    """Give everything of a drawing its place; the same drawing gives the same places."""
    grid = Grid(drawing)
    routes, gutters, gaps = find_routes(drawing, grid)
    places = _Places(grid, measures, gutters, gaps)
    boxes = tuple(places.box(phase) for phase in drawing.phases)
    return Layout(
        width=places.xs[-1] if drawing.phases else 2 * measures.margin,
        height=places.ys[-1],
        lanes=tuple(places.lane(workflow) for workflow in drawing.workflows),
        boxes=boxes,
        lines=tuple(places.line(route) for route in routes),
    )


class _Places:
    """Widths and heights added up. `xs` and `ys` begin with 0: part `n` reaches from `xs[n]` to `xs[n + 1]`."""

    def __init__(self, grid: Grid, measures: Measures, gutters: Sequence[Channel], gaps: dict[int, Channel]) -> None:
        self.grid = grid
        self.measures = measures
        self._gutters = gutters
        self._gaps = gaps
        self.xs = [0, *accumulate(self._widths())]
        self.ys = [0, *accumulate(self._heights())]

    def _widths(self) -> Iterable[int]:
        """The left margin, then each column and the gutter to its right; the last is the right margin."""
        m = self.measures
        yield m.margin
        for column, members in groupby(sorted(self.grid.phases, key=self.grid.column_of), key=self.grid.column_of):
            yield max(m.width_of(phase) for phase in members)
            tracks = self._gutters[column].count if column < self.grid.columns - 1 else None
            yield m.margin if tracks is None else 2 * m.gutter + max(0, tracks - 1) * m.track_x

    def _heights(self) -> Iterable[int]:
        m = self.measures
        heights = {Kind.HEAD: m.head, Kind.ROW: m.box_height, Kind.SPACE: m.space}
        for at, kind in enumerate(self.grid.strips):
            if kind is Kind.GAP:
                yield m.gap + (self._gaps[at].count * m.track_y if at in self._gaps else 0)
            else:
                yield heights[kind]

    def box(self, phase: DrawnPhase) -> Box:
        column, strip = self.grid.column[phase.id], self.grid.strip[phase.id]
        left = self.xs[2 * column + 1]
        return Box(phase, left, self.ys[strip], self.xs[2 * column + 2] - left, self.measures.box_height)

    def lane(self, workflow: str) -> Lane:
        first, last = self.grid.lanes[workflow]
        return Lane(workflow, self.ys[first], self.ys[last + 1] - self.ys[first])

    def line(self, route: Route) -> Line:
        """Follow a route. Its corners are where a line along a row or gap meets one along a gutter."""
        start, end = self.grid.column[route.edge.before], self.grid.column[route.edge.after]
        here, there = self._middle(route.from_strip), self._middle(route.to_strip)
        points = [(self.xs[2 * start + 2], here)]
        if route.rise is not None:
            x = self._track_x(start, route.rise)
            y = there if route.run is None else self._track_y(*route.run)
            points += [(x, here), (x, y)]
            if route.fall is not None:
                x = self._track_x(end - 1, route.fall)
                points += [(x, y), (x, there)]
        points.append((self.xs[2 * end + 1], there))
        return Line(route.edge, tuple(points))

    def _middle(self, strip: int) -> int:
        return self.ys[strip] + self.measures.box_height // 2

    def _track_x(self, gutter: int, key: str) -> int:
        return (
            self.xs[2 * gutter + 2] + self.measures.gutter + self._gutters[gutter].number(key) * self.measures.track_x
        )

    def _track_y(self, strip: int, key: str) -> int:
        m = self.measures
        return self.ys[strip] + m.gap // 2 + self._gaps[strip].number(key) * m.track_y
