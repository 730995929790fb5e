"""The last lines of the log that shows why a phase failed stand in every report and display."""

from dataclasses import replace
from pathlib import Path

import pytest

from fastflow.record.archive import read_archive
from fastflow.record.result import Evidence, PhaseResult
from fastflow.report.kinds import KINDS, render
from fastflow.report.log_ends import log_ends
from fastflow.report.plain_ci import FORMATS, CiFormat
from fastflow.report.summary import summary_of_run

from .html.archives import change, phase, told_run
from .run_archives import write_run

LINES = ("test_login", "E  AssertionError: 500 is not 200", "== 1 failed in 2 s ==")
EVIDENCE = Evidence("the source `tests`", "/runs/r1/logs/web.record.source.log", LINES)


def failed(**facts: object) -> PhaseResult:
    said = {"reason": "the source `tests` ended with exit code 1", "log": "/runs/r1/logs/web.record.log"}
    return phase("web.record", "failed", "recording", **{**said, "evidence": EVIDENCE, **facts})


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_report_shows_them(kind: str) -> None:
    text = render(kind, told_run(failed(), exit_code=3))
    assert "1 failed in 2 s" in text
    assert "500 is not 200" in text


@pytest.mark.parametrize("ci", [CiFormat(), *FORMATS.values()])
def test_they_are_shown_at_the_end_of_a_run(ci: CiFormat) -> None:
    text = log_ends(told_run(failed()).result, ci)  # type: ignore[arg-type]  # it has one
    assert [line for line in text.splitlines() if line.startswith("  | ")] == [f"  | {line}" for line in LINES]
    assert f"web.record: the last lines of {EVIDENCE.log}" in text.replace("|", "")


@pytest.mark.parametrize(("system", "gap"), [("github", "%0A"), ("azure", "%0A"), ("teamcity", "|n")])
def test_annotations_hold_them(system: str, gap: str) -> None:
    text = log_ends(told_run(failed()).result, FORMATS[system])  # type: ignore[arg-type]  # it has one
    (annotation,) = [line for line in text.splitlines() if "ended with exit code 1" in line]
    assert gap.join(LINES) in annotation


def test_a_vulnerable_phase_shows_them_when_a_service_failed_besides() -> None:
    result = told_run(replace(failed(), state="vulnerable")).result
    assert result is not None
    assert "  | test_login\n" in log_ends(result, CiFormat())


def test_the_summary_names_that_log_instead_of_the_nodes() -> None:
    result = told_run(failed()).result
    assert result is not None
    assert "    log: /runs/r1/logs/web.record.source.log" in summary_of_run(result, "f").splitlines()


@pytest.mark.parametrize("is_killed", [False, True])
def test_they_come_back_from_a_runs_folder(is_killed: bool, tmp_path: Path) -> None:
    told = told_run(failed())
    event = replace(change(20, "web.record", "failed"), evidence=EVIDENCE)
    folder = write_run(tmp_path, None if is_killed else told.result, events=(event,))
    assert read_archive(folder).phases[0].evidence == EVIDENCE
