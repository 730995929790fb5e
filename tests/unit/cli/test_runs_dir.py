"""`--runs-dir` and FASTFLOW_RUNS_DIR: where runs are kept, and which of those there a command means."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from fastflow.cli.boundary import guarded
from fastflow.cli.main import COMMANDS, cli
from fastflow.masking import Masker
from fastflow.record.events import RunStarted
from fastflow.record.folder import RunFolder
from fastflow.record.place import NEXT_TO_SPEC, RunsDir
from fastflow.record.result import PhaseResult, RunResult

KEEPERS = ("up", "plan", "ps", "logs", "stop", "wait", "down", "runs", "report", "diff", "accept", "attach")
"""The commands that write or read runs."""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "checkout"
    directory.mkdir()
    monkeypatch.chdir(directory)
    monkeypatch.delenv("FASTFLOW_RUNS_DIR", raising=False)
    (directory / "fastflow.yml").write_text("workflows: {}")
    return directory


def kept(runs_dir: RunsDir, name: str, directory: Path) -> Path:
    """The folder of a run of a spec in that directory."""
    folder = RunFolder(directory, name, Masker(), runs_dir)
    folder.on_event(RunStarted(run=name, spec=str(directory / "fastflow.yml")))
    folder.close()
    return folder.path


def listed(*arguments: str) -> list[str]:
    output = CliRunner().invoke(cli, ["runs", *arguments]).output
    return [line.split()[0] for line in output.splitlines() if line[:1] == "r" and line != "run"]


def refusal(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit code of a command that is refused, and what it prints."""
    return guarded(cli, arguments), capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_that_writes_or_reads_runs_has_the_option(name: str) -> None:
    assert ("--runs-dir DIR" in CliRunner().invoke(cli, [name, "--help"]).output) is (name in KEEPERS)


def test_option_counts_before_the_variable_and_both_before_the_spec(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(NEXT_TO_SPEC, "r-next", here)
    kept(RunsDir(tmp_path / "a"), "r-a", here)
    kept(RunsDir(tmp_path / "b"), "r-b", here)
    assert listed() == ["r-next"]
    assert listed("--runs-dir", "../b") == ["r-b"], "it is relative to the current directory"
    monkeypatch.setenv("FASTFLOW_RUNS_DIR", str(tmp_path / "a"))
    assert listed() == ["r-a"]
    assert listed("--runs-dir", "../b") == ["r-b"]
    monkeypatch.setenv("FASTFLOW_RUNS_DIR", "")
    assert listed() == ["r-next"], "an empty variable is none"


@pytest.mark.parametrize("words", [("--runs-dir", "../a", "prune"), ("prune", "--runs-dir", "../a")])
def test_prune_takes_it_before_and_after_its_name(
    words: tuple[str, ...], here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, other = kept(RunsDir(tmp_path / "a"), "r1", here), kept(RunsDir(tmp_path / "other"), "r2", here)
    monkeypatch.setenv("FASTFLOW_RUNS_DIR", str(tmp_path / "other"))
    assert guarded(cli, ["runs", *words, "--keep", "0"]) == 0
    assert not gone.exists()
    assert other.exists()


def test_runs_of_other_specs_in_the_same_place_are_left_alone_unless_all_are_meant(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = RunsDir(tmp_path / "a")
    other = tmp_path / "other"
    other.mkdir()
    kept(place, "r1", here)
    theirs = kept(place, "r2", other)
    monkeypatch.setenv("FASTFLOW_RUNS_DIR", str(place.chosen))
    assert listed() == ["r1"]
    assert listed("--all") == ["r2", "r1"]
    assert f"{other}/fastflow.yml" in CliRunner().invoke(cli, ["runs", "--all"]).output
    assert guarded(cli, ["runs", "prune", "--keep", "0"]) == 0
    assert theirs.exists()
    monkeypatch.chdir(tmp_path)
    assert listed() == ["r2"], "no spec is here whose runs alone they could be"
    assert guarded(cli, ["runs", "prune", "--keep", "0"]) == 0
    assert not theirs.exists()


def test_last_run_is_that_of_the_spec_here_and_any_is_found_by_its_id(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = RunsDir(tmp_path / "a")
    other = tmp_path / "other"
    other.mkdir()
    own = kept(place, "r1", here)
    kept(place, "r2", other)

    def reported(*words: str) -> tuple[int, str]:
        code = guarded(cli, ["report", *words, "--report", "json=report.json", "--runs-dir", "../a"])
        told = capsys.readouterr()
        return code, told.out + told.err

    assert reported() == (0, "json report of run r1: report.json\n")
    assert reported("r2") == (0, "json report of run r2: report.json\n")
    shutil.rmtree(own)
    code, said = reported()
    assert code == 2
    assert f"there is no run of a spec in {here} in {tmp_path}/a" in said


def test_place_that_is_no_directory_is_refused(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    code, said = refusal("runs", "--runs-dir", "../file", capsys=capsys)
    assert (code, said.splitlines()[0]) == (2, "error: --runs-dir ../file: it is not a directory")
    assert "error: --runs-dir names no directory" in refusal("runs", "--runs-dir", "", capsys=capsys)[1]
    monkeypatch.setenv("FASTFLOW_RUNS_DIR", str(tmp_path / "file"))
    assert f"error: FASTFLOW_RUNS_DIR {tmp_path}/file: it is not a directory" in refusal("runs", capsys=capsys)[1]


def test_minutes_of_a_plan_come_from_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("fastflow.yml").write_text("workflows: { web: { nodes: { r: { mode: report, test_run_id: 1 } } } }")
    assert guarded(cli, ["plan", "--times", "--runs-dir", "../a"]) == 0
    assert f"no run in {tmp_path}/a passed a phase of this plan" in capsys.readouterr().err
    folder = RunFolder(Path(), "r1", Masker(), RunsDir(tmp_path / "a"))
    started, ended = "2026-11-30T09:00:00Z", "2026-11-30T09:02:00Z"
    phase = PhaseResult("web.r", "web", "default", "report", None, "passed", started=started, ended=ended)
    folder.write_result(RunResult("r1", "/w/fastflow.yml", 0, started, ended, (phase,)))
    folder.close()
    assert guarded(cli, ["plan", "--times", "--runs-dir", "../a"]) == 0
    assert "2 min" in capsys.readouterr().out


def test_shell_completes_runs_of_the_place_that_stands_before(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    kept(RunsDir(tmp_path / "a"), "r-a", here)
    kept(RunsDir(tmp_path / "b"), "r-b", here)
    monkeypatch.setenv("FASTFLOW_RUNS_DIR", "../a")
    monkeypatch.setenv("_FASTFLOW_COMPLETE", "bash_complete")

    def offered(line: str) -> str:
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(line.split())))
        assert guarded(cli, []) == 0
        return capfd.readouterr().out.strip()

    assert offered("fastflow report ") == "plain,r-a"
    assert offered("fastflow report --runs-dir ../b ") == "plain,r-b"
    assert offered("fastflow report --runs-dir fastflow.yml ") == ""
