"""The picture of the DAG: well-formed whatever names hold, inert, told in words, and the same for the same plan."""

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastflow.record.plan_file import PlanFile, plan_file_from
from fastflow.report.graph_drawing import drawing_of
from fastflow.report.graph_html import graph_html
from fastflow.report.graph_svg import GRAPH_CSS, MOST_TOLD, graph_svg, lay_out
from tests.unit.report.drawings import plan_file, plans, told

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</title><script>alert(1)</script>\x1b[31m\u202e\x00\ud800\uffff\" onload='x' ]]>&amp; ${X}"
PLAN = plan_file(
    told("web.record", 0, mode="recording", build_id="7"),
    told("web.test", 1, (("web.record", "build_id"),), build_id="7"),
    told("web.report", 2, (("web.test", "report"), ("web.record", "depends_on")), mode="report", selected=False),
    told("api.test", 2, (("web.test", "depends_on"),)),
    critical=("web.record", "web.test", "web.report"),
)


def drawn(plan: PlanFile, states: Mapping[str, str] | None = None) -> ElementTree.Element:
    return ElementTree.fromstring(graph_svg(drawing_of(plan, states)))


def texts(root: ElementTree.Element, kind: str) -> list[str]:
    return ["".join(found.itertext()) for found in root.iter(SVG + "text") if found.get("class") == kind]


def test_lanes_phases_and_what_they_are() -> None:
    root = drawn(PLAN)
    assert texts(root, "head") == ["web", "api"]
    assert texts(root, "name") == ["record", "test", "report", "test"]
    assert texts(root, "details") == [
        "recording · BUILD_ID 7", "testing · BUILD_ID 7", "report · left out", "testing"
    ]  # fmt: skip
    boxes = [group.find(f"{SVG}rect") for group in root.iter(f"{SVG}g")]
    assert [box is not None and box.get("class") for box in boxes] == [
        "box recording", "box testing", "box report", "box testing"
    ]  # fmt: skip
    assert [group.get("class") for group in root.iter(f"{SVG}g")] == [
        "phase critical", "phase critical", "phase critical out", "phase"
    ]  # fmt: skip


def test_implied_lines_are_dashed_and_those_of_the_critical_path_bold() -> None:
    ways = [str(path.get("class")) for path in drawn(PLAN).iter(f"{SVG}path") if "line" in str(path.get("class"))]
    legend = 3
    assert sorted(ways[:-legend]) == ["line", "line", "line implied bold", "line implied bold"]
    assert ways[-legend - 2 : -legend] == ["line implied bold"] * 2, "drawn last, above the others"
    assert ".line.implied{stroke-dasharray" in GRAPH_CSS
    assert ".line.bold{stroke:var(--ink);stroke-width:3" in GRAPH_CSS


def test_it_says_in_words_what_it_shows() -> None:
    root = drawn(PLAN)
    ids = str(root.get("aria-labelledby")).split()
    by_id = {element.get("id"): element.text for element in root.iter() if element.get("id")}
    assert root.get("role") == "img"
    assert [by_id[one] for one in ids] == [
        "shop: 4 phases of 2 workflows, and their dependencies",
        "web.record: recording · BUILD_ID 7. web.test: testing · BUILD_ID 7; after web.record (build_id). "
        "web.report: report · left out; after web.test (report), web.record (depends_on). "
        "api.test: testing; after web.test (depends_on). Critical path: web.record, web.test, web.report.",
    ]
    assert set(by_id) == {"graph-title", "graph-desc"}


def test_of_many_phases_it_says_how_many() -> None:
    few = plan_file(*(told(f"web.t{at}", 0) for at in range(MOST_TOLD)))
    many = plan_file(*(told(f"web.t{at}", 0) for at in range(MOST_TOLD + 1)))
    assert f"web.t{MOST_TOLD - 1}: testing." in graph_svg(drawing_of(few))
    (description,) = drawn(many).iter(f"{SVG}desc")
    assert description.text == "They run in 1 wave, with 0 dependencies."


def test_states_are_shown_where_they_are_told() -> None:
    root = drawn(PLAN, states={"web.test": "vulnerable", "web.report": "passed"})
    assert texts(root, "details")[1:3] == ["testing · BUILD_ID 7 · vulnerable", "report · left out"]


def test_page_that_brings_the_style_gets_none() -> None:
    assert "<style>" in graph_svg(drawing_of(PLAN))
    assert "<style>" not in graph_svg(drawing_of(PLAN), styled=False)


def test_long_text_is_cut_and_whole_in_the_tooltip() -> None:
    root = drawn(plan_file(told("web.t", 0, build_id="x" * 200)))
    (shown,) = texts(root, "details")
    assert len(shown) == 36
    assert shown.endswith("x…")
    assert [title.text for group in root.iter(f"{SVG}g") for title in group.iter(f"{SVG}title")] == [
        f"web.t: testing · BUILD_ID {'x' * 200}"
    ]


ANY_TEXT = st.text() | st.just(HOSTILE)


@given(ANY_TEXT, ANY_TEXT)
def test_hostile_text_breaks_nothing(name: str, build_id: str) -> None:
    phase = told("web.t", 0, build_id=build_id) | {"node": name, "workflow": name}
    plan = plan_file(phase, name=name, critical=("web.t",))
    root = drawn(plan, states={"web.t": build_id})
    assert {element.tag.removeprefix(SVG) for element in root.iter()} == {
        "svg", "title", "desc", "style", "rect", "text", "g", "path"
    }  # fmt: skip
    assert not any(attribute.startswith("on") for element in root.iter() for attribute in element.attrib)


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_plan_of_a_stranger_breaks_nothing_by_words_that_fastflow_would_write_itself(
    mode: str, reason: str, condition: str
) -> None:
    later = told("web.u", 1, (("web.t", reason),), mode=mode)
    later["depends_on"][0]["condition"] = condition
    plan = plan_file(told("web.t", 0, mode=mode), later)
    root = drawn(plan)
    assert {str(group.get("class")) for group in root.iter(f"{SVG}g")} == {"phase"}
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\u202e]|<script", graph_html(drawing_of(plan)))


