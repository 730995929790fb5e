"""`up --after REPORT`: refused where it says nothing, or something of another run."""

import json
from pathlib import Path

import pytest

from fastflow.cli.boundary import guarded
from fastflow.cli.main import cli

SPEC = """\
workflows:
  web:
    build_id: web${FASTFLOW_CI_ID}
    nodes:
      record: { mode: recording, allowed_hosts: [.example], source: { run: ./tests.sh } }
      test: { mode: testing, test_run_uri: http://app.example }
      other: { mode: testing, test_run_uri: http://app.example, test_record: record, build_id: other }
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WALLARM_API_TOKEN", "t")
    monkeypatch.setenv("FASTFLOW_CI_ID", "7")
    Path("fastflow.yml").write_text(SPEC)
    report("web.record")


def report(phase: str, build_id: str = "web7", state: str = "passed") -> None:
    told = {
        "id": phase,
        "workflow": "web",
        "host": "default",
        "mode": "recording",
        "build_id": build_id,
        "state": state,
    }
    Path("r.json").write_text(json.dumps({"format_version": "1.0", "phases": [{**told, "test_record": "rec_1"}]}))


def up(*words: str) -> int:
    return guarded(cli, ["up", "--dry-run", "--only", "testing", *words])


def test_a_record_of_another_build_id_is_known_by_its_id(capfd: pytest.CaptureFixture[str]) -> None:
    assert up() == 2
    assert (
        "web.other needs the record of web.record, which is left out, so its id is not known" in capfd.readouterr().err
    )
    assert up("--after", "r.json") == 0
    assert "web.record  recording under BUILD_ID web7, wave 0  (not selected: passed before)" in capfd.readouterr().out


def test_a_phase_that_no_report_knows_was_not_run(capfd: pytest.CaptureFixture[str]) -> None:
    report("web.test", state="waiting")
    assert up("--after", "r.json", "-w", "web") == 2  # nothing tells the id of the record of `other`
    report("web.record")
    assert guarded(cli, ["up", "--dry-run", "--only", "recording", "--after", "r.json"]) == 0
    assert "web.test  testing under BUILD_ID web7, wave 1  (not selected, not run)" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--after", "none.json"), "--after none.json cannot be read: no such file or directory"),
        (("--after", "fastflow.yml"), "--after fastflow.yml: not a JSON report of a run"),
        (("--after", "r.json", "--resume", "x"), "--after and --resume contradict each other"),
    ],
)
def test_what_makes_no_sense_is_refused(words: tuple[str, ...], said: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert up(*words) == 2
    assert said in capfd.readouterr().err


def test_a_run_of_all_follows_none(capfd: pytest.CaptureFixture[str]) -> None:
    assert guarded(cli, ["up", "--dry-run", "--after", "r.json"]) == 2
    assert "--after needs a run of some phases" in capfd.readouterr().err


def test_a_report_of_another_ci_run_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    report("web.record", "web6")
    assert up("--after", "r.json") == 2
    assert "web.record ran under BUILD_ID web6, which is web7 here" in capfd.readouterr().err


def test_a_cluster_runs_all_of_it_in_one_job(capfd: pytest.CaptureFixture[str]) -> None:
    Path("fastflow.yml").write_text("hosts: { farm: { context: c, swarm: true, source_run: true } }\n" + SPEC)
    assert up("--after", "r.json") == 2
    assert "--after does not work for workflows on a cluster" in capfd.readouterr().err


def test_a_report_of_another_spec_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    report("api.record")
    assert up("--after", "r.json") == 2
    assert "api.record are phases of another spec" in capfd.readouterr().err
