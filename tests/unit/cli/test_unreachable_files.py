"""Names that lead to no file at all: each command says so, wherever they were written."""

from pathlib import Path

import pytest

from fastflow.cli.boundary import guarded
from fastflow.cli.main import cli

LONG = f"{'long' * 70}.yml"
BELOW = f"{'long' * 70}/fastflow.yml"
CIRCLE = "circle.yml"
UNREACHABLE = pytest.mark.parametrize("name", [LONG, BELOW, CIRCLE], ids=["long", "below", "circle"])
GOOD = "workflows: { web: { build_id: 1, nodes: { record: { mode: recording, source: { run: ./tests.sh } } } } }\n"
WITH_COMPOSE = GOOD.replace("build_id: 1", "build_id: 1, compose: app.yml")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / CIRCLE).symlink_to("other.yml")
    (tmp_path / "other.yml").symlink_to(CIRCLE)
    return tmp_path


@UNREACHABLE
@pytest.mark.parametrize(
    "words",
    [
        *(["validate"], ["plan"], ["graph"], ["up", "--emulate"], ["config"], ["doctor"], ["ci", "github"], ["accept"]),
        *(
            ["report", "--report", "json=-"],
            ["diff"],
            ["init", "--stdout", "--from"],
            ["validate", "--env", "--env-file"],
        ),
    ],
    ids=" ".join,
)
def test_a_command_tells_which_file_it_cannot_read(
    words: list[str], name: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "fastflow.yml").write_text(GOOD)
    assert guarded(cli, [*words, name]) == 2
    said = capsys.readouterr().err
    assert name[:20] in said
    assert "internal error" not in said


@UNREACHABLE
@pytest.mark.parametrize(
    ("spec", "app"),
    [
        (f"include: [NAME]\n{GOOD}", "{}"),
        (GOOD.replace("build_id: 1", "build_id: 1, compose: NAME"), "{}"),
        (WITH_COMPOSE, "include: [NAME]"),
        (WITH_COMPOSE, "services: { app: { extends: { file: NAME, service: app } } }"),
    ],
    ids=["include", "compose", "Compose include", "extends"],
)
def test_validate_tells_where_the_file_is_named(
    spec: str, app: str, name: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "fastflow.yml").write_text(spec.replace("NAME", name))
    (here / "app.yml").write_text(app.replace("NAME", name))
    assert guarded(cli, ["validate"]) == 2
    said = capsys.readouterr().out
    assert "cannot be read: " in said
    assert "yml:1:" in said


@UNREACHABLE
@pytest.mark.parametrize(
    "app",
    [
        "services: { app: { image: app, env_file: NAME } }",
        "services: { app: { build: NAME } }",
        "services: { app: { build: { context: ., dockerfile: NAME } } }",
        "{ services: { app: { image: app, volumes: [./NAME:/data] } }, configs: { one: { file: NAME } } }",
    ],
    ids=["env_file", "build", "Dockerfile", "mount"],
)
def test_what_only_docker_compose_opens_is_left_to_it(app: str, name: str, here: Path) -> None:
    (here / "fastflow.yml").write_text(WITH_COMPOSE)
    (here / "app.yml").write_text(app.replace("NAME", name))
    assert guarded(cli, ["validate"]) == 0
    assert guarded(cli, ["plan"]) == 0
