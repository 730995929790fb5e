"""`fastflow graph --format html` in a real browser: wide and narrow, light and dark."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from .browser import chromium, seen, violations
from .runs import Fastflow

pytestmark = pytest.mark.e2e

LONG = "x" * 40
SPEC = f"""\
name: {LONG}
workflows:
  web:
    build_id: web${{CI_PIPELINE_ID:?{LONG * 3}}}
    nodes:
      {LONG}: {{ mode: recording }}
      test: {{ mode: testing }}
      report: {{ mode: report, depends_on: [{LONG}] }}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def page_of(fastflow: Fastflow, path: Path) -> str:
    fastflow.write(SPEC)
    done = fastflow("graph", "--format", "html")
    assert done.code == 0, done.err
    path.write_text(done.out, encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_page_fits_the_window_and_axe_finds_nothing(
    browser: Browser, fastflow: Fastflow, tmp_path: Path, width: int, scheme: str
) -> None:
    with seen(browser, page_of(fastflow, tmp_path / "graph.html"), width=width, color_scheme=scheme) as graph:
        assert not graph.is_wider_than_the_window
        assert violations(graph.page) == []
        assert graph.complaints == []


def test_narrow_window_names_each_value_and_wide_one_each_column(
    browser: Browser, fastflow: Fastflow, tmp_path: Path
) -> None:
    url = page_of(fastflow, tmp_path / "graph.html")
    with seen(browser, url, width=400) as graph:
        row = graph.page.get_by_role("row").filter(has=graph.page.get_by_role("rowheader", name="web.test"))
        cell = row.get_by_role("cell").filter(has_text="testing")
        expect(cell).to_be_visible()
        assert cell.evaluate("one => getComputedStyle(one, '::before').content") == '"mode: "'
        box = cell.bounding_box()
        assert box is not None
        assert box["x"] < 40
    with seen(browser, url, width=1280) as graph:
        expect(graph.page.get_by_role("columnheader", name="waits for")).to_be_visible()
        assert graph.page.get_by_role("cell").nth(0).evaluate("one => getComputedStyle(one, '::before').content") in (
            "none", "normal"
        )  # fmt: skip
