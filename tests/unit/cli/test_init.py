"""`fastflow init`: a first spec, also from a Compose file; never over one that is there."""

from pathlib import Path

import pytest

from fastflow.cli.boundary import guarded
from fastflow.cli.main import cli

COMPOSE = """\
services:
  app: { image: app, ports: ["3000:3000"] }
  fast: { image: wallarm/fast, environment: { WALLARM_API_TOKEN: $WALLARM_API_TOKEN, BUILD_ID: 007 } }
  tests: { image: t, environment: { http_proxy: "http://fast:8080" } }
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_fresh_spec_has_no_finding(capfd: pytest.CaptureFixture[str]) -> None:
    assert guarded(cli, ["init"]) == 0
    told = capfd.readouterr()
    assert told.out.startswith("wrote fastflow.yml")
    assert told.err == ""
    assert guarded(cli, ["validate", "--strict"]) == 0
    assert "no findings" in capfd.readouterr().out


def test_a_fresh_spec_for_a_scanner_has_no_finding_and_needs_no_token(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WALLARM_API_TOKEN", raising=False)
    assert guarded(cli, ["init", "--scanner", "sarif"]) == 0
    told = capfd.readouterr()
    assert told.out == "wrote fastflow.yml; next: fastflow validate, fastflow plan, fastflow up\n"
    assert told.err == ""
    assert "docs/" not in Path("fastflow.yml").read_text()
    assert guarded(cli, ["validate", "--strict", "--env"]) == 0


def test_a_compose_file_with_a_fast_service_stays_with_fast(capfd: pytest.CaptureFixture[str]) -> None:
    Path("compose.yml").write_text(COMPOSE)
    assert guarded(cli, ["init", "--from", "compose.yml", "--scanner", "sarif"]) == 2
    assert "--scanner cannot be combined with --from" in capfd.readouterr().err
    assert not Path("fastflow.yml").exists()


def test_a_compose_file_that_is_here_is_pointed_out(capfd: pytest.CaptureFixture[str]) -> None:
    Path("compose.yaml").write_text(COMPOSE)
    assert guarded(cli, ["init"]) == 0
    assert "fastflow init --from compose.yaml" in capfd.readouterr().err


@pytest.mark.parametrize("name", ["fastflow.yml", "fastflow.yaml"])
def test_a_spec_is_never_overwritten(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    Path(name).write_text("mine")
    assert guarded(cli, ["init"]) == 2
    assert f"{name} already exists" in capfd.readouterr().err
    assert [path.read_text() for path in Path().iterdir()] == ["mine"]


def test_printing_touches_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    Path("fastflow.yml").write_text("mine")
    Path("sub").mkdir()
    Path("sub/compose.yml").write_text(COMPOSE)
    assert guarded(cli, ["init", "--from", "sub/compose.yml", "--stdout"]) == 0
    out = capfd.readouterr().out
    assert "\n    compose: sub/compose.yml\n" in out
    assert "\n    build_id: 007\n" in out
    assert Path("fastflow.yml").read_text() == "mine"


def test_findings_of_what_was_written_are_shown(capfd: pytest.CaptureFixture[str]) -> None:
    Path("docker-compose.yml").write_text(COMPOSE)
    assert guarded(cli, ["init", "--from", "docker-compose.yml"]) == 0
    told = capfd.readouterr()
    assert "warning[healthcheck-missing]: `app` has no healthcheck" in told.err
    assert guarded(cli, ["validate"]) == 0


def test_the_override_beside_a_compose_file_belongs_to_it(capfd: pytest.CaptureFixture[str]) -> None:
    Path("docker-compose.yml").write_text(COMPOSE)
    Path("docker-compose.override.yml").write_text("services: { fast: { environment: { ALLOWED_HOSTS: app } } }")
    assert guarded(cli, ["init", "--from", "docker-compose.yml", "--stdout"]) == 0
    out = capfd.readouterr().out
    assert "compose: [docker-compose.yml, docker-compose.override.yml]" in out
    assert "allowed_hosts: app\n" in out


def test_a_compose_file_without_a_fast_service_gets_both_phases_proposed(capfd: pytest.CaptureFixture[str]) -> None:
    Path("c.yml").write_text('services: { app: { image: a, ports: ["3000:80"] }, tests: { image: t } }')
    assert guarded(cli, ["init", "--from", "c.yml", "--stdout"]) == 0
    out = capfd.readouterr().out
    assert out.count("# Proposed: ") == 3
    assert "service: tests\n" in out
    assert "test_run_uri: http://app\n" in out


@pytest.mark.parametrize(
    ("text", "message"),
    [(None, "cannot be read: no such file"), ("a: [", "is not valid"), ("- a", "is not valid"), ("", "is empty")],
)
def test_a_compose_file_that_cannot_be_read_is_said_plainly(
    text: str | None, message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    if text is not None:
        Path("c.yml").write_text(text)
    assert guarded(cli, ["init", "--from", "c.yml"]) == 2
    assert message in capfd.readouterr().err
    assert not Path("fastflow.yml").exists()


def test_a_link_that_leads_nowhere_is_not_followed(capfd: pytest.CaptureFixture[str]) -> None:
    Path("fastflow.yml").symlink_to("elsewhere.yml")
    assert guarded(cli, ["init"]) == 2
    assert "fastflow.yml cannot be written: file exists" in capfd.readouterr().err
    assert not Path("elsewhere.yml").exists()


def test_several_compose_files_are_merged_as_compose_does(capfd: pytest.CaptureFixture[str]) -> None:
    Path("docker-compose.yml").write_text('services: { app: { image: a, ports: ["3000"] }, tests: { image: t } }')
    Path("docker-compose.override.yml").write_text("services: { app: { container_name: never-read } }")
    Path("fast.yml").write_text(
        "services: { fast: { image: wallarm/fast, environment: { ALLOWED_HOSTS: app } },"
        " tests: { environment: { http_proxy: 'http://fast:8080' } } }"
    )
    assert guarded(cli, ["init", "--from", "docker-compose.yml", "--from", "fast.yml"]) == 0
    text = Path("fastflow.yml").read_text()
    assert "compose: [docker-compose.yml, fast.yml]\n" in text
    assert "allowed_hosts: app\n" in text
    assert "service: tests\n" in text
    assert guarded(cli, ["validate"]) == 0
    assert "0 errors" in capfd.readouterr().out


@pytest.mark.parametrize("directory", [".", "sub", "sub/", ""])
def test_a_directory_stands_for_its_compose_file(directory: str, capfd: pytest.CaptureFixture[str]) -> None:
    Path("sub").mkdir()
    for place in (".", "sub"):
        Path(place, "compose.yml").write_text(COMPOSE)
    assert guarded(cli, ["init", "--from", directory, "--stdout"]) == 0
    file = "sub/compose.yml" if "sub" in directory else "compose.yml"
    assert f"compose: {file}\n" in capfd.readouterr().out


def test_a_directory_without_a_compose_file_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    assert guarded(cli, ["init", "--from", "."]) == 2
    assert "has no Compose file" in capfd.readouterr().err


def test_a_dollar_sign_in_a_files_name_is_none_of_a_variable(capfd: pytest.CaptureFixture[str]) -> None:
    Path("a$b.yml").write_text(COMPOSE)
    assert guarded(cli, ["init", "--from", "a$b.yml"]) == 0
    assert guarded(cli, ["validate"]) == 0
    assert "0 errors" in capfd.readouterr().out


def test_the_fresh_spec_names_nothing_that_a_wheel_does_not_bring() -> None:
    assert guarded(cli, ["init"]) == 0
    assert "docs/" not in Path("fastflow.yml").read_text()
