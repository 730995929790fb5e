"""The cloud and nodes as processes of their own, on free ports of the loopback interface."""

import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.unit.emulator.api import Api

PATIENCE = 20.0  # seconds until a test gives up on what it waits for
PACKAGE = Path(__file__).parents[3]


class Process:
    """A process of the emulator; its lines are read as they come."""

    def __init__(self, part: str, environment: Mapping[str, str], directory: Path) -> None:
        clean = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "LANG")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fastflow.emulator", part],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=directory,
            env={**clean, "PYTHONPATH": str(PACKAGE), "PYTHONDONTWRITEBYTECODE": "1", **environment},
        )
        self.lines: list[str] = []
        self._news: queue.Queue[str | None] = queue.Queue()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._news.put(line.rstrip("\n"))
        self._news.put(None)

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Wait for a line."""
        while (line := self._news.get(timeout=PATIENCE)) is not None:
            self.lines.append(line)
            if match := re.search(pattern, line):
                return match
        raise AssertionError(f"it ended without {pattern!r}: {self.lines}")

    def signal(self, number: int = signal.SIGTERM) -> None:
        self._process.send_signal(number)

    def end(self) -> int:
        """Wait for its end; the exit code."""
        code = self._process.wait(PATIENCE)
        self._thread.join(PATIENCE)
        while (line := self._news.get(timeout=PATIENCE)) is not None:
            self.lines.append(line)
        return code

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(PATIENCE)
        self._thread.join(PATIENCE)
        if self._process.stdout is not None:
            self._process.stdout.close()

    @property
    def log(self) -> str:
        return "\n".join(self.lines)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def host_of(cloud: Process) -> str:
    return "127.0.0.1:" + cloud.wait_for(r"port (\d+)$")[1]


@dataclass
class Nodes:
    """Starts nodes with one token."""

    host: str
    directory: Path
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    started: list[Process] = field(default_factory=list)

    @property
    def api(self) -> Api:
        return Api(self.host, self.token)

    @property
    def reports(self) -> Path:
        return self.directory / "reports"

    def start(self, mode: str, **environment: str) -> Process:
        fixed = {
            "CI_MODE": mode,
            "WALLARM_API_HOST": self.host,
            "WALLARM_API_USE_SSL": "false",
            "WALLARM_API_TOKEN": self.token,
            "FASTFLOW_EMULATOR_REPORTS": str(self.reports),
        }
        process = Process("node", {**fixed, **environment}, self.directory)
        self.started.append(process)
        return process

    def record(self, **environment: str) -> tuple[Process, int]:
        """Start a recording node that is ready; its port."""
        port = free_port()
        node = self.start("recording", FASTFLOW_EMULATOR_PROXY_PORT=str(port), **environment)
        node.wait_for("starts to record$")
        return node, port

    def test(self, **environment: str) -> tuple[int, list[str]]:
        """Run a testing node to its end; exit code and log."""
        node = self.start("testing", **environment)
        code = node.end()
        return code, node.lines


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The host with the port of a cloud that takes every token."""
    directory = tmp_path_factory.mktemp("cloud")
    process = Process(
        "cloud", {"FASTFLOW_EMULATOR_DATA": str(directory / "data"), "FASTFLOW_EMULATOR_PORT": "0"}, directory
    )
    try:
        yield host_of(process)
    finally:
        process.close()


@pytest.fixture
def nodes(cloud: str, tmp_path: Path) -> Iterator[Nodes]:
    made = Nodes(cloud, tmp_path)
    yield made
    for process in made.started:
        process.close()


@pytest.fixture
def start_cloud(tmp_path: Path) -> Iterator[Callable[..., tuple[Process, str]]]:
    """Start a cloud of the test's own, on the data that an earlier one has left."""
    started = []

    def start(**environment: str) -> tuple[Process, str]:
        fixed = {"FASTFLOW_EMULATOR_DATA": str(tmp_path / "data"), "FASTFLOW_EMULATOR_PORT": "0"}
        process = Process("cloud", {**fixed, **environment}, tmp_path)
        started.append(process)
        return process, host_of(process)

    yield start
    for process in started:
        process.close()
