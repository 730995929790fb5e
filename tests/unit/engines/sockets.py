"""An engine on a socket that gives answers of the test's, byte for byte."""

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from fastflow.engines.api import EngineApi
from fastflow.engines.calls import Calls
from fastflow.engines.connection import SocketRoute
from fastflow.engines.docker_api import DockerApi
from tests.waiting import PATIENCE

PING = b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nDate: Tue, 24 Nov 2026 09:00:00 GMT\r\nContent-Length: 2\r\n\r\nOK"
HANGS = b""


@dataclass
class Server:
    """Answers with what `answers` has for `GET /path`, the version left out; of several, each once."""

    answers: dict[str, list[bytes]]
    asked: list[str] = field(default_factory=list)
    """Every request but the first, a ping."""
    connections: int = 0
    is_over: threading.Event = field(default_factory=threading.Event)

    def serve(self, client: socket.socket) -> None:
        with client, client.makefile("rb") as reader, suppress(OSError):
            while line := reader.readline().decode():
                method, target, _ = line.split()
                headers = dict(one.decode().lower().strip().split(": ", 1) for one in iter(reader.readline, b"\r\n"))
                reader.read(int(headers.get("content-length", "0")))
                path = target.removeprefix("/v1.41")
                if path == "/_ping":
                    client.sendall(PING)
                    continue
                self.asked.append(f"{method} {path}")
                known = self.answers[f"{method} {path.partition('?')[0]}"]
                answer = known.pop(0) if len(known) > 1 else known[0]
                if answer == HANGS:
                    self.is_over.wait()
                client.sendall(answer)
                if b"Connection: close" in answer:
                    return


@contextmanager
def serving(
    directory: Path, answers: Mapping[str, bytes | list[bytes]], *, timeout: float = PATIENCE
) -> Iterator[tuple[Server, DockerApi]]:
    """An engine on a socket, and a client of it."""
    server = Server({request: [one] if isinstance(one, bytes) else one for request, one in answers.items()})

    def accept() -> None:
        with suppress(OSError):
            while True:
                client = listener.accept()[0]
                server.connections += 1
                threading.Thread(target=server.serve, args=(client,), daemon=True).start()

    path = directory / "docker.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield server, DockerApi(EngineApi(SocketRoute(str(path)), Calls(), timeout))
        finally:
            server.is_over.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def answer(content: object, status: str = "200 OK", headers: str = "") -> bytes:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


def chunks(*pieces: bytes, is_whole: bool = True) -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + (b"0\r\n\r\n" if is_whole else b"")
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + body


def frame(text: str, stream: int = 1) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(text.encode()).to_bytes(4, "big") + text.encode()
