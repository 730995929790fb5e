"""`fastflow graph` as Mermaid, drawn by Mermaid itself in Chromium: it parses, and shows each phase by its own name."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from .browser import chromium, load_mermaid, seen
from .runs import Fastflow

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").rglob("*fastflow.yml"))
# Words of Mermaid's own language, and what its grammar takes for arrows and shapes where it is not quoted.
WORDS = (
    "end", "subgraph", "default", "class", "classDef", "style", "click", "graph", "flowchart", "linkStyle",
    "direction", "TB", "x", "o", "v", "a--b", "a_b_", "A-", "call", "href",
)  # fmt: skip
# A message that a BUILD_ID's variable brings may hold anything; it stays as it is where no environment is given.
MESSAGE = r"set \"it\" & <b>, &lt; &#35; #35; %% `**c**` \\n | ] ) --> ; fa:fa-car é名 \\ end"
_DRAW = """async (text) => {
  document.body.innerHTML = (await mermaid.render("graph", text)).svg;
  const all = (selector, fact) => [...document.querySelectorAll(selector)].map(fact);
  const label = (one) => one.textContent.replaceAll("\\u200b", "");
  return {
    nodes: all(".node p", (one) => one.innerHTML.split("<br>").map((part) => {
      const holder = document.createElement("p"); holder.innerHTML = part; return label(holder);
    })),
    lanes: all(".cluster", label),
    edges: all(".edgePaths path", (one) => one.classList.contains("edge-pattern-dotted")),
    reasons: all(".edgeLabels .edgeLabel p", label),
    bold: all(".node.critical", (one) => one.textContent).length,
    links: all("svg a, svg script, svg img, svg i", (one) => one.outerHTML),
  };
}"""


@dataclass(frozen=True)
class Drawn:
    """What is on the picture: lines of each node's label, lanes, for each edge whether it is dashed, and reasons."""

    nodes: list[list[str]]
    lanes: list[str]
    edges: list[bool]
    reasons: list[str]
    bold: int
    links: list[str]


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with chromium() as browser, seen(browser, "about:blank") as empty:
        load_mermaid(empty.page)
        yield empty.page
        assert empty.complaints == []
        assert set(empty.requests) <= {"about:blank"}


def drawn(page: Page, text: str) -> Drawn:
    return Drawn(**page.evaluate(_DRAW, text))


def told(fastflow: Fastflow, spec: str) -> tuple[str, dict[str, Any]]:
    """The graph of a spec, and its plan."""
    graph, plan = fastflow("graph", spec, "--format", "mermaid", "--all"), fastflow("plan", spec, "--format", "json")
    assert (graph.code, plan.code) == (0, 0), graph.err
    return graph.out, json.loads(plan.out)


def is_what_the_plan_says(picture: Drawn, plan: dict[str, Any]) -> None:
    labels = [
        [phase["node"], *([f"BUILD_ID {phase['build_id']}"] if phase["build_id"] else [])] for phase in plan["phases"]
    ]
    edges = [edge["reason"] for phase in plan["phases"] for edge in phase["depends_on"]]
    assert sorted(picture.nodes) == sorted(labels)
    assert sorted(picture.lanes) == sorted({phase["workflow"] for phase in plan["phases"]})
    assert sorted(picture.reasons) == sorted(edges)
    assert picture.edges.count(True) == sum(reason != "depends_on" for reason in edges)
    assert len(picture.edges) == len(edges)
    assert picture.bold == (len(plan["critical_path"]) if len(plan["phases"]) > 2 else 0)
    assert picture.links == []


@pytest.mark.parametrize("spec", EXAMPLES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_examples_are_drawn(spec: Path, page: Page, fastflow: Fastflow) -> None:
    text, plan = told(fastflow, str(spec))
    is_what_the_plan_says(drawn(page, text), plan)


def test_awkward_names_and_build_ids_are_drawn_as_they_are(page: Page, fastflow: Fastflow) -> None:
    lines = ["workflows:"]
    for at, word in enumerate(WORDS):
        build_id = json.dumps(f"b{at}${{CI:?")[:-1] + MESSAGE + '}"'
        lines += [
            f"  '{word}':",
            f"    build_id: {build_id}",
            "    nodes:",
            f"      '{word}': {{ mode: recording }}",
            f"      't-{word}': {{ mode: testing }}",
            f"      'r-{word}': {{ mode: report, depends_on: {{ '{WORDS[at - 1]}.{WORDS[at - 1]}': {{}} }} }}",
        ]
    fastflow.write("\n".join([*lines, ""]))
    text, plan = told(fastflow, "fastflow.yml")
    assert len(plan["phases"]) == 3 * len(WORDS)
    is_what_the_plan_says(drawn(page, text), plan)
