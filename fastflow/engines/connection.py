"""Routes to an engine: its socket on this machine, or Docker's command line, which knows all other ways.

`docker system dial-stdio` connects its stdin and stdout to the Engine API that the command line points to (contexts,
TLS, ssh), so that engines differ only in the connection.
"""

import http.client
import select
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from fastflow.engines.process import kill_group, start

UNIX = "unix://"
_LAST_WORDS = 2.0
"""Seconds for a command line that has lost its engine to say why."""


@dataclass
class Wire:
    """A connection to an engine; requests go through `socket`, and `process` is the command line at its other end."""

    socket: socket.socket
    process: subprocess.Popen[bytes] | None = None

    def reason(self) -> str:
        """Why it broke, as far as the command line reported it."""
        if self.process is None or self.process.stderr is None:
            return ""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(_LAST_WORDS)
            return self.process.stderr.read().decode(errors="replace")
        return ""

    def close(self) -> None:
        """Let go of it."""
        self.socket.close()
        if self.process is not None:
            kill_group(self.process)
            if self.process.stderr is not None:
                self.process.stderr.close()


class Route(Protocol):
    """A route to an engine."""

    @property
    def address(self) -> str:
        """The engine's address, as in DOCKER_HOST."""

    def connect(self, timeout: float) -> Wire:
        """Connect within `timeout` seconds. Raises OSError."""


@dataclass(frozen=True)
class SocketRoute:
    """A Unix socket."""

    path: str

    @property
    def address(self) -> str:
        """The engine's address, as in DOCKER_HOST."""
        return f"{UNIX}{self.path}"

    def connect(self, timeout: float) -> Wire:
        """Connect within `timeout` seconds. Raises OSError."""
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connected.settimeout(timeout)
            connected.connect(self.path)
        except BaseException:
            connected.close()
            raise
        return Wire(connected)


@dataclass(frozen=True)
class DialledRoute:
    """Docker's command line; `words` are `docker` and the options that select the engine."""

    words: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    address: str

    def connect(self, timeout: float) -> Wire:
        """Start the command line. Only the first answer shows whether it gets through."""
        own, its = socket.socketpair()
        own.settimeout(timeout)
        with its:
            process = start([*self.words, "system", "dial-stdio"], self.environment, stream=its)
        return Wire(own, process)


class Connection(http.client.HTTPConnection):
    """An HTTP connection over a wire. It can be reused once an answer was read to its end."""

    def __init__(self, wire: Wire) -> None:
        super().__init__("localhost")
        self.wire = wire
        self.sock = wire.socket

    def connect(self) -> None:
        """Raise an error: http.client calls this only once the engine has closed the connection."""
        raise ConnectionResetError("the engine closed the connection")

    @property
    def is_fresh(self) -> bool:
        """Whether it can be reused: the engine has not closed it, nor sent anything unrequested."""
        return self.sock is not None and not select.select([self.sock], [], [], 0)[0]

    def drop(self) -> None:
        """Let go of it."""
        self.close()
        self.wire.close()


def drop_all(connections: list[Connection]) -> None:
    """Close connections that nobody uses."""
    while connections:
        connections.pop().drop()
