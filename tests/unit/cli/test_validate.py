"""`fastflow validate`: formats, exit codes, and what is asked of Docker Compose."""

import json
from pathlib import Path

import pytest

from fastflow.cli.boundary import guarded
from fastflow.cli.main import cli
from fastflow.report.findings import FORMATS

GOOD = "workflows: { web: { build_id: 1, nodes: { record: { mode: recording, source: { run: ./tests.sh } } } } }\n"
WARNS = "workflows: { web: { build_id: 1, nodes: { record: { mode: recording } } } }\n"
BAD = GOOD.replace("build_id: 1", "build_id: a-b")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def validate(*options: str) -> int:
    return guarded(cli, ["validate", *options])


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(("text", "code"), [(GOOD, 0), (WARNS, 0), (BAD, 2)])
def test_the_exit_code_is_the_same_in_every_format(form: str, text: str, code: int, here: Path) -> None:
    (here / "fastflow.yml").write_text(text)
    assert validate("--format", form) == code


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_names_the_rule_on_stdout_and_is_silent_on_stderr(
    form: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "fastflow.yml").write_text(BAD)
    validate("--format", form)
    out, err = capsys.readouterr()
    assert "build-id-format" in out
    assert err == ""


@pytest.mark.parametrize("form", FORMATS)
def test_colours_are_for_people(
    form: str, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "fastflow.yml").write_text(BAD)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    validate("--format", form)
    assert ("\x1b[1;31merror[build-id-format]\x1b[0m" in capsys.readouterr().out) is (form == "text")


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_formats_for_machines_are_one_json_value_without_findings_too(
    form: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "fastflow.yml").write_text(GOOD)
    validate("--format", form)
    assert isinstance(json.loads(capsys.readouterr().out), dict)


@pytest.mark.parametrize(("options", "code"), [((), 0), (("--strict",), 2)])
def test_strict_counts_warnings_as_errors(options: tuple[str, ...], code: int, here: Path) -> None:
    (here / "fastflow.yml").write_text(WARNS)
    assert validate(*options) == code


def test_compose_is_not_asked_about_a_spec_with_errors(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "fastflow.yml").write_text(BAD)
    validate("--compose")
    out, err = capsys.readouterr()
    assert "build-id-format" in out
    assert err == "fastflow.yml: Docker Compose was not asked, because there are errors\n"


def test_without_docker_compose_that_is_said_and_nothing_is_made_up(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(here))
    (here / "fastflow.yml").write_text(GOOD)
    assert validate("--compose") == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: `docker` was not found\n  help: install ")
