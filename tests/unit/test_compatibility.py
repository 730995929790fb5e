"""The page on compatibility names what `make engines` tries."""

import re
from pathlib import Path

from fastflow.engines.api import NEWEST_API
from fastflow.engines.docker import OLDEST_COMPOSE, OLDEST_COMPOSE_SINCE_25

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/compatibility.md").read_text(encoding="utf-8")
SCRIPT = (ROOT / "scripts/engines").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (Docker|Podman) \S+ \(.*?\) \| (\S+) \| (\S+) \| .* \|$", PAGE, re.MULTILINE)
OLDEST, OLDEST_SINCE_25 = (".".join(map(str, version)) for version in (OLDEST_COMPOSE, OLDEST_COMPOSE_SINCE_25))


def test_the_table_has_a_row_for_each_engine_and_compose() -> None:
    newest = re.findall(r"^newest_compose=(\S+)$", SCRIPT, re.MULTILINE)
    tried = re.findall(r'^on (\w+) "\$(\w+)"', SCRIPT, re.MULTILINE)
    versions = {"oldest_compose": OLDEST, "oldest_compose_since_25": OLDEST_SINCE_25, "newest_compose": newest[0]}
    assert [(engine.lower(), compose) for engine, _, compose in ROWS] == [(e, versions[c]) for e, c in tried]


def test_the_page_names_the_oldest_compose_and_the_newest_api() -> None:
    newest = ".".join(map(str, NEWEST_API))
    assert f"Docker Compose {OLDEST} or newer" in PAGE
    assert f"it needs Compose {OLDEST_SINCE_25}" in PAGE
    assert f"up to {newest}, the newest" in PAGE
    assert {api for engine, api, _ in ROWS if engine == "Docker"} == {newest}
