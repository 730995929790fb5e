"""The reports of real runs, each read by what it is for; and what is accepted, passes until its day."""

import json
import os
import re
import signal
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from junitparser import JUnitXml
from markdown_it import MarkdownIt

from tests.e2e.multitool import KNOWN

from .browser import chromium, seen
from .multitool import complaints
from .runs import TOKEN, Ended, Fastflow, spec, workflow

pytestmark = pytest.mark.e2e

KINDS = ("json", "junit", "sarif", "markdown", "html")
EXAMPLES = Path(__file__).parents[2] / "examples"
_VIEWER = Path(__file__).parents[2] / ".state/junit/node_modules/.bin/xunit-viewer"
# What the emulator finds in examples/vulnerable: type, threat, parameter, method and path.
HOLES = {
    ("sqli", 80, "code", "POST", "/coupon"),
    ("ptrav", 70, "file", "GET", "/manuals"),
    ("xss", 50, "q", "GET", "/search"),
}
FOREVER = """
mode: recording
allowed_hosts: [app]
services: { app: { log: Serving HTTP } }
"""


@pytest.fixture
def vulnerable(fastflow: Fastflow, build_id: str) -> Fastflow:
    """A copy of the example with three holes, with a gate that accepts what known.yml lists."""
    text = (EXAMPLES / "vulnerable" / "fastflow.yml").read_text(encoding="utf-8")
    text = text.replace("build_id: 3", f"build_id: {build_id}").replace(
        "test_run_uri:", "gate: { accept: known.yml }\n        test_run_uri:"
    )
    text = text.replace("compose: docker-compose.yml", f"compose: {EXAMPLES / 'vulnerable' / 'docker-compose.yml'}")
    fastflow.write(text)
    return fastflow


def reporting(*arguments: str) -> list[str]:
    return [*arguments, *(word for kind in KINDS for word in ("--report", f"{kind}=out/{kind}"))]


def read(directory: Path, kind: str) -> str:
    return (directory / "out" / kind).read_text(encoding="utf-8")


def sarif_results(directory: Path) -> list[dict[str, Any]]:
    (run,) = json.loads(read(directory, "sarif"))["runs"]
    return list(run["results"])


def viewed(path: Path) -> str:
    """What xunit-viewer shows of a JUnit report on a terminal."""
    if not _VIEWER.exists():
        pytest.fail("xunit-viewer is missing; get it with `make junit`")
    page = path.with_suffix(".view.html")
    shown = subprocess.run(
        [_VIEWER, "-r", path, "-o", page, "-c"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, "FORCE_COLOR": "0"},
    )
    return shown.stdout


def test_each_report_is_read_by_what_it_is_for(vulnerable: Fastflow) -> None:
    ended = vulnerable(*reporting("up", "--emulate", "--progress", "quiet"))
    directory = ended.directory
    assert ended.code == 1, ended.err
    assert json.loads(read(directory, "json")) == ended.result
    (test,) = (phase for phase in ended.result["phases"] if phase["mode"] == "testing")
    found = test["vulnerabilities"]
    assert {(one["type"], one["threat"], one["parameter"], one["method"]) for one in found} == {h[:4] for h in HOLES}

    document = JUnitXml.fromstring(read(directory, "junit").encode())
    assert (document.failures, document.errors, document.skipped) == (3, 0, 0)
    shown = viewed(directory / "out" / "junit")
    for kind, _, parameter, method, path in HOLES:
        assert f"✗ {method} {path}: {parameter} ({kind})" in shown
    assert {"3 failure", f"{document.tests - 3} passed"} <= set(re.split(r"\n|, ", shown))

    assert {complaint.partition(":")[0] for complaint in complaints(directory / "out" / "sarif")} <= KNOWN
    assert {(one["ruleId"], one["rank"]) for one in sarif_results(directory)} == {hole[:2] for hole in HOLES}

    tokens = MarkdownIt("commonmark").enable("table").parse(read(directory, "markdown"))
    assert sum(token.type == "tr_open" for token in tokens) == (1 + 2) + (1 + 3)

    with chromium() as browser, seen(browser, (directory / "out" / "html").as_uri()) as report:
        page = report.page.locator("body").inner_text()
        assert report.complaints == []
    assert not [one["type"] for one in found if one["fingerprint"] not in shown + page]
    for kind in KINDS[:4]:
        text = unescape(read(directory, kind))
        for one in found:
            facts = (one[fact] for fact in ("type", "parameter", "method", "baseline", "fingerprint"))
            missing = [fact for fact in (*facts, one["request"].splitlines()[0]) if fact not in text]
            assert missing == [], kind
    assert not [kind for kind in KINDS if TOKEN in read(directory, kind)]


