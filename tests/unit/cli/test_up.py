"""`fastflow up` where nothing can be started: whoever asked for reports gets them, and they hold the exit code."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from fastflow.cli.boundary import guarded
from fastflow.cli.main import cli
from fastflow.engines.workers import Workers
from fastflow.errors import InterruptedBeforeRunError

pytestmark = pytest.mark.usefixtures("no_engine")


def told() -> tuple[int, dict[str, tuple[str, str]]]:
    """The exit code and the phases of the report, which says the same as the run's own result."""
    report = json.loads(Path("out/r.json").read_text())
    (result,) = Path(".fastflow/runs").glob("*/result.json")
    assert json.loads(result.read_text()) == report
    assert (report["run"], report["spec"]) == (result.parent.name, str(Path("fastflow.yml").absolute()))
    assert report["started"] <= report["ended"]
    return report["exit_code"], {phase["id"]: (phase["state"], phase["reason"]) for phase in report["phases"]}


CANCELLED = dict.fromkeys(("web.record", "web.test"), ("cancelled", "nothing was started"))


@pytest.mark.parametrize("more", [[], ["--emulate"]], ids=["cloud", "emulator"])
def test_reports_of_a_run_without_an_engine_hold_its_exit_code(more: list[str]) -> None:
    wanted = ["--report", "json=out/r.json", "--report", "junit=out/j.xml"]
    assert guarded(cli, ["up", *more, *wanted]) == 3
    assert told() == (3, CANCELLED)
    errors = ET.parse("out/j.xml").getroot().iter("error")
    assert any("no.sock" in str(error.get("message")) for error in errors)
    (plan,) = Path(".fastflow/runs").glob("*/plan.json")
    assert [phase["id"] for phase in json.loads(plan.read_text())["phases"]] == ["web.record", "web.test"]


def test_a_run_that_is_interrupted_before_anything_starts_has_its_reports_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise InterruptedBeforeRunError(15)

    monkeypatch.setattr("fastflow.app.up.plan_file_of_run", interrupted)
    assert guarded(cli, ["up", "--report", "json=out/r.json"]) == 143
    assert told() == (143, CANCELLED)


@pytest.mark.parametrize(("more", "is_started"), [([], True), (["--dry-run"], False)], ids=["run", "dry run"])
def test_only_a_run_starts_the_worker_and_before_the_spec_is_read(
    monkeypatch: pytest.MonkeyPatch, more: list[str], is_started: bool
) -> None:
    workers = Workers()
    monkeypatch.setattr("fastflow.engines.workers.WORKERS", workers)
    assert guarded(cli, ["up", "gone.yml", *more]) == 2
    assert (workers.process is not None) == is_started
    workers.close()


def test_no_line_of_an_error_shows_the_token(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WALLARM_API_TOKEN", "no.sock")  # what the engine's command line says, too
    assert guarded(cli, ["up", "--progress", "plain"]) == 3
    said = capsys.readouterr().err
    assert "error: " in said
    assert "no.sock" not in said
