"""The DAG as text, Mermaid and DOT: names of the user never break the syntax."""

import re
from pathlib import Path

import pytest

from fastflow.pipeline import SpecText, check, plan
from fastflow.plan import Plan
from fastflow.plan.making import Selection
from fastflow.report.graph import FORMATS

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
    assert FORMATS["text"](made()) == LIST


def test_mermaid_has_ids_of_its_own_and_escapes_labels() -> None:
    text = FORMATS["mermaid"](made())
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
    text = FORMATS["dot"](made())
    assert text.count("{") == text.count("}") == 3 + 2
    assert '"web.record" -> "web.test" [label="build_id", style=dashed, penwidth=3];' in text
    assert '"web.test" -> "end.subgraph" [label="depends_on", style=solid];' in text
    assert r"web${CI:-\"<x>\"}" in text


@pytest.mark.parametrize("format_name", FORMATS)
def test_the_same_plan_gives_the_same_text(format_name: str) -> None:
    assert FORMATS[format_name](made()) == FORMATS[format_name](made())
