"""`fastflow diff`: which runs are meant, what is printed, and with which exit code."""

import json
from pathlib import Path

import pytest

from fastflow.cli.boundary import guarded
from fastflow.cli.main import cli
from fastflow.record.result import RunResult
from tests.unit.report.html.archives import found, phase, time
from tests.unit.report.run_archives import write_run

RUNS = ("261124090000older", "261124100000newer", "261124110000again")


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three runs of the spec here; the last two found the same."""
    monkeypatch.chdir(tmp_path)
    Path("fastflow.yml").write_text("workflows: {}\n")
    for run, vulnerabilities in zip(RUNS, ((), (found(1),), (found(1),)), strict=True):
        test = phase("web.test", "vulnerable" if vulnerabilities else "passed", vulnerabilities=vulnerabilities)
        write_run(tmp_path, RunResult(run, str(tmp_path / "fastflow.yml"), 1, time(0), time(9), (test,)), run=run)


@pytest.mark.parametrize(
    "named", [RUNS[:2], (RUNS[0],), (f".fastflow/runs/{RUNS[0]}", f".fastflow/runs/{RUNS[1]}")], ids=str
)
def test_two_runs_are_compared_by_default_with_the_last(
    named: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    assert guarded(cli, ["diff", *named]) == 0
    out = capfd.readouterr().out
    assert out.startswith(f"older run {RUNS[0]} of")
    assert f"newer run {RUNS[1] if len(named) == 2 else RUNS[2]} of" in out
    assert "Vulnerabilities: 1 new, 0 gone, 0 changed, 0 the same\n" in out


def test_it_is_0_whatever_the_result(capfd: pytest.CaptureFixture[str]) -> None:
    assert guarded(cli, ["diff", RUNS[0], RUNS[0]]) == 0
    assert "Both are one run.\n" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("form", "begins"),
    [("text", "older run "), ("markdown", "### fastflow: 1 new,"), ("json", '{\n  "format_version"')],
)
def test_it_is_printed_for_whom_it_is_asked(form: str, begins: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert guarded(cli, ["diff", RUNS[0], "--format", form]) == 0
    assert capfd.readouterr().out.startswith(begins)


def test_a_run_that_was_killed_is_compared_as_far_as_it_came(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    begun = {"time": time(0), "type": "run", "phase": None, "state": "started", "run": "k1", "phases": ["web.test"]}
    write_run(tmp_path, None, events=(begun,), run="k1")
    assert guarded(cli, ["diff", RUNS[1], "k1", "--format", "json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert (told["new"]["exit_code"], told["new"]["seconds"]) == (None, None)
    assert [one["note"] for one in told["vulnerabilities"]["not_tested"]] == ["in the newer run web.test is waiting"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "missing argument"),
        (["261124090000oldre"], "did you mean `261124090000older`?"),
        (["nothing"], f"the runs here are {RUNS[2]}, {RUNS[1]}, {RUNS[0]}"),
        ([RUNS[0], "."], "is not the folder of a run"),
        ([RUNS[0], "--format", "yaml"], "'yaml' is not one of"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: list[str], said: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert guarded(cli, ["diff", *arguments]) == 2
    assert said in capfd.readouterr().err


def test_only_the_last_runs_are_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for number in range(4):
        (tmp_path / ".fastflow" / "runs" / f"27{number}").mkdir()
    assert guarded(cli, ["diff", "nothing"]) == 2
    assert f"the runs here are 273, 272, 271, 270, {RUNS[2]} and 2 older ones" in capfd.readouterr().err
