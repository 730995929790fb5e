"""The command line of Docker when it fails, played by a script."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fastflow.engines.docker import DockerEngine
from fastflow.engines.failures import NOT_RUNNING
from fastflow.engines.workers import Workers
from fastflow.errors import EngineCallError, EngineError, EngineTimeoutError, EngineUnreachableError
from tests.unit.engines.command_lines import PROJECT, compose, environment
from tests.waiting import has_exited, until

CONTEXT = '[{"Name":"ci","Metadata":{},"Endpoints":{"docker":{"Host":"tcp://ci:2375","SkipTLSVerify":false}},"TLSMaterial":{},"Storage":{"MetadataPath":"","TLSPath":""}}]'


@pytest.fixture(autouse=True)
def no_plugins_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastflow.engines.client_config._SYSTEM_PLUGINS", ())


def engine(tmp_path: Path, script: str) -> DockerEngine:
    """An engine behind a context, whose `docker` is a script."""
    return DockerEngine(environment(tmp_path, script), context="ci")


@pytest.mark.parametrize(
    "said",
    [
        "Cannot connect to the Docker daemon at tcp://ci:2375. Is the docker daemon running?",
        "failed to connect to the docker API at tcp://ci:2375",
        "no luck with tcp://ci:2375, in words that nobody has seen",
    ],
)
def test_an_engine_that_does_not_answer_behind_a_context_is_named_in_docker_s_words(tmp_path: Path, said: str) -> None:
    lost = engine(tmp_path, f"case \"$*\" in *inspect*) echo '{CONTEXT}' ;; *) echo '{said}' >&2; exit 1 ;; esac")
    with pytest.raises(EngineUnreachableError) as caught:
        lost.info()
    assert caught.value.message == said
    assert caught.value.hint == NOT_RUNNING


def test_an_error_in_unknown_words_is_of_the_way_only_if_the_engine_does_not_answer(tmp_path: Path) -> None:
    script = 'echo "something else" >&2; exit 1'
    with pytest.raises(EngineCallError, match="something else") as caught:
        compose(tmp_path, script).config(PROJECT)
    assert type(caught.value) is EngineCallError
    with pytest.raises(EngineUnreachableError, match="something else"):
        compose(tmp_path, script, answers=False).config(PROJECT)


def test_what_an_engine_refuses_is_not_asked_about_again(tmp_path: Path) -> None:
    refused = compose(tmp_path, 'echo "Error response from daemon: odd" >&2; exit 1', answers=False)
    with pytest.raises(EngineCallError, match="odd") as caught:
        refused.config(PROJECT)
    assert type(caught.value) is EngineCallError


def test_a_call_has_exactly_its_environment_and_no_terminal(tmp_path: Path) -> None:
    told = tmp_path / "told"
    asked = compose(tmp_path, f"env >{told}; cat >>{told}; ps -o sid= -p $$ >>{told}; echo '{{}}'")
    asked.config(PROJECT)
    lines = told.read_text().splitlines()
    names = {line.partition("=")[0] for line in lines[:-1]}
    own = {"COMPOSE_ANSI", "COMPOSE_PROGRESS", "COMPOSE_PROJECT_NAME"}
    assert names <= {"PATH", "HOME", "PWD", "SHLVL", "_", "OLDPWD", "LC_CTYPE"} | own
    assert not [line for line in lines if "services" in line]


def test_a_call_that_takes_too_long_is_killed_with_what_it_started(tmp_path: Path) -> None:
    compose(tmp_path, "echo 2.40.3").version()  # so that its time is not spent on starting the worker
    slow = compose(tmp_path, f"sleep 600 & echo $! >{tmp_path}/child; wait", timeout=2.0)
    with pytest.raises(EngineTimeoutError, match="`docker compose config` did not end within 2 s"):
        slow.config(PROJECT)
    child = (tmp_path / "child").read_text().strip()
    until(lambda: has_exited(child))


def test_a_worker_that_was_started_ahead_makes_the_first_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workers = Workers()
    monkeypatch.setattr("fastflow.engines.calls.WORKERS", workers)
    workers.start({"PATH": "/usr/bin:/bin"})
    ahead = workers.process
    assert ahead is not None
    assert compose(tmp_path, "echo 2.40.3").version() == "2.40.3"
    assert workers.process is ahead
    workers.close()


def test_a_worker_that_cannot_be_started_ahead_is_no_error_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "gone"))
    workers = Workers()
    workers.start({})
    assert workers.process is None


def test_a_worker_that_somebody_kills_is_started_again(tmp_path: Path) -> None:
    from fastflow.engines.workers import WORKERS  # the one that is killed

    asked = compose(tmp_path, "echo 2.40.3")
    assert asked.version() == "2.40.3"
    assert WORKERS.process is not None
    WORKERS.process.kill()
    assert asked.version() == "2.40.3"


def test_a_missing_docker_is_named_before_compose(tmp_path: Path) -> None:
    for client in (DockerEngine({"PATH": str(tmp_path)}), DockerEngine({"PATH": str(tmp_path)}, context="ci")):
        for ask in (client.info, client.compose_version):
            with pytest.raises(EngineError, match=r"^`docker` was not found$") as caught:
                ask()
            assert caught.value.hint == "install Docker's command line, or put it on the PATH"


def test_a_missing_compose_is_told_from_one_that_does_not_run(tmp_path: Path) -> None:
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
    broken.write_text('#!/bin/sh\necho "panic: oh" >&2; exit 2\n')
    with pytest.raises(EngineError, match=r"^Docker Compose v2 cannot be run: panic: oh$"):
        without.compose_version()


def test_a_worker_that_cannot_start_is_an_error_of_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workers = Workers()
    monkeypatch.setattr("fastflow.engines.calls.WORKERS", workers)
    monkeypatch.setattr("fastflow.engines.workers.sys.executable", "/bin/false")
    with pytest.raises(EngineError, match=r"`docker compose config` cannot be run: "):
        compose(tmp_path, "echo 5.6.1").config(PROJECT)
    workers.close()


def test_a_worker_finds_fastflow_where_its_caller_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    workers = Workers()
    monkeypatch.setattr("fastflow.engines.calls.WORKERS", workers)
    assert engine(tmp_path, "echo 5.6.1").compose_version() == "5.6.1"
    assert workers.process is not None
    assert f"PYTHONPATH={tmp_path}:" in Path(f"/proc/{workers.process.pid}/environ").read_text()
    workers.close()


@pytest.mark.parametrize("version", ["v2.24.5", "2.9", "2.23.3-desktop.1"])
def test_a_compose_that_is_too_old_is_refused_by_its_version(version: str, tmp_path: Path) -> None:
    shown = version.lstrip("v")
    with pytest.raises(EngineError, match=f"^Docker Compose {shown} is too old; 2.24.6 or newer is needed$") as caught:
        engine(tmp_path, f"echo {version}").compose_version()
    assert caught.value.hint == "update the plugin of Docker Compose v2 (docker-compose-plugin)"


@pytest.mark.parametrize("version", ["2.24.6+ds1-0ubuntu2", "v2.100.0", "5.6.1", "dev"])
def test_a_newer_compose_is_taken(version: str, tmp_path: Path) -> None:
    assert engine(tmp_path, f"echo {version}").compose_version() == version.lstrip("v")


def test_a_project_that_comes_as_yaml_is_read_as_json(tmp_path: Path) -> None:
    """Compose 2.25.0 prints YAML whatever the format."""
    told = compose(tmp_path, "printf 'services:\\n  a: { image: a, init: true }\\n'").config(PROJECT)
    assert json.loads(told) == {"services": {"a": {"image": "a", "init": True}}}


def test_variables_of_a_workflow_are_in_the_environment_of_its_calls_and_not_its_name(tmp_path: Path) -> None:
    project = replace(PROJECT, environment={"browser": "chrome", "COMPOSE_PROJECT_NAME": "other"})
    told = compose(
        tmp_path, """echo "{ \\"browser\\": \\"$browser\\", \\"name\\": \\"$COMPOSE_PROJECT_NAME\\" }" """
    ).config(project)
    assert json.loads(told) == {"browser": "chrome", "name": "shop"}
