"""The adapters of examples/scanners with their real scanners in containers, each on one recording."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from fastflow.engines.docker import DockerEngine

from .multitool import KNOWN, complaints
from .runs import Ended, Fastflow, docker, left_of
from .scanner_images import require_scanners

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("examples")]
ROOT = Path(__file__).parents[2]
# A location is a URL, which has no lines.
NO_LINES = {"SARIF2017"}
REPORTS = {"json": "out.json", "junit": "out.xml", "sarif": "out.sarif", "markdown": "out.md", "html": "out.html"}
HOLES = {
    ("wapiti", "path_traversal", "file", "http://app:3000/manuals"),
    ("wapiti", "reflected_cross_site_scripting", "q", "http://app:3000/search"),
    ("sqlmap", "sql_injection", "code", "http://app:3000/coupon"),
    ("schemathesis", "server_error", None, "http://app:3000/coupon"),
}
# Each with its scanner, threat and request, as people read it.
SENTENCES = {
    "path_traversal (threat 91, wapiti) in parameter file of GET http://app:3000/manuals",
    "reflected_cross_site_scripting (threat 61, wapiti) in parameter q of GET http://app:3000/search",
    "sql_injection (threat 98, sqlmap) in parameter code of POST http://app:3000/coupon",
    "server_error (threat 53, schemathesis) of POST http://app:3000/coupon",
}
# The server that sqlmap's authors test sqlmap on comes with sqlmap: written by others, vulnerable, and on PyPI.
APPLICATION_OF_OTHERS = """
    workflows:
      others:
        build_id: others
        compose:
          services:
            app:
              image: fastflow-sqlmap
              entrypoint: [python3, -m, sqlmap.extra.vulnserver.vulnserver, "0.0.0.0", "8440"]
              command: []
              stop_signal: SIGKILL
              healthcheck: { test: [CMD, wget, -q, -O, /dev/null, "http://127.0.0.1:8440/?id=1"], interval: 1s }
            tests:
              image: fastflow-python:3
              profiles: [tests]
              environment: { http_proxy: "http://fast:8080" }
              command: [wget, -q, -O, /dev/null, "http://app:8440/?id=1&echo=hello"]
        nodes:
          record: { mode: recording, recorder: har, allowed_hosts: [app], source: { service: tests } }
          wapiti:
            mode: testing
            scanner: sarif
            image: fastflow-wapiti
            test_run_uri: http://app:8440
            command: [--module, "sql,xss", --depth, "1", --max-scan-time, "60", --max-attack-time, "120"]
          sqlmap:
            mode: testing
            scanner: sarif
            image: fastflow-sqlmap
            test_run_uri: http://app:8440
            command: [--technique, BEU, --time-limit, "300"]
            depends_on: [wapiti]
"""
# It serves everything to everybody, whatever session a request carries.
OPEN_APPLICATION = """
    workflows:
      open:
        build_id: open
        compose:
          services:
            app:
              image: fastflow-python:3
              command: [python3, -m, http.server, "80", --directory, /usr/share]
              stop_signal: SIGKILL
              healthcheck: { test: [CMD, wget, -q, -O, /dev/null, "http://127.0.0.1/"], interval: 1s }
            tests:
              image: fastflow-python:3
              profiles: [tests]
              environment: { http_proxy: "http://fast:8080" }
              command: [wget, -q, --header, "Cookie: session=1", -O, /dev/null, "http://app/"]
        nodes:
          record: { mode: recording, recorder: har, allowed_hosts: [app], source: { service: tests } }
          open-pages: { mode: testing, scanner: sarif, image: fastflow-open-pages, test_run_uri: "http://app" }
