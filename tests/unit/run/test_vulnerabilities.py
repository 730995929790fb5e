"""Vulnerabilities: from the API, else from the reports, else from the log; and the reports themselves."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fastflow.errors import UsageError
from fastflow.model.accept import AcceptFile
from fastflow.record.result import Suppression
from fastflow.run.gate import accepted_by
from fastflow.run.vulnerabilities import fingerprint
from tests.unit.run.stage import FINDS, PASSES, TOKEN, Stage, settings_of
from tests.unit.run.testers import ALONE, api, phase_of, reports


def test_vulnerabilities_come_from_the_report_where_no_api_answers(tmp_path: Path) -> None:
    phase = phase_of(tmp_path, reports())
    assert phase.reason == "2 vulnerabilities found: sqli, xss"
    assert [(found.type, found.threat, found.parameter, found.uri) for found in phase.vulnerabilities] == [
        ("xss", 30, "GET_q", "/search"),
        ("sqli", 80, "POST_id", "/buy"),
    ]
    assert [Path(path).relative_to(tmp_path / ".fastflow/runs/r1").as_posix() for path in phase.reports] == [
        "reports/web.test/Run.1700000000.json",
        "reports/web.test/Run.1700000000.txt",
    ]


@pytest.mark.parametrize(("threat", "state"), [(80, "vulnerable"), (81, "passed")])
def test_the_gate_excuses_what_is_less_of_a_threat(tmp_path: Path, threat: int, state: str) -> None:
    phase = phase_of(tmp_path, reports(), f"gate: {{ threat: {threat} }}")
    assert phase.state == state
    assert len(phase.vulnerabilities) == 2
    if state == "passed":
        assert phase.reason == "every vulnerability found is excused by the gate"


def test_an_excused_vulnerability_does_not_excuse_an_error(tmp_path: Path) -> None:
    lines = (*FINDS.lines, "ERROR [1]: lost the cloud")
    phase = phase_of(tmp_path, replace(FINDS, lines=lines), "gate: off")
    assert (phase.state, phase.reason) == ("failed", "lost the cloud")


def test_a_report_that_knows_of_none_does_not_outweigh_the_log(tmp_path: Path) -> None:
    assert phase_of(tmp_path, reports(vulnerabilities=[])).state == "vulnerable"


def test_reports_of_earlier_runs_are_not_those_of_this_one(tmp_path: Path) -> None:
    old = tmp_path / "out" / "web.test"
    old.mkdir(parents=True)
    (old / "Old.1600000000.json").write_text(json.dumps({"vulnerabilities": [{"type": "rce", "threat": 100}]}))
    phase = phase_of(tmp_path, replace(PASSES, files={"/opt/reports": {"New.1.txt": b"none"}}), "reports: out")
    assert (phase.state, phase.vulnerabilities) == ("passed", ())
    assert phase.reports == (str(old / "New.1.txt"),)


LOW = {"type": "info", "threat": 1, "parameter": "q", "uri": "/", "baseline": "bl_1"}
WHEN_IT_BEGAN = 1_704_067_200  # the engine in memory begins its time with 2024


@pytest.mark.parametrize(
    ("name", "told", "written"),
    [
        ("Old.1.json", {"id": "tr_1"}, WHEN_IT_BEGAN - 1.0),
        ("Other.json", {"id": "tr_2"}, None),
        ("Other.json", {"id": "tr_10", "name": "TestRun#tr_10"}, None),
        ("None.json", {}, None),
    ],
    ids=["older than the container", "of another run", "of a run whose id begins alike", "of no run"],
)
def test_only_what_this_container_wrote_of_this_test_run_counts(
    tmp_path: Path, name: str, told: dict[str, str], written: float | None
) -> None:
    files = {name: json.dumps({**told, "vulns": [LOW]}).encode()}
    times = {name: written} if written else {}
    script = replace(FINDS, files={"/opt/reports": files}, written=times)
    stage = Stage(tmp_path, ALONE.format(more=", gate: { threat: 50 }"), {"fast-test": script})
    phase = stage.phase("web.test")
    assert (phase.state, phase.reason) == ("vulnerable", "2 vulnerabilities found: unknown")
    if written:
        assert phase.reports == ()
        assert stage.notes == ["1 older file is left in /opt/reports, because this node did not write it"]
    else:
        assert stage.notes == [f"the report {name} does not count: it does not contain the id of the test run, tr_1"]


@pytest.mark.parametrize(
    "told",
    [
        {"test_run_id": "tr_1"},
        {"test_run": {"id": "tr_1"}},
        {"name": "TestRun#tr_1 of the night"},
        {"runs": [{"run": "tr_1"}]},
    ],
)
def test_a_report_may_hold_the_id_anywhere(tmp_path: Path, told: dict[str, Any]) -> None:
    files = {"A.json": b'{"id": "tr_0", "vulns": [1, 2, 3]}', "B.json": json.dumps({**told, "vulns": [LOW]}).encode()}
    phase = phase_of(tmp_path, replace(FINDS, files={"/opt/reports": files}))
    assert [found.type for found in phase.vulnerabilities] == ["info"]


@pytest.mark.parametrize(("told", "count"), [({"id": 17}, 1), ({"test_run_id": "17"}, 1), ({"threat": 17}, 2)])
def test_a_number_is_an_id_by_its_name(tmp_path: Path, told: dict[str, Any], count: int) -> None:
    lines = tuple(line.replace("tr_1", "17") for line in FINDS.lines)
    files = {"A.json": json.dumps({**told, "vulns": [LOW]}).encode()}
    assert len(phase_of(tmp_path, replace(FINDS, lines=lines, files={"/opt/reports": files})).vulnerabilities) == count


def test_reports_hold_no_token(tmp_path: Path) -> None:
    content = f"\xff {TOKEN} \xfe".encode("latin-1")
    (path,) = phase_of(tmp_path, replace(PASSES, files={"/opt/reports": {"a.txt": content}})).reports
    assert Path(path).read_bytes() == b"\xff *** \xfe"


def test_reports_that_cannot_be_copied_fail_nothing(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("in the way")
    stage = Stage(tmp_path, ALONE.format(more=", reports: out"), {"fast-test": reports()})
    assert stage.phase("web.test").state == "vulnerable"
    assert stage.notes[0].startswith("the reports could not be copied")


def test_the_api_goes_before_the_report_and_the_report_tells_where(tmp_path: Path) -> None:
    vulns = [{"id": "v1", "type": "rce", "threat": 90, "code": "C"}, {"id": "v2", "type": "sqli", "threat": 80}]
    with api(json.dumps({"state": "failed", "vulns": vulns}).encode()) as (url, asked):
        phase = phase_of(tmp_path, reports(), cloud_urls={"web": url})
    assert [(found.type, found.threat, found.parameter) for found in phase.vulnerabilities] == [
        ("rce", 90, None),
        ("sqli", 80, "POST_id"),
    ]
    assert asked == [("/v1/test_run/tr_1", TOKEN)]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b'{"vulns": []}', 200),
        (b"no JSON", 200),
        (b"[" * 100_000, 200),
        (b'{"vulns": 1}', 200),
        (b"{}", 500),
        (b"", 302),
    ],
    ids=["none", "text", "deep", "odd", "error", "redirect"],
)
def test_an_api_that_is_no_help_leaves_it_to_the_report(tmp_path: Path, answer: bytes, status: int) -> None:
    with api(answer, status, Location="/elsewhere") as (url, asked):
        phase = phase_of(tmp_path, reports(), cloud_urls={"web": url})
    assert phase.reason == "2 vulnerabilities found: sqli, xss"
    assert [path for path, _ in asked] == ["/v1/test_run/tr_1"]  # the token follows no redirect


def test_no_proxy_sees_what_the_emulated_cloud_of_this_machine_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with api(b"{}") as (proxy, seen), api(b'{"vulns": [{"type": "rce"}]}') as (url, asked):
        monkeypatch.setenv("http_proxy", proxy)
        phase = phase_of(tmp_path, reports(), cloud_urls={"web": url})
    assert [found.type for found in phase.vulnerabilities] == ["rce"]
    assert (len(asked), seen) == (1, [])


def test_the_api_is_not_asked_where_query_is_off(tmp_path: Path) -> None:
    text = "cloud: { query: false }\n" + ALONE.format(more="")
    with api(b"{}") as (url, asked):
        Stage(tmp_path, text, {"fast-test": PASSES}, settings_of(cloud_urls={"web": url})).run()
    assert asked == []


XSS, SQLI = (
    fingerprint(kind, how, path, point)
    for kind, how, path, point in (("xss", "GET", "/search", "GET_q"), ("sqli", "POST", "/buy", "POST_id"))
)
KNOWN = "- { fingerprint: %s, reason: known }\n- { fingerprint: %s, reason: known%s }\n"


@pytest.mark.parametrize(
    ("until", "state"),
    [("", "passed"), (", expires: 2999-01-01", "passed"), (", expires: 2020-01-01", "vulnerable")],
    ids=["always", "still", "expired"],
)
def test_known_vulnerabilities_are_excused_until_they_expire(tmp_path: Path, until: str, state: str) -> None:
    (tmp_path / "known.yml").write_text(KNOWN % (XSS, SQLI, until))
    phase = phase_of(tmp_path, reports(), "gate: { accept: known.yml }")
    assert (phase.state, len(phase.vulnerabilities)) == (state, 2)
    if state == "vulnerable":
        assert phase.reason == "1 vulnerability found: sqli"
        (former,) = [one.expired for one in phase.vulnerabilities if one.expired]
        assert (former.reason, former.expires) == ("known", "2020-01-01")
    else:
        assert [one.expired for one in phase.vulnerabilities] == [None, None]


def test_each_vulnerability_says_what_the_gate_makes_of_it(tmp_path: Path) -> None:
    (tmp_path / "known.yml").write_text(f"- {{ fingerprint: {SQLI}, reason: known, expires: 2999-01-01 }}")
    phase = phase_of(tmp_path, reports(), "gate: { threat: 31, accept: known.yml }")
    xss, sqli = phase.vulnerabilities
    assert (xss.gate, xss.suppressed) == ("below", None)
    assert (sqli.gate, sqli.suppressed) == ("accepted", Suppression("known", "2999-01-01"))


def test_an_accept_file_that_was_spoilt_since_the_checks_starts_nothing(tmp_path: Path) -> None:
    known = tmp_path / "known.yml"
    known.write_text("[]")
    phase = Stage(tmp_path, ALONE.format(more=", gate: { accept: known.yml }")).plan.phases["web.test"]
    known.write_text("- { fingerprint: a }")
    with pytest.raises(UsageError) as caught:
        accepted_by(phase, tmp_path)
    assert caught.value.message == "known.yml:1:3: `reason` is missing"


def test_an_accept_file_that_is_gone_accepts_nothing(tmp_path: Path) -> None:
    known = tmp_path / "known.yml"
    known.write_text("[]")
    phase = Stage(tmp_path, ALONE.format(more=", gate: { accept: known.yml }")).plan.phases["web.test"]
    known.unlink()
    assert accepted_by(phase, tmp_path) == AcceptFile()
