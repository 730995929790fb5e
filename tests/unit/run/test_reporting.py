"""Report phases: each test run by its id (docs: a run)."""

from dataclasses import replace
from pathlib import Path

import pytest

from fastflow.errors import EngineCallError
from fastflow.run.container import Container
from tests.fakes.containers import Script
from tests.unit.run.stage import FINDS, PASSES, Stage

REPORTS = """
workflows:
  web:
    nodes:
      one: { mode: testing, build_id: a1, test_record_id: r1 }
      two: { mode: testing, build_id: b1, test_record_id: r1 }
      report: { mode: report, reports: out }
"""


def writes(*_: object) -> Script:
    return Script(exit_code=0, files={"/opt/reports": {"Run.1.json": b"{}"}})


def named(script: Script, run: str) -> Script:
    return replace(script, lines=tuple(line.replace("tr_1", run) for line in script.lines))


def test_each_test_run_is_reported_by_its_id_in_a_container_of_its_own(tmp_path: Path) -> None:
    scripts = {"fast-one": named(PASSES, "tr_a"), "fast-two": named(FINDS, "tr_b"), "fast-report": writes()}
    stage = Stage(tmp_path, REPORTS, scripts)
    asked: list[str] = []

    def look(found: Container) -> None:
        asked.append(stage.engine.box(found.id).environment["TEST_RUN_ID"])

    stage.engine.scripts["fast-report"] = replace(writes(), on_start=look)
    phase = stage.phase("web.report")
    assert (phase.state, asked) == ("passed", ["tr_a", "tr_b"])
    assert len(stage.calls("run")) == 2
    assert phase.reports == (str(tmp_path / "out" / "web.report" / "Run.1.json"),)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (Script(exit_code=0), "the node wrote no report of test run tr_a"),
        (Script(("[error] access denied",), exit_code=1), "access denied"),
        (replace(writes(), written={"Run.1.json": 1.0}), "the node wrote no report of test run tr_a"),
        (Script(("gone",), exit_code=3), "the node ended with exit code 3: gone"),
    ],
)
def test_a_report_that_does_not_come_is_a_failure(tmp_path: Path, script: Script, reason: str) -> None:
    scripts = {"fast-one": named(PASSES, "tr_a"), "fast-two": named(PASSES, "tr_b"), "fast-report": script}
    phase = Stage(tmp_path, REPORTS, scripts).phase("web.report")
    assert (phase.state, phase.reason) == ("failed", reason)


def test_there_is_nothing_to_report_where_no_test_run_was_created(tmp_path: Path) -> None:
    broken = Script(("[error] no",), exit_code=1)
    phase = Stage(tmp_path, REPORTS, {"fast-one": broken, "fast-two": broken}).phase("web.report")
    assert (phase.state, phase.reason) == (
        "failed",
        "there is no test run to report: no testing phase of the workflow created one",
    )


def test_a_report_that_cannot_be_started_leaves_nothing_behind(tmp_path: Path) -> None:
    stage = Stage(tmp_path, REPORTS, {"fast-one": PASSES, "fast-two": PASSES})
    stage.engine.faults["run fastflow-r1-web fast-report"] = EngineCallError("busy")
    assert stage.phase("web.report").reason == "busy"
    assert not stage.engine.world.boxes