"""


@pytest.fixture
def examples(fastflow: Fastflow, docker_engine: DockerEngine) -> Fastflow:
    """A copy of the examples, where no token is set."""
    require_scanners(docker_engine)
    target = fastflow.directory / "examples"
    shutil.copytree(ROOT / "examples", target, ignore=shutil.ignore_patterns(".fastflow", "__pycache__"))
    return Fastflow(target, {"WALLARM_API_TOKEN": ""})


def found_by(ended: Ended) -> set[tuple[str, str, str | None, str]]:
    """Scanner, kind, parameter and place of each vulnerability."""
    vulnerabilities = [one for phase in ended.result["phases"] for one in phase["vulnerabilities"]]
    return {(one["scanner"], one["type"], one["parameter"], one["uri"]) for one in vulnerabilities}


def sarif_of(ended: Ended, scanner: str) -> Path:
    (path,) = ended.folder.glob(f"reports/*/{scanner}.sarif")
    return path


def session_of(record: Path) -> str:
    """The session that was recorded."""
    entries = json.loads(record.read_text())["log"]["entries"]
    headers: list[dict[str, Any]] = [header for entry in entries for header in entry["request"]["headers"]]
    return str(next(header["value"] for header in headers if header["name"] == "Cookie")).partition("=")[2]


def test_three_scanners_find_the_three_holes_of_one_recording_and_no_decoy(
    examples: Fastflow, docker_engine: DockerEngine
) -> None:
    ended = examples("up", "scanners", *(f"--report={kind}={path}" for kind, path in REPORTS.items()))
    assert ended.code == 1, ended.err
    assert ended.states == {
        "shop.record": "passed",
        "shop.schemathesis": "vulnerable",
        "shop.wapiti": "vulnerable",
        "shop.sqlmap": "vulnerable",
    }
    assert found_by(ended) == HOLES
    assert left_of(docker_engine, ended.result["run"]) == []

    session = session_of(ended.folder / "records/shop.record.har")
    texts = {path: (examples.directory / path).read_text() for path in REPORTS.values()}
    for text in (ended.out, texts["out.xml"], texts["out.sarif"]):
        assert {sentence for sentence in SENTENCES if sentence not in text} == set()
    for path, cell in (("out.md", "| {} "), ("out.html", "</span>{}<")):
        plain = re.sub(r"\\?_|&#95;|<wbr>", "_", texts[path])
        facts = [re.fullmatch(r"(\w+) \(threat (\d+), (\w+)\).* of (.*)", sentence) for sentence in SENTENCES]
        words = {word for one in facts if one for word in (one[1], cell.format(one[2]), one[3], one[4])}
        assert {word for word in words if word not in plain} == set(), path
    assert [path for path, text in texts.items() if session in text] == []
    for scanner, *_ in HOLES:
        log = sarif_of(ended, scanner)
        assert {
            complaint for complaint in complaints(log) if complaint.partition(":")[0] not in KNOWN | NO_LINES
        } == set()
        assert session not in log.read_text()
    assert "cookie: ***" in sarif_of(ended, "wapiti").read_text(), "the recorded session went along"


def test_two_scanners_find_the_holes_of_an_application_that_others_wrote(
    examples: Fastflow, docker_engine: DockerEngine
) -> None:
    examples.write(APPLICATION_OF_OTHERS)
    ended = examples("up")
    assert ended.code == 1, ended.err
    assert {
        ("wapiti", "sql_injection", "id", "http://app:8440/"),
        ("wapiti", "reflected_cross_site_scripting", "echo", "http://app:8440/"),
        ("sqlmap", "sql_injection", "id", "http://app:8440/"),
    } <= found_by(ended)
    assert left_of(docker_engine, ended.result["run"]) == []


def test_a_fourth_scanner_is_one_folder_as_the_guide_shows_it(examples: Fastflow, docker_engine: DockerEngine) -> None:
    page = (ROOT / "docs/how-to/write-an-adapter.md").read_text()
    for name, language in (("Dockerfile", "dockerfile"), ("attack.py", "python")):
        block = re.search(rf"```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
        assert block is not None
        examples.write(block[1], f"scanners/open-pages/{name}")
    folder = examples.directory / "scanners"
    build = ("build", "--quiet", "--tag", "fastflow-open-pages", "--build-arg", "BASE=fastflow-python:3")
    docker(docker_engine, [*build, "--file", str(folder / "open-pages/Dockerfile"), str(folder)])
    try:
        examples.write(OPEN_APPLICATION)
        ended = examples("up")
    finally:
        docker(docker_engine, ["rmi", "fastflow-open-pages"])
    assert (ended.code, found_by(ended)) == (1, {("open-pages", "open_page", None, "http://app/")}), ended.err
