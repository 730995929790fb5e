"""What is read of vulnerabilities: all that the sources tell, no secret of a session, a note of what is unclear."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastflow.record.result import Vulnerability
from fastflow.run.node_log import NodeLog
from fastflow.run.vulnerabilities import collect, fingerprint, from_reports, without_session
from tests.fakes.containers import Script
from tests.unit.run.stage import FINDS, TOKEN, Stage, settings_of
from tests.unit.run.testers import ALONE, api, reports

REQUEST = """GET /buy?id=%27 HTTP/1.1
Host: app
Cookie: sid=opensesame
X-Auth-Token: opensesame,
  opensesame
Authorization: Bearer opensesame
Accept: */*

Cookie: a body may say so"""
WHOLE = {
    "type": "sqli",
    "threat": 80,
    "parameter": "id",
    "method": "GET",
    "uri": "http://joe:opensesame@app/buy",
    "baseline": "bl_1",
    "request": REQUEST,
}


def read(*entries: Any, say: list[str] | None = None, directory: Path) -> tuple[Vulnerability, ...]:
    path = directory / "Run.1.json"
    path.write_text(json.dumps({"id": "tr_1", "vulns": list(entries)}))
    return from_reports([path], "tr_1", (say if say is not None else []).append) or ()


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_all_that_a_source_tells_is_kept_but_what_opens_a_session(tmp_path: Path, ending: str) -> None:
    (found,) = read({**WHOLE, "request": REQUEST.replace("\n", ending)}, directory=tmp_path)
    assert (found.type, found.threat, found.parameter, found.method) == ("sqli", 80, "id", "GET")
    assert (found.uri, found.baseline) == ("http://app/buy", "bl_1")
    assert found.request is not None
    assert "opensesame" not in found.request
    assert found.request.splitlines()[1:] == [
        "Host: app",
        "Cookie: ***",
        "X-Auth-Token: ***",
        "Authorization: ***",
        "Accept: */*",
        "",
        "Cookie: a body may say so",
    ]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@given(secret=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=20))
def test_no_value_of_such_a_header_is_left(ending: str, secret: str) -> None:
    head = ["POST / HTTP/1.1", f"cookie: {secret}", "Accept: x", f"X-API-Key:{secret}", f"Set-Cookie: a={secret}; b"]
    assert secret not in without_session(ending.join([*head, "", "body"])).replace(f"{secret}: ***", "")


def test_report_and_api_are_one_vulnerability(tmp_path: Path) -> None:
    full = read(WHOLE, directory=tmp_path)
    short = read({"type": "sqli", "threat": 80}, directory=tmp_path)
    assert collect(short, full, NodeLog()) == full
    other = read({"type": "sqli", "threat": 80, "parameter": "name"}, directory=tmp_path)
    assert collect(other, full, NodeLog()) == other


@pytest.mark.parametrize("entry", ["text", None, 7, ["sqli"]])
def test_an_entry_that_is_none_counts_as_a_vulnerability(tmp_path: Path, entry: object) -> None:
    said: list[str] = []
    first, second = read(WHOLE, entry, directory=tmp_path, say=said)
    assert (first.type, second.type, second.threat) == ("sqli", "unknown", None)
    assert said == ["vulnerability 2 of the report Run.1.json cannot be parsed, and counts as threat 100"]


def test_a_report_that_cannot_be_understood_is_kept_and_said(tmp_path: Path) -> None:
    script = Script(FINDS.lines, exit_code=1, files={"/opt/reports": {"Run.1.json": b'{"vulns": ['}})
    stage = Stage(tmp_path, ALONE.format(more=""), {"fast-test": script})
    phase = stage.phase("web.test")
    assert (phase.state, len(phase.vulnerabilities)) == ("vulnerable", 2)
    (path,) = map(Path, phase.reports)
    assert path.read_bytes() == b'{"vulns": ['
    assert stage.notes == [f"the report Run.1.json cannot be parsed; it is kept in {path.parent}"]


@pytest.mark.parametrize("answer", [b"<html>\xff " + TOKEN.encode(), b"[1]", b'{"vulns": {}}', b"[" * 100_000])
def test_an_answer_of_the_api_that_is_no_test_run_is_kept_and_said(tmp_path: Path, answer: bytes) -> None:
    with api(answer) as (url, _):
        stage = Stage(tmp_path, ALONE.format(more=""), {"fast-test": reports()}, settings_of(cloud_urls={"web": url}))
        phase = stage.phase("web.test")
    assert phase.reason == "2 vulnerabilities found: sqli, xss"
    kept = tmp_path / ".fastflow/runs/r1/reports/web.test/answer-of-the-api.txt"
    assert str(kept) in phase.reports
    assert kept.read_bytes() == answer.replace(TOKEN.encode(), b"***")
    assert stage.notes == ["the API's answer about test run tr_1 cannot be parsed; it is kept with the reports"]


def test_an_answer_of_the_api_with_odd_entries_is_said(tmp_path: Path) -> None:
    with api(json.dumps({"vulns": [WHOLE, 1]}).encode()) as (url, _):
        stage = Stage(tmp_path, ALONE.format(more=""), {"fast-test": reports()}, settings_of(cloud_urls={"web": url}))
        assert [found.type for found in stage.phase("web.test").vulnerabilities] == ["sqli", "unknown"]
    assert stage.notes == ["vulnerability 2 of the API's answer cannot be parsed, and counts as threat 100"]


@given(uri=st.text(), kind=st.text(st.characters()), parameter=st.none() | st.text(st.characters()))
def test_whatever_a_source_says_has_a_fingerprint(uri: str, kind: str, parameter: str | None) -> None:
    assert len(fingerprint(kind, None, f"http://[{uri}", parameter)) == 16


def test_a_fingerprint_is_the_same_wherever_the_application_listens() -> None:
    marks = {fingerprint("xss", "get", f"http://app:{port}/search?q={port}", "q") for port in (80, 3000)}
    assert len(marks) == 1


def test_a_run_that_is_killed_later_has_the_vulnerabilities_in_its_events(tmp_path: Path) -> None:
    stage = Stage(tmp_path, ALONE.format(more=""), {"fast-test": reports()})
    phase = stage.phase("web.test")
    lines = (tmp_path / ".fastflow/runs/r1/events.jsonl").read_text().splitlines()
    (told,) = [event["vulnerabilities"] for event in map(json.loads, lines) if "vulnerabilities" in event]
    assert [one["fingerprint"] for one in told] == [one.fingerprint for one in phase.vulnerabilities]


def test_half_a_character_that_a_source_says_costs_no_result(tmp_path: Path) -> None:
    half = {**WHOLE, "parameter": "cut \ud83d", "request": "GET /\udc00"}
    stage = Stage(tmp_path, ALONE.format(more=""), {"fast-test": reports(vulns=[half])})
    assert stage.run().exit_code == 1
    events = map(json.loads, (stage.folder / "events.jsonl").read_text().splitlines())
    for told in (stage.result_json()["phases"][0], next(event for event in events if "vulnerabilities" in event)):
        assert [one["parameter"] for one in told["vulnerabilities"]] == ["cut \ud83d"]
