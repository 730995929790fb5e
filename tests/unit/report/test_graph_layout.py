"""The places of a picture of the DAG, for graphs of any shape: nothing lies on anything else, no line misleads."""

from collections import defaultdict
from itertools import combinations, pairwise
from typing import Any

from hypothesis import example, given

from fastflow.report.graph_drawing import drawing_of
from fastflow.report.graph_layout import Layout, Line, Measures, lay_out
from tests.unit.report.drawings import plan_json, plans, told

MEASURES = Measures(
    width_of=lambda phase: 10 + len(phase.name),
    box_height=10, gutter=6, gap=4, track_x=2, track_y=2, head=8, space=3, margin=5,
)  # fmt: skip
# A long line past a box of its own row, lanes that lines cross, and a fan.
CROWDED = plan_json(
    told("a.r", 0),
    told("a.t", 1, (("a.r", "build_id"),)),
    told("a.u", 2, (("a.r", "depends_on"), ("a.t", "depends_on"))),
    told("b.r", 0),
    told("b.t", 2, (("b.r", "build_id"), ("a.t", "depends_on"))),
    told("b.u", 2, (("a.t", "depends_on"),)),
    told("c.p", 3, (("a.r", "report"), ("b.u", "report"), ("b.t", "report"))),
)


def laid(plan: dict[str, Any]) -> Layout:
    return lay_out(drawing_of(plan), MEASURES)


def cells(line: Line) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Its straight parts, each from its lower to its higher end."""
    return [(min(a, b), max(a, b)) for a, b in pairwise(line.points) if a != b]


@given(plans())
@example(CROWDED)
def test_boxes_lie_in_their_lanes_and_apart(plan: dict[str, Any]) -> None:
    layout = laid(plan)
    lanes = {lane.workflow: lane for lane in layout.lanes}
    for box in layout.boxes:
        lane = lanes[box.phase.workflow]
        assert lane.y + MEASURES.head <= box.y
        assert box.y + box.height <= lane.y + lane.height <= layout.height
        assert 0 < box.x < box.x + box.width < layout.width
        assert box.width >= MEASURES.width_of(box.phase)
    for one, other in combinations(layout.boxes, 2):
        beside = one.x + one.width <= other.x or other.x + other.width <= one.x
        assert beside or one.y + one.height <= other.y or other.y + other.height <= one.y
    for upper, lower in pairwise(layout.lanes):
        assert upper.y + upper.height <= lower.y


@given(plans())
@example(CROWDED)
def test_what_runs_later_stands_further_right(plan: dict[str, Any]) -> None:
    places = {box.phase.id: box for box in laid(plan).boxes}
    for line in laid(plan).lines:
        before, after = places[line.edge.before], places[line.edge.after]
        assert before.x + before.width < after.x
    for wave in {box.phase.wave for box in places.values()}:
        assert len({box.x for box in places.values() if box.phase.wave == wave}) == 1


@given(plans())
@example(CROWDED)
def test_line_goes_from_box_to_box_straight_up_or_across_and_through_none(plan: dict[str, Any]) -> None:
    layout = laid(plan)
    places = {box.phase.id: box for box in layout.boxes}
    for line in layout.lines:
        before, after = places[line.edge.before], places[line.edge.after]
        assert line.points[0] == (before.x + before.width, before.y + before.height // 2)
        assert line.points[-1] == (after.x, after.y + after.height // 2)
        for (x1, y1), (x2, y2) in cells(line):
            assert x1 == x2 or y1 == y2
            for box in layout.boxes:
                is_clear = x2 <= box.x or box.x + box.width <= x1 or y2 < box.y or box.y + box.height < y1
                assert is_clear, (line.edge, box.phase.id)


@given(plans())
@example(CROWDED)
def test_lines_share_a_way_only_where_they_begin_or_end_together(plan: dict[str, Any]) -> None:
    layout = laid(plan)
    parts: dict[tuple[bool, int], list[tuple[int, int, Line]]] = defaultdict(list)
    for line in layout.lines:
        for (x1, y1), (x2, y2) in cells(line):
            upright = x1 == x2
            parts[upright, x1 if upright else y1].append((*((y1, y2) if upright else (x1, x2)), line))
    for together in parts.values():
        for (low, high, line), (other_low, other_high, other) in combinations(together, 2):
            if max(low, other_low) < min(high, other_high):
                assert line.edge.before == other.edge.before or line.edge.after == other.edge.after


@given(plans())
def test_every_edge_has_its_line(plan: dict[str, Any]) -> None:
    wanted = {(edge["id"], phase["id"]) for phase in plan["phases"] for edge in phase["depends_on"]}
    assert {(line.edge.before, line.edge.after) for line in laid(plan).lines} == wanted


def test_chain_in_a_lane_is_a_straight_line() -> None:
    layout = laid(plan_json(told("a.r", 0), told("a.t", 1, (("a.r", "build_id"),)), told("b.r", 0)))
    (line,) = layout.lines
    assert len(line.points) == 2
    assert line.points[0][1] == line.points[1][1]


def test_phase_stands_in_the_row_of_what_it_waits_for() -> None:
    plan = plan_json(
        told("a.r1", 0),
        told("a.r2", 0),
        told("a.t2", 1, (("a.r2", "build_id"),)),
        told("a.p", 2, (("a.t2", "report"),)),
    )
    rows = {box.phase.id: box.y for box in laid(plan).boxes}
    assert rows["a.r1"] < rows["a.r2"] == rows["a.t2"] == rows["a.p"]


def test_plan_without_phases_is_an_empty_picture() -> None:
    assert laid(plan_json()).boxes == ()
