import base64
import hashlib
import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from fastflow.record.archive import read_archive
from fastflow.record.events import as_json
from fastflow.report.html.page import render

from ..drawings import plan_json, told
from ..run_archives import write_run
from .archives import HOSTILE, Told, found, hostile_run, phase, told_run, vulnerable_run

ASSETS = Path(__file__).parents[4] / "fastflow" / "report" / "html" / "assets"
VOID = ("meta", "link", "input", "br", "img", "hr")


@dataclass
class Read(HTMLParser):
    """A page as a browser without scripts reads it."""

    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    texts: dict[str, list[str]] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        for tag in set(self.open):
            self.texts[tag][-1] += data

    def having(self, tag: str, **attributes: str) -> list[dict[str, str | None]]:
        return [found for name, found in self.tags if name == tag and attributes.items() <= found.items()]


def read(page: str) -> Read:
    reader = Read()
    reader.feed(page)
    return reader


def policy_of(page: str) -> str:
    (meta,) = read(page).having("meta", **{"http-equiv": "Content-Security-Policy"})
    return meta["content"] or ""


def hash_of(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def executed(page: Read) -> list[str]:
    """The scripts that a browser would run; the others hold data."""
    kinds = [attributes.get("type") for tag, attributes in page.tags if tag == "script"]
    return [text for text, kind in zip(page.texts["script"], kinds, strict=True) if kind is None]


@pytest.mark.parametrize("run", [vulnerable_run(), hostile_run(), told_run()], ids=["vulnerable", "hostile", "empty"])
def test_the_policy_allows_the_pages_own_style_and_scripts_by_hash_and_nothing_else(run: Told) -> None:
    page = render(run)
    scripts = executed(read(page))
    (style,) = read(page).texts["style"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy_of(page).split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["style-src"] == hash_of(style)
    assert rules["script-src"].split() == [hash_of(script) for script in scripts]
    assert len(scripts) == 2
    assert rules["form-action"] == rules["base-uri"] == "'none'"
    assert "unsafe" not in policy_of(page)


def test_nothing_is_loaded_from_anywhere_and_no_attribute_runs_or_styles() -> None:
    for page in (render(vulnerable_run()), render(hostile_run())):
        for tag, attributes in read(page).tags:
            assert not any(name.startswith("on") or name in ("src", "style", "srcdoc", "action") for name in attributes)
            assert tag not in ("img", "iframe", "object", "embed", "base")
            assert (attributes.get("href") or "#").startswith(("#", "data:,"))


def test_a_hostile_run_makes_no_element_that_a_harmless_one_does_not() -> None:
    run = hostile_run()
    page = read(render(run))
    assert Counter(tag for tag, _ in page.tags)["script"] == 2 + len(page.having("script", type="text/plain"))
    assert page.having("svg", onload="document.title=1") == []
    text = "".join(page.texts["main"])
    for hostile in HOSTILE[:4]:
        assert hostile in text


def test_no_character_hides_or_turns_what_stands_beside_it() -> None:
    page = render(hostile_run())
    page.encode("utf-8")
    assert not any(character in page for character in "\x00\x1b\x07\u202e\u202c\u2028\ud800")
    assert "{{ 7 * 7 }}" in page


def test_all_that_matters_can_be_read_without_a_script() -> None:
    run = vulnerable_run()
    page = read(render(run))
    main = "".join(page.texts["main"])
    for one in run.phases[1].vulnerabilities:
        assert one.fingerprint in main
        assert (one.request or "not known") in main
    for said in ("the manuals are public", "SHOP-311", "until 2027-01-31", "look at http_proxy", "rec_1", "tr_1"):
        assert said in main
    for said in (
        "[info] ready",
        "#bl_2499",
        "logs/web.test.log",
        "name: shop",
        "20.10.24",
        "2.24.4",
        "wallarm/fast",
        "3 vulnerabilities",
    ):
        assert said in main
    for form in page.having("form"):
        assert "hidden" in form  # it does nothing without the script, which shows it


def test_pictures_can_be_seen_where_styles_are_forbidden() -> None:
    page = read(render(vulnerable_run()))
    (graph,) = page.having("svg", **{"class": "ffg"})
    assert (graph["fill"], graph["stroke"]) == ("none", "currentColor")
    assert all(text["fill"] == "currentColor" for text in page.having("text"))
    kinds = ("waiting", "starting", "recording", "testing", "stopping")
    assert len({page.having("rect", **{"class": f"bar {kind}"})[-1]["fill"] for kind in kinds}) == len(kinds)


def test_vulnerabilities_stand_in_the_order_of_what_they_mean() -> None:
    page = read(render(vulnerable_run()))
    order = [(row["data-gate"], row["data-threat"]) for row in page.having("details") if "data-gate" in row]
    assert order == [("fails", "100"), ("fails", "80"), ("fails", "50"), ("below", "20"), ("accepted", "70")]


def test_cells_of_a_matrix_that_ended_alike_are_one_in_the_graph() -> None:
    cells = [f"web-{number}.test" for number in range(4)]
    planned = [{**told(name, 0), "matrix": "web"} for name in cells]
    phases = [*(phase(name) for name in cells[:3]), phase(cells[3], "failed")]
    page = render(told_run(*phases, plan=plan_json(*planned)))
    graph = page[page.index('id="graph"') :]
    assert "3 cells" in graph
    assert "passed" in graph
    assert "failed" in graph


def test_a_plan_that_cannot_be_drawn_leaves_out_the_picture_alone(tmp_path: Path) -> None:
    run = vulnerable_run()
    assert 'id="graph"' in render(run)
    plans: tuple[Any, ...] = (None, {}, {"name": "x", "phases": [1], "critical_path": []}, {"phases": 7, "hosts": [7]})
    for at, plan in enumerate(plans):
        page = render(read_archive(write_run(tmp_path / str(at), run.result, plan=plan)))
        assert 'id="graph"' not in page
        assert "web.test" in page


def test_a_run_that_takes_up_an_earlier_one_names_it() -> None:
    run = told_run(phase("a.test"))
    assert run.result is not None
    assert "Resumes run" not in render(run)
    later = render(replace(run, result=replace(run.result, resumes="261123080000zyxwv")))
    assert "261123080000zyxwv" in "".join(read(later).texts["main"])


def test_an_endless_request_is_cut_and_says_so() -> None:
    run = told_run(phase("a.test", "vulnerable", vulnerabilities=(found(request="x" * 70_000),)))
    assert "… and 10,000 characters more" in render(run)


def test_only_a_report_of_this_kind_takes_the_time_to_import_its_library() -> None:
    code = "import sys, fastflow.report.kinds; sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_scripts_never_write_markup() -> None:
    for script in ASSETS.glob("*.js"):
        text = script.read_text(encoding="utf-8")
        assert not any(way in text for way in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval("))
        assert "</" not in text


@pytest.mark.parametrize("is_cut_short", [False, True])
def test_a_runs_folder_comes_to_a_page(tmp_path: Path, is_cut_short: bool) -> None:
    run = vulnerable_run()
    assert run.result is not None
    (tmp_path / "logs").mkdir()
    for name, text in run.logs.items():
        (tmp_path / "logs" / f"{name}.log").write_text(text, encoding="utf-8")
    (tmp_path / "events.jsonl").write_text(
        "".join(f"{json.dumps(as_json(event))}\n" for event in run.history.events), encoding="utf-8"
    )
    (tmp_path / "plan.json").write_text(json.dumps(run.plan and run.plan.as_json()), encoding="utf-8")
    if not is_cut_short:
        (tmp_path / "result.json").write_text(json.dumps(run.result.as_json()), encoding="utf-8")
    main = "".join(read(render(read_archive(tmp_path))).texts["main"])
    assert ("Cut short" if is_cut_short else "3 vulnerabilities") in main
    assert "#bl_2499" in main
    assert "web.record" in main