def test_what_is_accepted_passes_until_its_day(vulnerable: Fastflow) -> None:
    known = vulnerable.directory / "known.yml"
    known.write_text("# what we live with\n")
    assert vulnerable("up", "--emulate", "--progress", "quiet").code == 1
    assert vulnerable("accept").code == 2
    accepted = vulnerable("accept", "--all", "--reason", "mended in May", "--expires", "2999-05-31")
    assert (accepted.code, accepted.out.count("is accepted in known.yml")) == (0, 3), accepted.err
    assert known.read_text().startswith("# what we live with\n# ")

    passed = vulnerable(*reporting("up", "--emulate", "--progress", "quiet"))
    assert (passed.code, passed.states["shop.test"]) == (0, "passed"), passed.out
    results = sarif_results(passed.directory)
    reasons = [one["suppressions"][0]["justification"] for one in results]
    assert reasons == ["accepted until 2999-05-31: mended in May"] * 3
    assert {complaint.partition(":")[0] for complaint in complaints(passed.directory / "out" / "sarif")} <= KNOWN
    assert JUnitXml.fromstring(read(passed.directory, "junit").encode()).failures == 0

    known.write_text(known.read_text().replace("2999-05-31", "2020-05-31"))
    expired = vulnerable(*reporting("up", "--emulate", "--progress", "quiet"))
    assert expired.code == 1
    assert not [one for one in sarif_results(expired.directory) if "suppressions" in one]


def ready(process: "subprocess.Popen[str]") -> None:
    """Read the events of a run until its recorder is ready."""
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("{") and json.loads(line).get("state") == "ready":
            return
    pytest.fail("the run ended before its recorder was ready")


def recording(fastflow: Fastflow, build_id: str) -> list[str]:
    nodes = {"record": FOREVER, "test": "mode: testing\ntest_run_uri: http://app:80\n"}
    fastflow.write(spec({"web": workflow(build_id, nodes)}))
    return reporting("up", "--emulate", "--progress", "json")


def states(directory: Path) -> dict[str, str]:
    return {phase["id"]: phase["state"] for phase in json.loads(read(directory, "json"))["phases"]}


def test_an_interrupted_run_has_its_reports(fastflow: Fastflow, build_id: str) -> None:
    process = fastflow.start(*recording(fastflow, build_id))
    ready(process)
    process.send_signal(signal.SIGINT)
    ended = fastflow.finish(process)
    assert ended.code == 130
    assert states(ended.directory) == {"web.record": "cancelled", "web.test": "cancelled"}
    document = JUnitXml.fromstring(read(ended.directory, "junit").encode())
    assert (document.tests, document.skipped) == (2, 2)
    assert all(read(ended.directory, kind) for kind in KINDS)


def test_a_run_that_is_ended_at_once_has_its_reports(fastflow: Fastflow, build_id: str) -> None:
    process = fastflow.start(*recording(fastflow, build_id))
    ready(process)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)
    ended = fastflow.finish(process)
    assert ended.code in (130, 143)  # signals have no order
    document = JUnitXml.fromstring(read(ended.directory, "junit").encode())
    assert (document.tests, document.failures) == (2, 0)


def test_a_killed_run_is_told_as_far_as_it_got(fastflow: Fastflow, build_id: str) -> None:
    process = fastflow.start(*recording(fastflow, build_id))
    ready(process)
    process.kill()
    process.communicate()
    (folder,) = Ended(0, "", "", fastflow.directory).runs
    assert not (fastflow.directory / "out").exists()
    told = fastflow(*reporting("report"))
    assert told.code == 0, told.err
    assert states(told.directory)["web.record"] in ("ready", "running")
    assert states(told.directory)["web.test"] == "waiting"
    document = JUnitXml.fromstring(read(told.directory, "junit").encode())
    assert (document.tests, document.errors, document.skipped) == (2, 1, 1)
    assert json.loads(read(told.directory, "sarif"))["runs"][0]["invocations"] == [{"executionSuccessful": False}]
    assert fastflow("down", "--run", folder.name).code == 0


def test_a_report_that_cannot_be_written_hides_no_vulnerability(vulnerable: Fastflow) -> None:
    (vulnerable.directory / "file").write_text("")
    ended = vulnerable("up", "--emulate", "--report", "junit=file/j.xml", "--report", "json=out/json")
    assert ended.code == 1
    assert "the junit report file/j.xml cannot be written" in ended.err
    assert "fastflow report" in ended.err
    assert (ended.directory / "out" / "json").exists()
