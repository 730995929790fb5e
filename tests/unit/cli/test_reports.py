"""`--report KIND=PATH` and `fastflow report`: each kind where it was wanted, and what stands in the way is said."""

import json
from pathlib import Path

import pytest

from fastflow.cli.boundary import guarded
from fastflow.cli.main import cli
from fastflow.record.result import RunResult
from fastflow.report.kinds import KINDS
from tests.unit.report.html.archives import found, phase, time
from tests.unit.report.run_archives import write_run

RUN = "261124090000abcde"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of the spec here, which found something."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    Path("fastflow.yml").write_text("workflows: {}\n")
    test = phase("web.test", "vulnerable", vulnerabilities=(found(1),))
    return write_run(tmp_path, RunResult(RUN, str(tmp_path / "fastflow.yml"), 1, time(0), time(9), (test,)))


@pytest.mark.parametrize("run", [[], [RUN], [f".fastflow/runs/{RUN}"]], ids=["last", "id", "path"])
def test_every_kind_is_written_where_it_is_wanted(run: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    wanted = [word for kind in KINDS for word in ("--report", f"{kind}=out/{kind}.txt")]
    assert guarded(cli, ["report", *run, *wanted]) == 0
    assert capfd.readouterr().out.splitlines() == [f"{kind} report of run {RUN}: out/{kind}.txt" for kind in KINDS]
    for kind in KINDS:
        assert f"{1:016x}" in Path(f"out/{kind}.txt").read_text(encoding="utf-8")


def test_the_spec_may_be_in_a_parent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "er")
    assert guarded(cli, ["report", "--report", "json=r.json"]) == 0
    assert json.loads(Path("r.json").read_text())["run"] == RUN


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "no report was asked for"),
        (["--report", "json"], "expected KIND=PATH"),
        (["--report", "junti=x"], "did you mean `junit`?"),
        (["--report", "json=."], "is a directory"),
        (["nothing", "--report", "json=x"], "there is no run nothing"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: list[str], said: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert guarded(cli, ["report", *arguments]) == 2
    assert said in capfd.readouterr().err


def test_a_run_does_not_start_where_its_reports_make_no_sense(capfd: pytest.CaptureFixture[str]) -> None:
    for more in ([], ["--dry-run"]):
        assert guarded(cli, ["up", *more, "--report", "junti=x"]) == 2
        assert "did you mean `junit`?" in capfd.readouterr().err


def test_a_report_that_cannot_be_written_keeps_no_other_from_it(capfd: pytest.CaptureFixture[str]) -> None:
    Path("file").write_text("")
    assert guarded(cli, ["report", "--report", "json=file/r.json", "--report", "junit=j.xml"]) == 3
    assert "the json report file/r.json cannot be written" in capfd.readouterr().err
    assert Path("j.xml").exists()


def test_what_is_wanted_twice_is_written_once(capfd: pytest.CaptureFixture[str]) -> None:
    assert guarded(cli, ["report", "--report", "json=j.json", "--report", "json=j.json"]) == 0
    assert len(capfd.readouterr().out.splitlines()) == 1


def test_markdown_goes_into_the_summary_of_a_github_step_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    Path("summary.md").write_text("of another command\n")
    assert guarded(cli, ["report", "--report", "markdown=m.md", "--report", "json=j.json"]) == 0
    report = Path("m.md").read_text()
    assert Path("summary.md").read_text() == f"of another command\n\n{report}"
    assert guarded(cli, ["report", "--report", "markdown=summary.md"]) == 0
    assert Path("summary.md").read_text() == f"of another command\n\n{report}\n{report}"


def test_a_summary_that_github_would_not_show_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    Path("summary.md").write_text("x" * 899_999)
    assert guarded(cli, ["report", "--report", "markdown=m.md"]) == 0
    assert Path("summary.md").read_text()[899_999:] == "\nThe summary of this run is too large to be shown here.\n"


def test_a_bug_in_one_report_is_said_and_the_others_are_written(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("fastflow.report.junit.render", lambda _: 1 / 0)
    assert guarded(cli, ["report", "--report", "junit=j.xml", "--report", "json=j.json"]) == 3
    assert "the junit report j.xml cannot be written, a bug of fastflow: ZeroDivisionError" in capfd.readouterr().err
    assert Path("j.json").exists()
