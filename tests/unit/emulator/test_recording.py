"""How a recording node ends, and what supervisorctl says of it."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.emulator.applications import Site, serve
from tests.unit.emulator.conftest import PATIENCE, Nodes, Process
from tests.unit.emulator.proxying import baselines, connected, echo, finish, raw_server, through

SUPERVISORCTL = Path(__file__).parents[3] / "fastflow/emulator/bin/supervisorctl"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with serve(echo) as served:
        yield served


def test_a_stop_lets_a_request_end_and_waits_for_no_idle_client(nodes: Nodes, site: Site) -> None:
    node, port = nodes.record()
    go_on = threading.Event()
    with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", go_on, b"done") as url, connected(port) as idle:
        idle.sendall(f"GET {site.url}/idle HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        answer = http.client.HTTPResponse(idle)
        answer.begin()
        assert (answer.status, answer.read()[:1]) == (200, b"G")
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        client.request("GET", url)
        response = client.getresponse()
        node.signal(signal.SIGTERM)
        wait_until_closed(port)
        assert stays_open(nodes, node)
        go_on.set()
        assert response.read() == b"done"
        assert node.end() == 0
        assert idle.recv(1) == b""  # its client has kept it open until now
        client.close()
    assert [kept["url"] for kept in baselines(nodes)] == [f"{site.url}/idle", url]


def stays_open(nodes: Nodes, node: Process, seconds: float = 0.4) -> bool:
    """Watch that a record is not finished for so long."""
    asked = {"name": "x", "test_record_id": node.lines[-1].split("#")[1].split()[0]}
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if nodes.api.error("POST", "/v1/test_run", asked) != (400, "not_ready_for_cloning"):
            return False
    return True


def wait_until_closed(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), PATIENCE).close()
        except OSError:
            return
    raise AssertionError("it still listens")


def test_a_request_that_hangs_does_not_hold_the_end_for_ever(nodes: Nodes) -> None:
    node, port = nodes.record()
    never = threading.Event()
    with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", never) as url, connected(port) as client:
        client.sendall(f"GET {url}/ HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert client.recv(1000).startswith(b"HTTP/1.1 200")
        finish(node)  # while it hangs


def test_without_baselines_the_node_ends_with_1(nodes: Nodes) -> None:
    node, _ = nodes.record(INACTIVITY_TIMEOUT="0.2")
    assert node.end() == 1
    assert "no baseline request" in node.lines[-1]
    assert "[error]" not in node.log


def test_a_baseline_puts_off_the_end(nodes: Nodes, site: Site) -> None:
    node, port = nodes.record(INACTIVITY_TIMEOUT="1.0")
    begin = time.monotonic()
    while time.monotonic() - begin < 1.3:
        assert through(port, "GET", site.url)[0].status == 200
    assert node.end() == 1


def test_a_recorder_that_is_killed_leaves_a_record_that_cannot_be_tested(nodes: Nodes, site: Site) -> None:
    node, port = nodes.record(BUILD_ID="1")
    through(port, "GET", site.url)
    node.signal(signal.SIGKILL)
    node.end()
    code, lines = nodes.test(BUILD_ID="1")
    assert code == 1
    assert lines[-1].startswith("ERROR [1]:")
    assert "not_ready_for_cloning" in lines[-1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_before_the_record_is_there_is_no_error(nodes: Nodes, number: int) -> None:
    came = threading.Event()
    with raw_server(b"", threading.Event(), came=came) as url:
        node = nodes.start("recording", WALLARM_API_HOST=url.removeprefix("http://"))
        assert came.wait(PATIENCE)
        node.signal(number)
        assert node.end() == 0  # before it has an answer


def test_supervisorctl_tells_whether_the_proxy_runs(nodes: Nodes) -> None:
    node, port = nodes.record()

    def status(*words: str) -> tuple[int, str]:
        environment = {**os.environ, "FASTFLOW_EMULATOR_PROXY_PORT": str(port)}
        done = subprocess.run(
            [sys.executable, "-IS", SUPERVISORCTL, *words], capture_output=True, text=True, check=False, env=environment
        )
        return done.returncode, done.stdout

    code, told = status("status", "proxy")
    assert (code, told.split()[:4]) == (0, ["proxy", "RUNNING", "pid", "1,"])
    finish(node)
    code, told = status("status", "proxy")
    assert (code, told.split()[:2]) == (3, ["proxy", "STOPPED"])
    assert status("restart", "proxy") == (2, "")