@pytest.mark.parametrize("wave", [None, "1", 1.5, float("nan"), float("inf"), []])
def test_wave_that_is_no_number_is_refused(wave: Any) -> None:
    with pytest.raises(ValueError, match="wave"):
        plan_file(told("web.t", wave))


@pytest.mark.parametrize("draw", [graph_svg, graph_html])
def test_it_loads_nothing_and_runs_nothing(draw: Any) -> None:
    text = re.sub(r'xmlns="[^"]*"', "", draw(drawing_of(plan_file(told("web.t", 0, build_id=HOSTILE), name=HOSTILE))))
    for word in ("<script", "href", "src=", "url(", "@import", "http:", "https:", "<foreignObject", "\x1b"):
        assert word not in text


@pytest.mark.parametrize("draw", [graph_svg, graph_html])
def test_the_same_plan_gives_the_same_text(draw: Any) -> None:
    assert draw(drawing_of(PLAN)) == draw(drawing_of(PLAN))


def test_page_holds_the_picture_and_a_table_that_says_the_same() -> None:
    page = graph_html(drawing_of(PLAN))
    assert graph_svg(drawing_of(PLAN)) in page
    rows = [re.sub(r"<[^>]*>", "|", row).strip("|") for row in re.findall(r"<tr.*</tr>", page)]
    assert [re.sub(r"\|+", "|", row) for row in rows] == [
        "phase|mode|BUILD_ID|wave|waits for|on the critical path",
        "web.record|recording|7|0|yes",
        "web.test|testing|7|1|web.record (build_id, completed)|yes",
        "web.report|report (left out)|2|web.test (report, completed)|web.record (depends_on, completed)|yes",
        "api.test|testing|2|web.test (depends_on, completed)",
    ]


def test_edge_to_what_is_not_there_is_left_out() -> None:
    assert graph_svg(drawing_of(plan_file(told("web.t", 1, (("gone.r", "depends_on"),))))).count('class="line"') == 0


def test_what_is_no_plan_is_refused() -> None:
    with pytest.raises(ValueError, match="name"):
        plan_file_from({"phases": []})


@given(plans())
def test_boxes_do_not_overlap_stay_in_their_lanes_and_stand_right_of_what_they_wait_for(plan: PlanFile) -> None:
    drawing = drawing_of(plan)
    layout = lay_out(drawing)
    lanes = {lane.workflow: lane for lane in layout.lanes}
    assert len({(box.x, box.y) for box in layout.boxes.values()}) == len(drawing.phases)
    for box in layout.boxes.values():
        lane = lanes[box.phase.workflow]
        assert lane.y < box.y < box.middle < lane.y + lane.height
        assert box.x + box.width < layout.width
    for edge in drawing.edges:
        before, after = layout.boxes[edge.before], layout.boxes[edge.after]
        assert before.x + before.width < after.x


def test_line_that_passes_other_columns_is_bent_around_their_boxes() -> None:
    ways = [str(path.get("d")) for path in drawn(PLAN).iter(f"{SVG}path") if "line" in str(path.get("class"))]
    heights = [{point.split(",")[1] for point in re.findall(r"[\d.]+,[\d.]+", way)} for way in ways[:4]]
    assert [len(one) for one in heights].count(1) == 2, "record to test, test to report: straight along the row"
    assert [len(one) for one in heights].count(2) == 2, (
        "record to report is bent, test to api.test leads to a lane below"
    )
