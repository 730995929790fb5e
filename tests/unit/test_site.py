"""The documentation site builds strictly, from every page, and loads nothing from other hosts."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}


def build(config: Path, site: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "mkdocs", "build", "--config-file", str(config), "--site-dir", str(site)]
    return subprocess.run(words, env=ENVIRONMENT, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = build(ROOT / "mkdocs.yml", folder)
    assert built.returncode == 0, built.stderr
    return folder


def test_every_page_is_on_the_site_and_can_be_searched(site: Path) -> None:
    pages = {path.relative_to(ROOT / "docs").with_suffix("") for path in (ROOT / "docs").rglob("*.md")}
    built = {path.relative_to(site).with_suffix("") for path in site.rglob("*.html")}
    assert pages - built == {Path("README")}  # it is index.html
    index = (site / "search" / "search_index.json").read_text(encoding="utf-8")
    assert {page for page in pages if f'"{page}.html' not in index} == {Path("README")}


def test_pages_load_nothing_from_other_hosts(site: Path) -> None:
    loads = re.compile(
        r'<(?:script|img|iframe)\b[^>]*\bsrc="?(?:https?:)?//|<link\b(?![^>]*canonical)[^>]*\bhref="?(?:https?:)?//'
    )
    assert [path.name for path in site.rglob("*.html") if loads.search(path.read_text(encoding="utf-8"))] == []
    assert not [path for path in site.rglob("*.html") if 'class="mermaid"' in path.read_text(encoding="utf-8")]


def test_links_out_of_docs_lead_to_the_repository(site: Path) -> None:
    text = (site / "how-to" / "attack-with-scanners.html").read_text(encoding="utf-8")
    assert re.search(r'href="?https://[^" >]+/examples/scanners', text)


def test_a_broken_link_a_missing_heading_and_an_unlisted_page_fail(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "README.md").write_text("[gone](gone.md) [heading](#nowhere)\n", encoding="utf-8")
    (tmp_path / "docs" / "unlisted.md").write_text("# Unlisted\n", encoding="utf-8")
    config = tmp_path / "mkdocs.yml"
    config.write_text(f"INHERIT: {ROOT / 'mkdocs.yml'}\ndocs_dir: docs\nhooks: []\nnav: [README.md]\n", "utf-8")
    built = build(config, tmp_path / "site")
    assert built.returncode != 0
    assert [word for word in ("gone.md", "#nowhere", "unlisted.md") if word not in built.stderr] == []
