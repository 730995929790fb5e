"""Signals in every step of a run: the first stops it gracefully, the second at once; nothing is left, all is told.

Each step announces itself: in the run's file of events, or in those of the engine.
"""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fastflow.engines.docker import DockerEngine
from tests.e2e.live_runs import newest

from .runs import RECORD, TEST, Ended, Fastflow, left_of, spec, workflow

pytestmark = pytest.mark.e2e

PATIENCE = 90.0  # seconds
SLOW = "fastflow-python:3"
# A gate: it is passed when somebody writes into the fifo, which nobody does.
HANGS = "echo hangs; trap '' TERM; : > at; read line < gate"
APPLICATION = f"""
services:
  app:
    image: {SLOW}
    command: [python3, -m, http.server, "80", --directory, /usr/share]
    stop_signal: SIGKILL
  tests:
    image: {SLOW}
    profiles: [tests]
    command: [wget, -q, -O, /dev/null, "http://app/?page=1"]
    environment: {{ http_proxy: "http://fast:8080" }}
  never: {{ image: {SLOW}, command: [sleep, "1000"], stop_signal: SIGKILL }}
  tarpit: {{ image: "127.0.0.1:PORT/tar/pit:1", profiles: [pit] }}
  slow: {{ build: built, profiles: [slow] }}
"""


@dataclass(frozen=True)
class Step:
    """A step of a run: the nodes that lead there, how it shows, and the state of `phase` that it is in."""

    name: str
    nodes: dict[str, str]
    is_there: Callable[[Fastflow, str], bool]
    phase: str = "web.record"
    state: str = "waiting"


def told(fastflow: Fastflow, run: str) -> list[dict[str, object]]:
    """The events of a run up to the last whole line."""
    path = fastflow.directory / ".fastflow/runs" / run / "events.jsonl"
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text.split("\n")[:-1]]


def in_state(phase: str, state: str) -> Callable[[Fastflow, str], bool]:
    def look(fastflow: Fastflow, run: str) -> bool:
        return any(event.get("phase") == phase and event.get("state") == state for event in told(fastflow, run))

    return look


def noted(text: str) -> Callable[[Fastflow, str], bool]:
    def look(fastflow: Fastflow, run: str) -> bool:
        return any(text in str(event.get("message")) for event in told(fastflow, run))

    return look


def at_gate(fastflow: Fastflow, _: str) -> bool:
    return (fastflow.directory / "at").exists()


def has_container(service: str) -> Callable[[Fastflow, str], bool]:
    def look(_: Fastflow, run: str) -> bool:
        filters = [
            "--filter",
            f"label=io.fastflow.run={run}",
            "--filter",
            f"label=com.docker.compose.service={service}",
        ]
        return bool(subprocess.run(["docker", "ps", "-q", *filters], capture_output=True, check=True).stdout)

    return look


SOURCE = "source: { service: tests }"
UP = "services: { app: { log: Serving HTTP } }"
STEPS = [
    Step("pull", {"record": RECORD.replace(SOURCE, "source: { service: tarpit }")}, noted("pulling")),
    Step("build", {"record": RECORD.replace(SOURCE, "source: { service: slow }")}, noted("building")),
    Step(
        "services",
        {"record": RECORD.replace(UP, "services: { never: { log: never said } }")},
        has_container("never"),
        state="starting",
    ),
    Step("ready", {"record": RECORD + "ready: { log: never said }\n"}, has_container("fast-record"), state="starting"),
    Step("source", {"record": RECORD.replace(SOURCE, f'source: {{ run: "{HANGS}" }}')}, at_gate, state="running"),
    Step("no source", {"record": RECORD.replace(SOURCE, "")}, in_state("web.record", "running"), state="running"),
    Step("stop", {"record": RECORD}, in_state("web.record", "stopping")),
    Step(
        "testing", {"record": RECORD, "test": TEST}, in_state("web.test", "running"), phase="web.test", state="running"
    ),
    Step("removal", {"record": RECORD}, in_state("web.record", "passed")),
]
TWICE = [step for step in STEPS if step.name in ("build", "services", "source", "testing")]


@pytest.fixture
def deaf() -> Iterator[socket.socket]:
    """A registry that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def started(fastflow: Fastflow, build_id: str, step: Step, deaf: socket.socket) -> "tuple[subprocess.Popen[str], str]":
    """Start a run, and wait until it is in a step."""
    built = fastflow.directory / "built"
    built.mkdir()
    (built / "Dockerfile").write_text(f"FROM {SLOW}\nRUN sleep 30; echo {build_id}\n")
    os.mkfifo(fastflow.directory / "gate")
    application = APPLICATION.replace("PORT", str(deaf.getsockname()[1]))
    fastflow.write(spec({"web": workflow(build_id, step.nodes, application=application)}))
    process = fastflow.start("up", "--emulate", "--progress", "plain")
    run = newest(fastflow)
    deadline = time.monotonic() + PATIENCE
    while not step.is_there(fastflow, run):
        assert process.poll() is None, fastflow.finish(process).err
        assert time.monotonic() < deadline, f"the run never came to {step.name}"
        time.sleep(0.01)
    return process, run


def is_told(ended: Ended, step: Step, name: str) -> None:
    """The result and the events say the same: what was cancelled, by what, in which step."""
    events = [json.loads(line) for line in (ended.folder / "events.jsonl").read_text().splitlines()]
    last = {event["phase"]: event["state"] for event in events if event["type"] == "phase"}
    assert last == ended.states
    assert set(ended.states.values()) <= {"cancelled", "passed"}
    assert ended.result["exit_code"] == ended.code
    if step.name not in ("stop", "removal"):
        assert ended.states[step.phase] == "cancelled"
        assert ended.reasons[step.phase] == f"interrupted by {name}, while {step.state}"


def is_alive(directory: Path) -> list[str]:
    """The processes that work in a directory: commands of sources."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if (path / "cwd").readlink() == directory:
                found.append((path / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name.replace(" ", "-"))
def test_one_signal_ends_a_run_gracefully_in_every_step(
    step: Step, fastflow: Fastflow, docker_engine: DockerEngine, build_id: str, deaf: socket.socket
) -> None:
    name = ("SIGINT", "SIGTERM", "SIGHUP")[STEPS.index(step) % 3]
    process, run = started(fastflow, build_id, step, deaf)
    process.send_signal(signal.Signals[name])
    ended = fastflow.finish(process)
    assert ended.code == 128 + signal.Signals[name], ended.err
    is_told(ended, step, name)
    assert left_of(docker_engine, run) == []
    assert is_alive(fastflow.directory) == []


@pytest.mark.parametrize("step", TWICE, ids=lambda step: step.name)
def test_a_second_signal_ends_it_at_once(
    step: Step, fastflow: Fastflow, docker_engine: DockerEngine, build_id: str, deaf: socket.socket
) -> None:
    process, run = started(fastflow, build_id, step, deaf)
    process.send_signal(signal.SIGINT)
    until_stopping(fastflow, run, process)
    process.send_signal(signal.SIGTERM)
    ended = fastflow.finish(process)
    assert ended.code in (130, 143), ended.err
    assert ended.result["exit_code"] == 130
    assert ended.states[step.phase] == "cancelled"
    fastflow("down", "--run", run)
    assert left_of(docker_engine, run) == []
    assert is_alive(fastflow.directory) == []


def until_stopping(fastflow: Fastflow, run: str, process: "subprocess.Popen[str]") -> None:
    """Wait until the first signal was heard."""
    assert process.stderr is not None
    for line in process.stderr:
        if "stopping gracefully" in line:
            return
    raise AssertionError("the first signal was not heard")
