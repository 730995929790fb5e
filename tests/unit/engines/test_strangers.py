"""Something listens on the engine's address that is none."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from fastflow.engines.api import EngineApi, GoneError
from fastflow.engines.calls import Calls
from fastflow.engines.connection import SocketRoute
from fastflow.errors import EngineError

PATIENCE = 10.0  # seconds


@contextmanager
def answering(path: Path, answer: bytes) -> Iterator[EngineApi]:
    """Answer every request with these bytes, whatever it asks."""

    def serve() -> None:
        with suppress(OSError):
            while True:
                with server.accept()[0] as client:
                    client.recv(65_536)
                    client.sendall(answer)

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield EngineApi(SocketRoute(str(path)), Calls(), PATIENCE)
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
        b"HTTP/1.1 500 Oops\r\nContent-Length: 6\r\n\r\n<html>",
        b"HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n{",
        b"220 mail.example ESMTP\r\n",
        b"",
    ],
)
def test_what_is_no_engine_is_an_engines_error(answer: bytes, tmp_path: Path) -> None:
    with answering(tmp_path / "docker.sock", answer) as api, pytest.raises(EngineError):
        api.get("/version")


def test_a_container_that_is_being_removed_counts_as_gone(tmp_path: Path) -> None:
    said = b'{"message": "can not get logs from container which is dead or marked for removal"}'
    answer = b"HTTP/1.1 409 Conflict\r\nContent-Length: %d\r\n\r\n%s" % (len(said), said)
    with answering(tmp_path / "docker.sock", answer) as api, pytest.raises(GoneError, match="marked for removal"):
        api.get("/containers/c1/logs")
