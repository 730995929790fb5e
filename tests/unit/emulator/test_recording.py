"""A recording node: a real proxy, what it keeps, and how it ends."""

import base64
import http.client
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.unit.emulator.applications import Asked, Site, Told, serve
from tests.unit.emulator.conftest import Nodes, Process, free_port

PATIENCE = 20.0
SUPERVISORCTL = Path(__file__).parents[3] / "fastflow/emulator/bin/supervisorctl"


def echo(asked: Asked) -> Told:
    content = "x" * int(asked.value("size") or 0) or f"{asked.method} {asked.path} {asked.values}"
    return Told(content, headers=(("X-Kept", "yes"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")))


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with serve(echo) as served:
        yield served


def through(
    port: int, method: str, url: str, body: Any = None, **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, url, body, headers, encode_chunked="Transfer-Encoding" in headers)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def finish(node: Process) -> None:
    node.signal(signal.SIGTERM)
    assert node.end() == 0, node.log
    assert node.lines[-1].endswith("is finished")


def baselines(nodes: Nodes, build_id: str | None = None) -> list[dict[str, Any]]:
    record = nodes.api.call("POST", "/emulator/v1/records/find", {"build_id": build_id})[1]["id"]
    told = nodes.api.call("POST", "/emulator/v1/runs", {"record": record, "facts": {"name": "x"}})[1]
    found: list[dict[str, Any]] = told.get("baselines", [])
    return found


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        yield connection


def test_what_is_proxied_becomes_a_baseline(nodes: Nodes, site: Site) -> None:
    node, port = nodes.record(BUILD_ID="7", TEST_RECORD_NAME="of the\nshop")
    assert "[info] Node connected to Wallarm Cloud" in node.lines
    assert node.lines[-1].endswith(" of the shop starts to record")
    headers = {"Content-Type": "text/x", "Cookie": "a=b", "Connection": "keep-alive, X-Hop", "X-Hop": "1"}
    response, content = through(port, "POST", f"{site.url}/a%20b?c=%7e#", b"\x00\xff", **headers)
    assert (response.status, response.getheader("X-Kept"), content) == (200, "yes", b"POST /a%20b {'c': '~'}")
    assert response.msg.get_all("Set-Cookie") == ["a=1", "b=2"]
    assert "x-hop" not in site.requests[-1].headers
    finish(node)
    (kept,) = baselines(nodes, "7")
    assert (kept["method"], kept["url"]) == ("POST", f"{site.url}/a%20b?c=%7e#")
    assert base64.b64decode(kept["body"]) == b"\x00\xff"
    assert {"cookie": "a=b", "content-type": "text/x"}.items() <= {k.lower(): v for k, v in kept["headers"]}.items()
    assert not {"connection", "content-length", "proxy-connection"} & {key.lower() for key, _ in kept["headers"]}


def test_hosts_that_are_not_allowed_are_proxied_and_not_recorded(nodes: Nodes, site: Site) -> None:
    node, port = nodes.record(ALLOWED_HOSTS="(localhost|app)")
    for host in ("127.0.0.1", "localhost"):
        assert through(port, "GET", site.url.replace("127.0.0.1", host) + f"/{host}")[0].status == 200
    finish(node)
    assert [kept["url"].rpartition("/")[2] for kept in baselines(nodes)] == ["localhost"]


def test_requests_that_get_no_answer_are_not_recorded(nodes: Nodes, site: Site) -> None:
    node, port = nodes.record()
    for url in (f"http://127.0.0.1:{free_port()}/", "http://no-such-host.invalid/", f"http://{'a' * 80}.test/"):
        assert through(port, "GET", url)[0].status == 502
    assert through(port, "GET", "/origin-form")[0].status == 400
    for url in ("http://[::1/", "http://a:99999/", "http://:80/", "ftp://a/"):
        with connected(port) as client:
            client.sendall(f"GET {url} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert client.recv(100).startswith(b"HTTP/1.1 400")
    assert through(port, "GET", f"{site.url}/good")[0].status == 200
    finish(node)
    assert [kept["url"] for kept in baselines(nodes)] == [f"{site.url}/good"]


def test_one_connection_serves_many_requests_of_all_kinds(nodes: Nodes, site: Site) -> None:
    node, port = nodes.record()
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    client.request("HEAD", f"{site.url}/head")
    response = client.getresponse()
    assert (response.status, response.read()) == (200, b"")
    assert response.getheader("Content-Length") == str(len("HEAD /head {}"))
    client.request("GET", f"{site.url}/?size=3000000")
    assert len(client.getresponse().read()) == 3_000_000
    client.request("PUT", f"{site.url}/chunks", iter([b"ab", b"cd"]), encode_chunked=True)
    assert client.getresponse().read() == b"PUT /chunks {}"
    client.request("GET", f"{site.url}/up", headers={"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c"})
    assert client.getresponse().read() == b"GET /up {}"
    client.request("POST", f"{site.url}/last", b"y" * 2_000_000)
    assert client.getresponse().read() == b"POST /last {}"
    client.close()
    finish(node)
    kept = baselines(nodes)
    assert [one["method"] for one in kept] == ["HEAD", "GET", "PUT", "GET", "POST"]
    assert [len(base64.b64decode(one["body"])) for one in kept] == [0, 0, 4, 0, 2_000_000]


def test_a_client_that_expects_to_be_asked_is_asked(nodes: Nodes, site: Site) -> None:
    node, port = nodes.record()
    head = f"POST {site.url}/e HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    with connected(port) as client:
        client.sendall(head.encode())
        assert client.recv(1000).startswith(b"HTTP/1.1 100")
        client.sendall(b"ok")
        assert client.recv(1000).startswith(b"HTTP/1.1 200")
    finish(node)
    assert "Expect" not in dict(baselines(nodes)[0]["headers"])


@contextmanager
def raw_server(
    answer: bytes, then: threading.Event | None = None, rest: bytes = b"", came: threading.Event | None = None
) -> Iterator[str]:
    """One answer to one connection, byte for byte; the rest when a test says so."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve_one() -> None:
        with listener.accept()[0] as client:
            client.recv(65_536)
            if came is not None:
                came.set()
            client.sendall(answer)
            if then is not None:
                then.wait(PATIENCE)
                client.sendall(rest)

    thread = threading.Thread(target=serve_one)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        if then is not None:
            then.set()
        thread.join()
        listener.close()


def test_a_response_comes_through_as_it_is_sent(nodes: Nodes) -> None:
    _, port = nodes.record()
    go_on = threading.Event()
    chunk = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n"
    with raw_server(chunk, go_on, b"4\r\nlast\r\n0\r\n\r\n") as url:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        client.request("GET", url)
        response = client.getresponse()
        assert response.read(5) == b"first"
        go_on.set()
        assert response.read() == b"last"
        client.close()


def test_a_response_that_breaks_off_is_no_baseline(nodes: Nodes, site: Site) -> None:
    node, port = nodes.record()
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"
    with raw_server(half) as url, pytest.raises(http.client.IncompleteRead):
        through(port, "GET", url)
    with raw_server(b"this is no HTTP\r\n\r\n") as url:
        assert through(port, "GET", url)[0].status == 502
    assert through(port, "GET", f"{site.url}/good")[0].status == 200
    finish(node)
    assert [kept["url"] for kept in baselines(nodes)] == [f"{site.url}/good"]


def test_broken_clients_do_not_stop_the_proxy(nodes: Nodes, site: Site) -> None:
    node, port = nodes.record()
    for text in (b"", b"nonsense\r\n\r\n", b"\x16\x03\x01", b"GET http://x HTTP/9.9\r\n\r\n", b"A" * 400_000):
        with connected(port) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.sendall(text)
    with connected(port) as client:
        client.sendall(f"GET {site.url}/?size=9000000 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        client.recv(10)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert through(port, "GET", f"{site.url}/good")[0].status == 200
    finish(node)
    assert "Traceback" not in node.log
    assert f"{site.url}/good" in [kept["url"] for kept in baselines(nodes)]


def test_a_tunnel_passes_bytes_both_ways_and_records_none(nodes: Nodes, site: Site) -> None:
    node, port = nodes.record()
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    client.set_tunnel(site.host)
    client.request("GET", "/in-tunnel")
    assert client.getresponse().read() == b"GET /in-tunnel {}"
    client.close()
    for target in (f"127.0.0.1:{free_port()}", "no port", "127.0.0.1:99999999999"):
        with connected(port) as raw:
            raw.sendall(f"CONNECT {target.replace(' ', '')} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert raw.recv(100).startswith(b"HTTP/1.1 502")
    finish(node)
    assert baselines(nodes) == []


def test_a_stop_lets_a_request_end_and_waits_for_no_idle_client(nodes: Nodes, site: Site) -> None:
    node, port = nodes.record()
    go_on = threading.Event()
    with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", go_on, b"done") as url, connected(port) as idle:
        idle.sendall(f"GET {site.url}/idle HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert idle.recv(1000).startswith(b"HTTP/1.1 200")
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        client.request("GET", url)
        response = client.getresponse()
        node.signal(signal.SIGTERM)
        wait_until_closed(port)
        assert stays_open(nodes, node)
        go_on.set()
        assert response.read() == b"done"
        begin = time.monotonic()
        assert node.end() == 0
        assert time.monotonic() - begin < 3
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


def test_a_request_that_hangs_holds_the_end_for_seconds_only(nodes: Nodes) -> None:
    node, port = nodes.record()
    never = threading.Event()
    with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", never) as url, connected(port) as client:
        client.sendall(f"GET {url}/ HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert client.recv(1000).startswith(b"HTTP/1.1 200")
        begin = time.monotonic()
        finish(node)
        assert time.monotonic() - begin < 4.5


def test_without_baselines_the_node_ends_with_1(nodes: Nodes) -> None:
    node, _ = nodes.record(INACTIVITY_TIMEOUT="0.2")
    assert node.end() == 1
    assert "no baseline request" in node.lines[-1]
    assert "[error]" not in node.log


def test_a_baseline_puts_off_the_end(nodes: Nodes, site: Site) -> None:
    node, port = nodes.record(INACTIVITY_TIMEOUT="0.6")
    begin = time.monotonic()
    while time.monotonic() - begin < 0.8:
        assert through(port, "GET", site.url)[0].status == 200
    assert node.end() == 1
    assert time.monotonic() - begin > 1.3


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
        begin = time.monotonic()
        node.signal(number)
        assert node.end() == 0
        assert time.monotonic() - begin < 2


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
