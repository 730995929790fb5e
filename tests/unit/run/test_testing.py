"""A testing phase: its verdict, findings, gate and reports; and report phases (docs: a run, Testing)."""

from dataclasses import replace
from pathlib import Path

import pytest

from fastflow.plan.making import Selection
from fastflow.run.container import Container, PublishedPort
from tests.fakes.containers import Script
from tests.unit.run.stage import FINDS, PASSES, RECORDS, Stage, said
from tests.unit.run.testers import ALONE, phase_of


def test_passed_needs_exit_0_a_created_run_and_its_passed_line(tmp_path: Path) -> None:
    phase = phase_of(tmp_path)
    assert (phase.state, phase.exit_code, phase.test_record, phase.test_run) == ("passed", 0, "rec_1", "tr_1")


FOUND = b'{"id": "tr_1", "vulnerabilities": [{"type": "sqli", "threat": 80}, {"type": "xss", "threat": 30}]}'
USES, CREATED, BASELINE, CLEAN, PASSED = PASSES.lines


@pytest.mark.parametrize(
    ("lines", "code", "reason"),
    [
        ((USES, CREATED, PASSED), 1, "test run tr_1 passed, and the node ended with exit code 1"),
        ((USES, CREATED), 0, "the node ended before its test run did, with exit code 0"),
        ((USES, PASSED), 0, f"the node ended without a test run, with exit code 0: {PASSED}"),
        (
            (USES, CREATED, "INFO [1]: TestRun#tr_2 passed"),
            0,
            "the node ended before its test run did, with exit code 0",
        ),
        ((), 0, "the node ended without a test run, with exit code 0: no output"),
        ((USES, CREATED), 137, "the node was killed by signal 9 (exit code 137)"),
        ((USES, CREATED, PASSED), 137, "the node was killed by signal 9 (exit code 137)"),
        (
            (USES, CREATED, "ERROR [1]: TestRun#tr_1 failed"),
            1,
            "test run tr_1 failed, and the node ended with exit code 1",
        ),
        (("[error] not_ready_for_cloning",), 1, "not_ready_for_cloning"),
        (("ERROR [1]: TestRecord#rec_1 is empty",), 1, "empty record: TestRecord#rec_1 is empty"),
        (("[error] empty record",), 1, "empty record"),
        (("[error] Can't create new instance - access denied",), 1, "Can't create new instance - access denied"),
    ],
)
def test_all_else_has_failed_with_the_reason(tmp_path: Path, lines: tuple[str, ...], code: int, reason: str) -> None:
    phase = phase_of(tmp_path, Script(lines, exit_code=code))
    assert (phase.state, phase.exit_code, phase.reason) == ("failed", code, reason)


@pytest.mark.parametrize("code", [0, 1, 137])
def test_one_vulnerability_is_enough_whatever_the_exit_code(tmp_path: Path, code: int) -> None:
    stage = Stage(tmp_path, ALONE.format(more=""), {"fast-test": replace(FINDS, exit_code=code)})
    result = stage.run()
    phase = result.phases[0]
    assert (phase.state, phase.reason) == ("vulnerable", "2 vulnerabilities found: unknown")
    assert [(found.type, found.threat, found.baseline) for found in phase.vulnerabilities] == [
        ("unknown", None, "bl_1")
    ] * 2
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("gate", "state"),
    [("off", "passed"), ("{ threat: 100 }", "vulnerable"), ("{ threat: 1 }", "vulnerable")],
)
def test_a_threat_that_is_not_known_counts_as_100(tmp_path: Path, gate: str, state: str) -> None:
    assert phase_of(tmp_path, FINDS, f"gate: {gate}").state == state


def test_another_record_than_the_recorded_one_is_stopped_at_once(tmp_path: Path) -> None:
    lines = ("INFO [1]: Use TestRecord#rec_9 for creating TestRun", CREATED)
    stage = Stage(tmp_path, scripts={"fast-test": said("fast-test", *lines)})
    phase = stage.phase("web.test")
    assert phase.state == "failed"
    assert phase.reason == "record mismatch: the node tested rec_9, but this run recorded rec_1"
    assert phase.test_record == "rec_9"
    assert stage.calls("stop")[-1] == "stop fastflow-r1-web-fast-test-1 0"


def test_another_record_is_noticed_also_when_the_node_has_ended(tmp_path: Path) -> None:
    lines = ("INFO [1]: Use TestRecord#rec_9 for creating TestRun", CREATED, PASSED)
    phase = Stage(tmp_path, scripts={"fast-test": replace(PASSES, lines=lines)}).phase("web.test")
    assert (phase.reason or "").startswith("record mismatch")


def test_vulnerabilities_count_although_the_phase_had_no_more_time(tmp_path: Path) -> None:
    script = replace(FINDS, lines=FINDS.lines[:3], exit_code=None, files={"/opt/reports": {"R.1.json": FOUND}})
    phase = phase_of(tmp_path, script, "timeout: 1s")
    assert phase.state == "vulnerable"
    assert phase.reason == "2 vulnerabilities found before the phase was cut short: sqli, xss"


def test_a_tester_that_has_no_more_time_has_failed(tmp_path: Path) -> None:
    stage = Stage(tmp_path, ALONE.format(more=", timeout: 1s"), {"fast-test": said("fast-test", USES, CREATED)})
    phase = stage.phase("web.test")
    assert phase.state == "failed"
    assert phase.reason == "the phase did not end within 1 s, its timeout, while running"
    assert stage.calls("stop") == ["stop fastflow-r1-web-fast-test-1 10"]
    assert not stage.engine.world.boxes


def test_a_request_timeout_of_a_tester_is_tried_again(tmp_path: Path) -> None:
    script = Script(("[error] Can't create new instance - Request Timeout",), exit_code=1)
    phase = phase_of(tmp_path, script, "attempts: 2")
    assert (phase.state, phase.attempts) == ("failed", 2)
    assert phase_of(tmp_path / "b", FINDS, "attempts: 2").attempts == 1


TIED = """
workflows:
  web:
    nodes:
      record: { mode: recording, build_id: a1, source: { run: 'true' } }
      low: { mode: testing, build_id: b1, test_record: record }
      high: { mode: testing, build_id: b2, test_record: record }
"""


def test_several_testers_are_tied_to_one_record_by_its_id(tmp_path: Path) -> None:
    publishes = replace(RECORDS, ports=(PublishedPort(8080, "tcp", "127.0.0.1", 1),))
    stage = Stage(tmp_path, TIED, {"fast-record": publishes, "fast-low": PASSES, "fast-high": PASSES})
    seen: dict[str | None, str | None] = {}

    def look(found: Container) -> None:
        seen[found.service] = stage.engine.box(found.id).environment.get("TEST_RECORD_ID")

    for name in ("low", "high"):
        script = stage.engine.scripts[f"fast-{name}"]
        stage.engine.scripts[f"fast-{name}"] = replace(script, on_start=look)
    assert {name: phase.state for name, phase in stage.phases().items()} == {
        "web.record": "passed",
        "web.low": "passed",
        "web.high": "passed",
    }
    assert seen == {"fast-low": "rec_1", "fast-high": "rec_1"}


def test_a_tester_never_tests_another_record_for_want_of_an_id(tmp_path: Path) -> None:
    stage = Stage(tmp_path, TIED, {"fast-low": PASSES}, selection=Selection(only="testing"))
    phase = stage.phase("web.low")
    assert (phase.state, phase.reason) == ("failed", "the id of the record of web.record is not known")
    assert stage.calls("up") == []
