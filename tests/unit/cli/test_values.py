"""Where values come from: `.env` files, and the id of the CI run."""

import json
from pathlib import Path

import pytest

from fastflow.app.environment import values_for
from fastflow.cli.boundary import guarded
from fastflow.cli.main import cli

SPEC = """\
workflows:
  web:
    build_id: BUILD_ID
    compose: app/compose.yml
    nodes: { record: { mode: recording, allowed_hosts: [app], source: { run: ./tests.sh } } }
"""
ACT = {"ACT": "true", "CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "1"}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("CI", "FASTFLOW_CI_ID", *ACT, "GITLAB_CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WALLARM_API_TOKEN", "t")
    (tmp_path / "app").mkdir()
    (tmp_path / "app/compose.yml").write_text("services: { app: { image: 'a:${TAG}' } }\n")
    return tmp_path


def build_id(spec: str, here: Path, capsys: pytest.CaptureFixture[str]) -> str:
    (here / "fastflow.yml").write_text(SPEC.replace("BUILD_ID", spec))
    assert guarded(cli, ["plan", "--env", "--format", "json"]) == 0
    return str(json.loads(capsys.readouterr().out)["phases"][0]["build_id"])


def test_in_an_unknown_ci_system_the_id_has_to_be_set(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "fastflow.yml").write_text(SPEC.replace("BUILD_ID", "web${FASTFLOW_CI_ID}"))
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("FASTFLOW_CI_ID", "")
    assert guarded(cli, ["validate", "--env"]) == 2
    said = capsys.readouterr().out
    assert "error[undefined-variable]: the variable FASTFLOW_CI_ID is not set" in said
    assert "set FASTFLOW_CI_ID to letters and digits" in said
    monkeypatch.setenv("FASTFLOW_CI_ID", "build7")
    assert build_id("web${FASTFLOW_CI_ID}", here, capsys) == "webbuild7"
    monkeypatch.delenv("FASTFLOW_CI_ID")
    assert build_id("web${FASTFLOW_CI_ID:-1}", here, capsys) == "web1"
    (here / ".env").write_text("FASTFLOW_CI_ID=file8\n")
    assert build_id("web${FASTFLOW_CI_ID}", here, capsys) == "webfile8"
    assert guarded(cli, ["validate"]) == 0  # reads no variable, in any CI system


def test_under_act_each_call_has_an_id_of_its_own(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ACT.items():
        monkeypatch.setenv(name, value)
    assert len({build_id("web${FASTFLOW_CI_ID}", here, capsys) for _ in range(2)}) == 2


def test_a_file_may_use_what_fastflow_sets(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_REPOSITORY", "o/r")
    monkeypatch.setenv("GITHUB_RUN_ID", "1")
    (here / ".env").write_text("RUN=r$FASTFLOW_RUN_ID\nID=i$FASTFLOW_CI_ID\n")
    values = values_for(here, (), "run7")
    assert (values["RUN"], values["ID"]) == ("rrun7", f"i{values['FASTFLOW_CI_ID']}")


@pytest.mark.parametrize("name", [".env", "app/.env"])
def test_a_file_that_is_not_utf_8_stops_a_run_with_its_line(
    name: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "fastflow.yml").write_text(SPEC.replace("BUILD_ID", "web1"))
    (here / name).write_bytes(b"TAG=1\nGREETING=contrase\xf1a\n")
    assert guarded(cli, ["up", "--dry-run"]) == 2
    said = capsys.readouterr().err
    assert f"the file of variables {name}, line 2: not UTF-8" in said
    assert f"save it as UTF-8, such as with: iconv -f ISO-8859-1 -t UTF-8 {name}" in said
    assert guarded(cli, ["validate"]) == 0


def test_an_axis_wins_over_all_others_also_in_what_a_file_refers_to(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / ".env").write_text("browser=file\nTAG=x${browser}y\nPLAIN=z\n")
    monkeypatch.setenv("browser", "environment")
    matrix = "    matrix: { browser: [chrome, firefox] }\n    build_id: BUILD_ID\n"
    text = SPEC.replace("    build_id: BUILD_ID\n", matrix)
    text += "  other:\n    build_id: other${TAG}${browser}\n    nodes: { p: { mode: report, test_run_id: '1' } }\n"
    (here / "fastflow.yml").write_text(text.replace("BUILD_ID", "${TAG}${browser}${PLAIN}"))
    assert guarded(cli, ["plan", "--env", "--format", "json"]) == 0
    phases = json.loads(capsys.readouterr().out)["phases"]
    assert [phase["build_id"] for phase in phases[:2]] == ["xchromeychromez", "xfirefoxyfirefoxz"]
    (here / "fastflow.yml").write_text(text.replace("BUILD_ID", "${browser}${PLAIN}"))
    assert guarded(cli, ["plan", "--env", "--format", "json", "-w", "web"]) == 0
    phases = json.loads(capsys.readouterr().out)["phases"]
    assert [(phase["build_id"], phase["selected"]) for phase in phases] == [
        ("chromez", True),
        ("firefoxz", True),
        (None, False),
    ]
