"""`fastflow runs` and `runs prune`: what is kept is told, and only what fastflow wrote, that is over and old goes."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fastflow.cli.boundary import guarded
from fastflow.cli.main import cli
from fastflow.masking import Masker
from fastflow.record.events import PhaseChanged, RunStarted
from fastflow.record.folder import RunFolder
from fastflow.record.result import PhaseResult, RunResult
from fastflow.report.runs import size_of


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(name: str, days: int = 0, *, code: int | None = 0, ends: bool = True) -> RunFolder:
    """The folder of a run that began so many days ago."""
    time = (datetime.now(UTC) - timedelta(days=days, hours=1)).isoformat().replace("+00:00", "Z")
    folder = RunFolder(Path(), name, Masker())
    folder.on_event(RunStarted(run=name, spec="/s/fastflow.yml", phases=("web.record",), time=time))
    folder.on_event(PhaseChanged("web.record", "passed", None, "recording", time=time))
    if code is not None:
        phase = PhaseResult("web.record", "web", "default", "recording", None, "passed", started=time, ended=time)
        folder.write_result(RunResult(name, "/s/fastflow.yml", code, time, time, (phase,)))
    if ends:
        folder.close()
    return folder


def left() -> list[str]:
    return sorted(path.name for path in Path(".fastflow/runs").iterdir())


def test_without_runs_it_says_so(capfd: pytest.CaptureFixture[str]) -> None:
    assert guarded(cli, ["runs"]) == 0
    assert capfd.readouterr() == ("", "no runs are kept here\n")


def test_each_run_is_a_line_the_latest_first(capfd: pytest.CaptureFixture[str]) -> None:
    run("r1", 2, code=1)
    run("r2", 1, code=None)
    live = run("r3", code=None, ends=False)
    (Path(".fastflow/runs/r4")).mkdir()
    assert guarded(cli, ["runs"]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert [re.split(r" {2,}", line)[::2] for line in lines[:4]] == [
        ["RUN", "EXIT", "PHASES"],
        ["r3", "live", "1 passed"],
        ["r2", "cut short", "1 passed"],
        ["r1", "1", "1 passed"],
    ]
    assert lines[-1].startswith("3 runs, ")
    live.close()


def test_programs_get_all_of_it(capfd: pytest.CaptureFixture[str]) -> None:
    folder = run("r1", code=1)
    assert guarded(cli, ["runs", "--format", "json"]) == 0
    (told,) = json.loads(capfd.readouterr().out)["runs"]
    size = sum(path.stat().st_size for path in folder.path.rglob("*") if path.is_file())
    assert (told["run"], told["exit_code"], told["live"], told["phases"], told["size"]) == (
        "r1",
        1,
        False,
        {"passed": 1},
        size,
    )


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        (["--keep", "2"], ["mine", "r3", "r4"]),
        (["--keep", "0"], ["mine"]),
        (["--older", "9d"], ["mine", "r2", "r3", "r4"]),
        (["--older", "36h"], ["mine", "r4"]),
        (["--keep", "3", "--older", "1d"], ["mine", "r2", "r3", "r4"]),
        (["--keep", "1", "--older", "9d"], ["mine", "r2", "r3", "r4"]),
        (["--keep", "0", "--dry-run"], ["mine", "r1", "r2", "r3", "r4"]),
    ],
)
def test_what_is_chosen_goes_and_what_others_made_stays(
    options: list[str], kept: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    for number, days in enumerate((10, 5, 3, 0), start=1):
        run(f"r{number}", days)
    Path(".fastflow/runs/mine").mkdir()
    assert guarded(cli, ["runs", "prune", *options]) == 0
    assert left() == kept
    told = capfd.readouterr()
    assert ("nothing was removed" in told.out) == ("--dry-run" in options)


def test_a_live_run_stays(capfd: pytest.CaptureFixture[str]) -> None:
    live = run("r1", 10, code=None, ends=False)
    assert guarded(cli, ["runs", "prune", "--keep", "0"]) == 0
    assert left() == ["r1"]
    assert capfd.readouterr().out == "0 runs, 0 B removed\n"
    live.close()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "events.jsonl").write_text("")
    Path(".fastflow/runs").mkdir(parents=True)
    Path(".fastflow/runs/r1").symlink_to(tmp_path / "elsewhere")
    assert guarded(cli, ["runs", "prune", "--keep", "0"]) == 0
    assert (tmp_path / "elsewhere" / "events.jsonl").exists()


@pytest.mark.parametrize("options", [[], ["--older", "a week"], ["--older", "d"], ["--keep", "-1"]])
def test_what_makes_no_sense_is_refused(options: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    run("r1", 10)
    assert guarded(cli, ["runs", "prune", *options]) == 2
    assert "rror: " in capfd.readouterr().err
    assert left() == ["r1"]


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (99_940, "99.9 kB"), (999_600, "1.0 MB")]
)
def test_sizes_read_well(size: int, text: str) -> None:
    assert size_of(size) == text
