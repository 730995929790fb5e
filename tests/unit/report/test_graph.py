"""The DAG as text, Mermaid and DOT: names of the user never break the syntax."""

import re
from pathlib import Path

import pytest

from fastflow.pipeline import SpecText, check, plan
from fastflow.plan import Plan
from fastflow.plan.making import Selection
from fastflow.report.graph import FORMATS, graph_as

SPEC = """\
workflows:
  web:
    build_id: 'web${CI:-"<x>"}'
    nodes: { record: { mode: recording }, test: { mode: testing }, report: { mode: report } }
  end:
    nodes: { subgraph: { mode: recording, depends_on: { web.test: { condition: passed } } } }
"""


def made() -> Plan:
    (facts,) = check([SpecText("f.yml", Path(), SPEC.encode())], None).specs
    return plan(facts, Path(), Selection())


LIST = """\
wave 0
* web.record [recording, BUILD_ID web${CI:-"<x>"}]
wave 1
* web.test [testing, BUILD_ID web${CI:-"<x>"}] ← web.record (build_id)
wave 2
* web.report [report] ← web.test (report)
  end.subgraph [recording] ← web.test (depends_on)

* on the critical path"""


def test_text_lists_the_waves() -> None:
    assert graph_as("text", made()) == LIST


def test_mermaid_has_ids_of_its_own_and_escapes_labels() -> None:
    text = graph_as("mermaid", made())
    assert text.startswith("flowchart LR\n")
    assert re.findall(r"(p\d) (\S+)\|(\w+)\| (p\d)", text) == [
        ("p0", "-.->", "build_id", "p1"), ("p1", "-.->", "report", "p2"), ("p1", "-->", "depends_on", "p3")
    ]  # fmt: skip
    for label in re.findall(r'\["(.*)"\]', text):
        assert not set('"<>{}$') & set(label.replace("<br/>", ""))
    assert [line.strip() for line in text.splitlines() if "subgraph" in line and "[" in line and "p3" not in line] == [
        'subgraph w0["web"]', 'subgraph w1["end"]'
    ]  # fmt: skip
    assert text.count("\n  end") == 2


def test_dot_quotes_every_name() -> None:
    text = graph_as("dot", made())
    assert text.count("{") == text.count("}") == 3 + 2
    assert '"web.record" -> "web.test" [label="build_id", style=dashed, penwidth=3];' in text
    assert '"web.test" -> "end.subgraph" [label="depends_on", style=solid];' in text
    assert r"web${CI:-\"<x>\"}" in text


@pytest.mark.parametrize("format_name", FORMATS)
def test_the_same_plan_gives_the_same_text(format_name: str) -> None:
    assert graph_as(format_name, made()) == graph_as(format_name, made())


CELLS = """\
workflows:
  web:
    build_id: web${b}
    matrix: { b: [x, y] }
    nodes: { record: { mode: recording }, test: { mode: testing } }
  end:
    build_id: end${b}
    matrix: { b: [x, y] }
    nodes:
      record: { mode: recording, depends_on: [web.test] }
      late: { mode: recording, build_id: "late${b}", depends_on: ["end-x.record", "web-${b}.record"] }
"""


def test_cells_of_a_matrix_are_drawn_as_one_unless_all_are_asked_for() -> None:
    (facts,) = check([SpecText("f.yml", Path(), CELLS.encode())], None).specs
    made = plan(facts, Path(), Selection())
    assert graph_as("text", made) == (
        "wave 0\n"
        "* web.record [recording, 2 cells]\n"
        "wave 1\n"
        "* web.test [testing, 2 cells] ← web.record (build_id)\n"
        "wave 2\n"
        "* end.record [recording, 2 cells] ← web.test (depends_on)\n"
        "wave 3\n"
        "* end.late [recording, 2 cells] ← end.record (depends_on), web.record (depends_on)\n"
        "\n"
        "* on the critical path"
    )
    assert graph_as("text", made, unfolds=True).count("\n") == 13
    for form in FORMATS:
        assert graph_as(form, made).count("2 cells") >= 4
        assert "2 cells" not in graph_as(form, made, unfolds=True)
