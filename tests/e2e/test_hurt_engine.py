"""Runs on an engine that hangs, dies or is full: one of this test's own, never the machine's."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from fastflow.engines.client_config import compose_plugins
from fastflow.errors import EngineError, EngineTimeoutError
from tests.e2e.live_runs import WAITING, live_run

from .own_engine import OwnEngine, own_engine
from .runs import RECORD, TEST, Fastflow, left_of, spec, workflow

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("own-engine")]


@pytest.fixture(scope="module")
def engine() -> Iterator[OwnEngine]:
    with own_engine() as started:
        yield started


@pytest.fixture
def hurt(engine: OwnEngine, tmp_path: Path) -> Iterator[Fastflow]:
    """fastflow on the engine that is hurt; in the end nothing may be left there."""
    engine.wait()
    yield Fastflow(tmp_path, {"DOCKER_HOST": engine.address})
    assert left_of(engine.client()) == []


@pytest.mark.parametrize("by_socket", [True, False], ids=["socket", "command-line"])
def test_a_call_to_an_engine_that_hangs_ends_in_a_clear_error(engine: OwnEngine, by_socket: bool) -> None:
    client = engine.client(call_timeout=1.0, by_socket=by_socket)
    client.api.containers({})
    with (
        engine.paused(),
        pytest.raises(EngineTimeoutError, match=r"(did not answer|did not end) .*within 1 s") as caught,
    ):
        client.api.containers({})
    assert caught.value.hint == "check that the engine is not overloaded or hung"


def test_a_run_on_an_engine_that_hangs_is_ended_by_a_second_signal(
    engine: OwnEngine, hurt: Fastflow, build_id: str
) -> None:
    hurt.write(spec({"web": workflow(build_id, WAITING)}))
    with hurt.running("up", "--emulate", "--progress", "plain") as up:
        run = live_run(hurt)
        with engine.paused():
            up.send_signal(signal.SIGINT)
            assert up.stderr is not None
            assert any("stopping gracefully" in line for line in up.stderr)
            up.send_signal(signal.SIGINT)
            ended = hurt.finish(up)  # while the engine hangs
    assert ended.code == 130
    assert ended.reasons == {"web.record": "interrupted by SIGINT, while running"}
    down = hurt("down", "--run", run)
    assert down.code == 0, down.err


def test_an_engine_that_restarts_fails_the_phases_with_that_reason_and_nothing_is_left(
    engine: OwnEngine, hurt: Fastflow, build_id: str
) -> None:
    hurt.write(spec({"web": workflow(build_id, WAITING)}))
    with hurt.running("up", "--emulate", "--progress", "plain") as up:
        live_run(hurt)
        with engine.down():
            pass
        ended = hurt.finish(up)
    assert ended.code == 3, ended.err
    assert ended.states == {"web.record": "failed"}
    reason = ended.reasons["web.record"] or ""
    assert "the engine was restarted or its connection lost" in reason or "Cannot connect to the Docker" in reason
    assert ended.result["leftovers"] == []


_WORDS_OF_29 = """#!/usr/bin/env bash
exec {docker} "$@" 2> >(exec sed 's/Cannot connect to the Docker daemon at \\(.*\\)[.] Is .*/failed to connect to the \
docker API at \\1; check if the path is correct and if the daemon is running/' >&2)
"""


@pytest.fixture
def behind_a_context(engine: OwnEngine, hurt: Fastflow, tmp_path: Path) -> Fastflow:
    """fastflow on the engine behind a context, through a command line that words its failures as version 29 does."""
    config, commands = tmp_path / "config", tmp_path / "commands"
    (config / "cli-plugins").mkdir(parents=True)
    commands.mkdir()
    plugin = next(compose_plugins(dict(os.environ)))
    (config / "cli-plugins" / "docker-compose").symlink_to(plugin)
    (commands / "docker").write_text(_WORDS_OF_29.format(docker=shutil.which("docker")))
    (commands / "docker").chmod(0o755)
    environment = {"DOCKER_CONFIG": str(config), "PATH": f"{commands}:{os.environ['PATH']}"}
    create = ["docker", "context", "create", "own", "--docker", f"host={engine.address}"]
    subprocess.run(create, env=environment, check=True, capture_output=True)
    del hurt.extra["DOCKER_HOST"]
    hurt.extra.update(environment, DOCKER_CONTEXT="own")
    return hurt


def test_an_engine_that_restarts_behind_a_context_is_swept_whatever_the_words_of_the_command_line(
    engine: OwnEngine, behind_a_context: Fastflow, build_id: str
) -> None:
    fastflow = behind_a_context
    fastflow.write(spec({"web": workflow(build_id, WAITING)}))
    with fastflow.running("up", "--emulate", "--progress", "plain") as up:
        live_run(fastflow)
        with engine.down():
            told = fastflow("doctor", "--emulate")
            assert up.stderr is not None
            assert any("web.record    failed" in line for line in up.stderr)
        ended = fastflow.finish(up)
    assert ended.code == 3, ended.err
    assert ended.result["leftovers"] == []
    assert re.search(f"^not ok  engine: .*{re.escape(engine.address)}", told.out, re.MULTILINE)


def test_what_an_engine_that_stays_away_keeps_is_named_with_the_command(
    engine: OwnEngine, hurt: Fastflow, build_id: str
) -> None:
    hurt.write(spec({"web": workflow(build_id, WAITING)}))
    with hurt.running("up", "--emulate", "--progress", "plain") as up:
        run = live_run(hurt)
        with engine.down():
            ended = hurt.finish(up)
    assert ended.code == 3
    assert f"docker rm -f -v $(docker ps -aq --filter label=io.fastflow.run={run})" in ended.result["leftovers"]
    assert "could not be removed" in ended.out + ended.err
    with suppress(EngineError):
        hurt("down", "--run", run)


def test_a_full_disk_is_named_and_nothing_is_left(engine: OwnEngine, hurt: Fastflow, build_id: str) -> None:
    hurt.write(spec({"web": workflow(build_id, {"record": RECORD, "test": TEST})}))
    assert hurt("emulator", "up").code == 0
    with engine.full():
        ended = hurt("up", "--emulate")
    assert ended.code == 3
    assert "no space left on device" in ended.out + ended.err
