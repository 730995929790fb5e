"""A client of the proxy, and servers that it is led to."""

import http.client
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.unit.emulator.applications import Asked, Told
from tests.unit.emulator.conftest import PATIENCE, Nodes, Process


def echo(asked: Asked) -> Told:
    content = "x" * int(asked.value("size") or 0) or f"{asked.method} {asked.path} {asked.values}"
    return Told(content, headers=(("X-Kept", "yes"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")))


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
