"""Recorders and testers besides FAST, on the engine in memory: the record as a file, the verdict by code and SARIF."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fastflow.compose.program import HAR_DIRECTORY, HAR_FILE
from fastflow.model.node_parts import RECORD_PATH
from fastflow.record.result import PhaseResult
from fastflow.run.copied_reports import REPORTS
from tests.fakes.containers import Script
from tests.unit.record.hars import entry, har_of
from tests.unit.run.stage import Stage

SPEC = """
workflows:
  web:
    build_id: web-1
    compose: {{ services: {{ app: {{ image: app:1 }}, tests: {{ image: tests:1 }} }} }}
    nodes:
      record: {{ mode: recording, recorder: har, source: {{ service: tests }}{recorder} }}
      scan: {{ mode: testing, scanner: sarif, image: scanner:1, test_run_uri: http://app{more} }}
"""
SESSION = {"name": "Authorization", "value": "Bearer very-secret"}
LISTENS = "[12:00:00.000] HTTP(S) proxy listening at *:8080."


def recorder(*entries: Any, **more: Any) -> Script:
    """A recorder that leaves these requests."""
    content = har_of(*(entries or (entry(headers=[SESSION]),)))
    return replace(Script((LISTENS,), files={HAR_DIRECTORY: {HAR_FILE: content}}), **more)


def scanner(*results: Any, exit_code: int = 0, **files: str) -> Script:
    """A scanner that leaves these results, or files."""
    log = {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "probe"}}, "results": results}]}
    texts = files or {"scan.sarif": json.dumps(log)}
    reports = {name.replace("_", "."): text.encode() for name, text in texts.items()}
    return Script(("ready to attack with Bearer very-secret",), exit_code, files={REPORTS: reports})


def stage_of(path: Path, scan: Script, record: Script | None = None, more: str = "", in_recorder: str = "") -> Stage:
    text = SPEC.format(more=more, recorder=in_recorder)
    return Stage(path, text, {"fast-record": record or recorder(), "fast-scan": scan})


def phases_of(path: Path, scan: Script, record: Script | None = None, **more: str) -> list[PhaseResult]:
    return list(stage_of(path, scan, record, **more).run().phases)


def test_a_record_is_a_private_file_that_the_scanner_gets_whole(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, scanner())
    record, scan = stage.run().phases
    kept = stage.folder / "records" / "web.record.har"
    assert (record.state, record.test_record, record.baselines) == ("passed", "records/web.record.har", 1)
    assert (scan.state, scan.test_record, scan.baselines, scan.reason) == ("passed", "records/web.record.har", 1, None)
    assert kept.stat().st_mode & 0o777 == 0o600
    assert b"Bearer very-secret" in kept.read_bytes()
    assert stage.calls("copy")[0].startswith("copy web.record.har to ")
    assert stage.log("web.scan") == "ready to attack with ***\n"


def test_a_cookie_that_is_not_utf8_is_recorded_and_shown_to_nobody(tmp_path: Path) -> None:
    """As real mitmproxy writes `Cookie: id=caf\\xe9-of-ada`."""
    record = recorder(entry(headers=[{"name": "Cookie", "value": "id=caf\udce9-of-ada"}]))
    said = replace(scanner(), lines=("sent caf\xe9-of-ada",))
    stage = stage_of(tmp_path, said, record)
    assert [(phase.state, phase.reason) for phase in stage.run().phases] == [("passed", None)] * 2
    assert "id=caf\xe9-of-ada" in (stage.folder / "records/web.record.har").read_text()
    assert stage.log("web.scan") == "sent ***\n"


def test_the_scanner_gets_the_record_before_it_starts_and_knows_where_it_is(tmp_path: Path) -> None:
    got: dict[str, Any] = {}
    stage = stage_of(tmp_path, scanner())

    def look(container: Any) -> None:
        box = stage.engine.box(container.id)
        got.update(box.environment, files=dict(box.got))

    stage.engine.scripts["fast-scan"] = replace(scanner(), on_start=look)
    stage.run()
    names = ("FASTFLOW_TARGET", "FASTFLOW_RECORD", "BUILD_ID")
    assert [got[name] for name in names] == ["http://app", RECORD_PATH, "web-1"]
    assert not {"WALLARM_API_TOKEN", "CI_MODE"} & got.keys()
    assert set(got["files"]) == {RECORD_PATH, REPORTS}
    assert b"very-secret" in got["files"][RECORD_PATH]


def test_neither_takes_a_lease_nor_needs_a_token(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, scanner())
    assert stage.plan.workflows["web"].phases[0].traits.needs_lease is False
    stage.run()
    assert [call for call in stage.calls("hold") if "web-1" in call] == []


@pytest.mark.parametrize(
    ("entries", "more", "reason"),
    [
        ((), "", "empty record: no request was recorded"),
        ((entry(status=0),), "", "empty record: no request was recorded"),
        ((entry("http://other/"),), ", allowed_hosts: [app]", "empty record: no request was recorded"),
        ((entry(),), ", min_baselines: 2", "the record has 1 baseline, fewer than min_baselines: 2"),
    ],
)
def test_a_record_with_too_little_fails(tmp_path: Path, entries: tuple[Any, ...], more: str, reason: str) -> None:
    content = {HAR_DIRECTORY: {HAR_FILE: har_of(*entries)}}
    record, scan = phases_of(tmp_path, scanner(), recorder(files=content), in_recorder=more)
    assert (record.state, record.reason) == ("failed", reason)
    assert scan.state == "skipped"


@pytest.mark.parametrize("files", [{}, {HAR_DIRECTORY: {}}, {HAR_DIRECTORY: {HAR_FILE: b"{"}}])
def test_a_recorder_without_a_file_has_failed(tmp_path: Path, files: dict[str, dict[str, bytes]]) -> None:
    record, _ = phases_of(tmp_path, scanner(), recorder(files=files))
    assert record.state == "failed"
    assert (record.reason or "").startswith("the recorder left no record: ")


def test_a_recorder_that_does_not_end_well_has_failed_and_its_record_is_kept(tmp_path: Path) -> None:
    record, _ = phases_of(tmp_path, scanner(), recorder(stop_code=3))
    assert (record.state, record.test_record) == ("failed", "records/web.record.har")
    assert record.reason == f"the recorder ended with exit code 3 when it was stopped: {LISTENS}"


FINDING = {"ruleId": "sqli", "level": "error"}


@pytest.mark.parametrize(
    ("scan", "more", "state", "reason"),
    [
        (scanner(FINDING, exit_code=1), "", "vulnerable", "1 vulnerability found: sqli"),
        (scanner(FINDING, exit_code=0), "", "vulnerable", "1 vulnerability found: sqli"),
        (scanner(exit_code=1), "", "vulnerable", "1 vulnerability found: unknown"),
        (scanner(exit_code=0), "", "passed", None),
        (
            scanner(exit_code=2),
            "",
            "failed",
            "the scanner ended with exit code 2: ready to attack with ***",
        ),
        (scanner(exit_code=2), ", exit_codes: { passed: [0, 2] }", "passed", None),
        (scanner(exit_code=9), ", exit_codes: { vulnerable: [9] }", "vulnerable", "1 vulnerability found: unknown"),
        (scanner(exit_code=1), ", exit_codes: { vulnerable: [9] }", "failed", "the scanner ended with exit code 1: "),
        (scanner(exit_code=137), "", "failed", "the node was killed by signal 9 (exit code 137)"),
        (scanner(notes_txt="x"), "", "failed", "the scanner ended with exit code 0 and wrote no SARIF: "),
        (scanner(notes_txt="x", exit_code=1), "", "failed", "the scanner ended with exit code 1 and wrote no SARIF: "),
        (scanner(a_sarif="{"), "", "failed", "the scanner's a.sarif cannot be read: it is not SARIF 2.1.0"),
        (
            scanner(FINDING, exit_code=1),
            ", gate: { threat: 90 }",
            "passed",
            "every vulnerability found is excused by the gate",
        ),
        (scanner(exit_code=1), ", gate: { threat: 90 }", "vulnerable", "1 vulnerability found: unknown"),
        (scanner(exit_code=1), ", gate: off", "passed", "every vulnerability found is excused by the gate"),
    ],
)
def test_the_verdict_is_by_exit_code_and_sarif(
    tmp_path: Path, scan: Script, more: str, state: str, reason: str | None
) -> None:
    _, phase = phases_of(tmp_path, scan, more=more)
    assert phase.state == state
    assert (phase.reason or "").startswith(reason or "")
    assert (phase.reason is None) == (reason is None)


def test_what_a_scanner_that_failed_has_found_still_decides_the_exit_code(tmp_path: Path) -> None:
    result = stage_of(tmp_path, scanner(FINDING, exit_code=2)).run()
    assert (result.phases[1].state, result.exit_code) == ("failed", 1)


def test_a_finding_names_its_scanner(tmp_path: Path) -> None:
    _, phase = phases_of(tmp_path, scanner(FINDING, exit_code=1))
    assert [(one.type, one.threat, one.scanner) for one in phase.vulnerabilities] == [("sqli", 80, "probe")]


def test_a_scanner_with_too_small_a_record_does_not_start(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, scanner(), more=", min_baselines: 2")
    phase = stage.run().phases[1]
    assert (phase.state, phase.reason) == ("failed", "the record has 1 baseline, fewer than min_baselines: 2")
    assert not [call for call in stage.calls("start") if "scan" in call]
