"""A run that is still preparing is live: nobody takes what it has made for what a dead run left."""

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from fastflow.engines.docker import DockerEngine
from tests.e2e.live_runs import newest

from .runs import RUN_LABEL, TIMEOUT, Fastflow, spec, workflow

pytestmark = pytest.mark.e2e

BUILT = """
services:
  app:
    image: NAME:ci
    build: { context: NAME, network: host }
    command: [python3, -m, http.server, "80", --directory, /usr/share]
    stop_signal: SIGKILL
  tests:
    image: fastflow-python:3
    profiles: [tests]
    command: [wget, -q, -O, /dev/null, "http://app/?page=1"]
    environment: { http_proxy: "http://fast:8080" }
"""


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline


class Gate:
    """Answers a request of a build when it is opened."""

    def __init__(self) -> None:
        self.asked, self.opened = threading.Event(), threading.Event()
        gate = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                gate.asked.set()
                gate.opened.wait(TIMEOUT)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.opened.set()
    made.server.shutdown()
    made.server.server_close()


def slow(fastflow: Fastflow, gate: Gate, build_id: str, head: str = "") -> None:
    """Write a spec of two workflows: the build of one is quick, that of the other ends when the gate is opened."""
    workflows = {}
    for name, command in (("quick", "true"), ("slow", f"wget -q -O - http://127.0.0.1:{gate.server.server_port}/")):
        fastflow.write(f"FROM fastflow-python:3\nRUN {command} # {build_id}\n", f"{build_id}{name}/Dockerfile")
        application = BUILT.replace("NAME", f"{build_id}{name}")
        workflows[name] = workflow(f"{build_id}{name}", application=application)
    fastflow.write(spec(workflows, head))


@pytest.mark.parametrize("is_emulated", [True, False], ids=["emulated", "cloud"])
def test_what_a_run_builds_is_not_taken_for_a_dead_runs(
    is_emulated: bool, fastflow: Fastflow, docker_engine: DockerEngine, gate: Gate, build_id: str
) -> None:
    # Without the emulator the nodes are no nodes, which shows when all is built.
    slow(fastflow, gate, build_id, "" if is_emulated else "defaults: { image: fastflow-python:3 }")
    with fastflow.running("up", *(["--emulate"] if is_emulated else [])) as up:
        run = newest(fastflow)
        until(lambda: gate.asked.is_set() and docker_engine.api.images({RUN_LABEL: run}) != ())
        down = fastflow("down", "--all")
        assert f"run {run} is live and was left alone" in down.out
        assert docker_engine.api.images({RUN_LABEL: run}) != ()
        assert f"run {run}  live on " in fastflow("ps").out
        gate.opened.set()
        ended = fastflow.finish(up)
    assert ended.code == (0 if is_emulated else 3), ended.out + ended.err
    assert "No such image" not in ended.out + ended.err


def test_a_run_that_builds_is_interrupted_by_its_name(
    fastflow: Fastflow, docker_engine: DockerEngine, gate: Gate, build_id: str
) -> None:
    slow(fastflow, gate, build_id)
    with fastflow.running("up", "--emulate") as up:
        until(gate.asked.is_set)
        down = fastflow("down", "--run", newest(fastflow))
        assert down.code == 0, down.err
        assert fastflow.finish(up).code == 130


def test_the_emulator_stays_while_a_run_uses_it(fastflow: Fastflow, gate: Gate, build_id: str) -> None:
    slow(fastflow, gate, build_id)
    with fastflow.running("up", "--emulate") as up:
        until(gate.asked.is_set)
        for command in ("down", "reset"):
            refused = fastflow("emulator", command)
            assert refused.code == 3
            assert "the emulated cloud is in use by run " in refused.err
            assert f"run {newest(fastflow)} of {fastflow.directory}" in refused.err
            assert "--force" in refused.err
        assert fastflow("emulator", "status").code == 0
        gate.opened.set()
        assert fastflow.finish(up).code == 0
