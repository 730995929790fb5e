"""`up --only testing`: refused before anything starts where the record could not be found."""

from pathlib import Path

import pytest

from fastflow.cli.boundary import guarded
from fastflow.cli.main import cli

SPEC = """\
workflows:
  web:
    build_id: BUILD_ID
    nodes:
      record: { mode: recording, allowed_hosts: [.example], source: { run: ./tests.sh } }
      test: { mode: testing, test_run_uri: http://app.example, TEST }
"""
NEW = "web${FASTFLOW_RUN_ID}"
SAME = "web${FASTFLOW_CI_ID}"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WALLARM_API_TOKEN", "t")


@pytest.mark.parametrize(
    ("build_id", "test", "said"),
    [
        (NEW, "test_run_rps: 5", "which is left out: web${FASTFLOW_RUN_ID} is new in every run"),
        (NEW, "test_record: record", "which is left out: web${FASTFLOW_RUN_ID} is new in every run"),
        (SAME, "test_record: record, build_id: other", "which is left out, so its id is not known"),
        ("~", "test_record: record", "which is left out, so its id is not known"),
        (SAME, "test_record: record", None),
        (SAME, "test_run_rps: 5", None),
        (NEW, "test_record_id: rec_1, alias: tester", None),
        (NEW, "test_record: external, alias: tester", None),
    ],
)
def test_a_testing_phase_whose_record_is_left_out(
    build_id: str, test: str, said: str | None, capfd: pytest.CaptureFixture[str]
) -> None:
    Path("fastflow.yml").write_text(SPEC.replace("BUILD_ID", build_id, 1).replace("TEST", test))
    assert guarded(cli, ["up", "--dry-run"]) == 0
    capfd.readouterr()
    assert guarded(cli, ["up", "--dry-run", "--only", "testing"]) == (2 if said else 0)
    err = capfd.readouterr().err
    assert f"web.test needs the record of web.record, {said}" in err if said else "needs the record" not in err


def test_the_plan_says_that_up_refuses_it(capfd: pytest.CaptureFixture[str]) -> None:
    Path("fastflow.yml").write_text(SPEC.replace("BUILD_ID", NEW, 1).replace("TEST", "test_run_rps: 5"))
    assert guarded(cli, ["plan", "--only", "testing"]) == 0
    out = capfd.readouterr().out
    assert "refused by `up`: web.test needs the record of web.record, which is left out: web${FASTFLOW_RUN_ID}" in out
    assert guarded(cli, ["plan"]) == 0
    assert "refused" not in capfd.readouterr().out
