"""The command line of Docker when it fails, played by a script."""

import stat
from pathlib import Path

import pytest

from fastflow.engines.docker import DockerEngine
from fastflow.errors import EngineCallError, EngineError, EngineUnreachableError

CLIENT = '{"Client":{"Version":"31.0.0","Context":"ci"},"Server":null}'


def engine(tmp_path: Path, script: str) -> DockerEngine:
    """An engine behind a context, whose `docker` is a script."""
    path = tmp_path / "docker"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return DockerEngine({"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path)}, context="ci")


@pytest.mark.parametrize(
    "said",
    [
        "Cannot connect to the Docker daemon at tcp://ci:2375. Is the docker daemon running?",
        "failed to connect to the docker API at tcp://ci:2375",
        "no luck with tcp://ci:2375, in words that nobody has seen",
    ],
)
def test_an_engine_that_does_not_answer_behind_a_context_is_named_in_docker_s_words(tmp_path: Path, said: str) -> None:
    lost = engine(tmp_path, f"echo '{CLIENT}'; echo '{said}' >&2; exit 1")
    with pytest.raises(EngineUnreachableError) as caught:
        lost.info()
    assert caught.value.message == said
    assert caught.value.hint == "start Docker, or point DOCKER_HOST or the Docker context at an engine that runs"


def test_an_error_in_unknown_words_is_none_of_the_way_while_the_engine_answers(tmp_path: Path) -> None:
    there = engine(tmp_path, 'case "$*" in *version*) echo 31.0.0 ;; *) echo "something else" >&2; exit 1 ;; esac')
    with pytest.raises(EngineCallError, match="something else") as caught:
        there.networks({})
    assert type(caught.value) is EngineCallError


def test_what_an_engine_refuses_is_not_asked_about_again(tmp_path: Path) -> None:
    there = engine(tmp_path, f'echo "$*" >>{tmp_path}/calls; echo "Error response from daemon: odd" >&2; exit 1')
    with pytest.raises(EngineCallError, match="odd"):
        there.networks({})
    assert len((tmp_path / "calls").read_text().splitlines()) == 1


def test_a_missing_docker_is_named_before_compose(tmp_path: Path) -> None:
    for client in (DockerEngine({"PATH": str(tmp_path)}), DockerEngine({"PATH": str(tmp_path)}, context="ci")):
        for ask in (client.info, client.compose_version):
            with pytest.raises(EngineError, match=r"^`docker` was not found$") as caught:
                ask()
            assert caught.value.hint == "install Docker's command line, or put it on the PATH"


def test_a_missing_compose_is_told_from_one_that_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastflow.engines.command_line._SYSTEM_PLUGINS", ())
    without = engine(tmp_path, 'echo "unknown flag: --short" >&2; exit 125')
    with pytest.raises(EngineError, match=r"^Docker Compose v2 is not installed$") as caught:
        without.compose_version()
    assert "docker-compose-plugin" in (caught.value.hint or "")
    broken = tmp_path / ".docker" / "cli-plugins" / "docker-compose"
    broken.parent.mkdir(parents=True)
    broken.write_text("garbage")
    broken.chmod(0o755)
    with pytest.raises(EngineError, match=f"^Docker Compose v2 cannot be run: {broken} is not a working plugin"):
        without.compose_version()
    crashing = engine(tmp_path, 'echo "panic: oh" >&2; exit 2')
    with pytest.raises(EngineError, match=r"^Docker Compose v2 cannot be run: panic: oh$"):
        crashing.compose_version()
