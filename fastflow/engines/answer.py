"""An answer of the engine, as it arrives over the socket."""

import http.client
import io
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING

from fastflow.engines.connection import Connection
from fastflow.errors import EngineError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_HEADER = 8
_MOST_IDLE = 4
"""The number of connections kept for the next requests."""


class Answer(io.RawIOBase):
    """An answer as it arrives. Logs come in frames: 8 bytes, whose last four are the number of bytes that follow."""

    def __init__(
        self,
        connection: Connection,
        response: http.client.HTTPResponse,
        errors: Callable[[], AbstractContextManager[None]],
        idle: list[Connection],
    ) -> None:
        super().__init__()
        self._errors = errors
        self.response = response
        self._connection = connection
        self._idle = idle
        self.is_framed = False
        self._is_broken = False
        self._is_given = False
        self._serves_again = True
        self._left = 0

    def go_on(self, *, is_framed: bool) -> None:
        """Wait without a time limit from now on."""
        self._connection.wire.socket.settimeout(None)
        self._serves_again = False  # `stop` may interrupt it at any time, even after its last byte was read
        self.is_framed = is_framed

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Read the available bytes; none at its end."""
        return self._fill(memoryview(buffer).cast("B"))

    def piece(self, view: memoryview) -> int:
        """Read the available bytes; none at its end, also if the engine broke off."""
        try:
            return self._fill(view)
        except (EngineError, ValueError):  # interrupted, or closed during the wait
            self._is_broken = True
            return 0

    def _fill(self, view: memoryview) -> int:
        size = len(view)
        if self.is_framed:
            while not self._left:
                header = self._exactly(_HEADER)
                if len(header) < _HEADER:
                    return 0
                self._left = int.from_bytes(header[4:], "big")
            size = min(size, self._left)
        piece = self._some(size)
        view[: len(piece)] = piece
        self._left -= len(piece) if self.is_framed else 0
        return len(piece)

    def _exactly(self, size: int) -> bytes:
        held = b""
        while len(held) < size and (piece := self._some(size - len(held))):
            held += piece
        return held

    def _some(self, size: int) -> bytes:
        with self._errors():
            return self.response.read1(size)

    def whole(self) -> bytes:
        """Read all of it."""
        with self._errors():
            return self.response.read()

    def succeeded(self) -> bool:
        """Whether it ended by itself."""
        return not self._is_broken

    def stop(self) -> None:
        """End all waits for it; safe from any thread, also while another reads."""
        self._is_broken = True
        with suppress(OSError):
            self._connection.wire.socket.shutdown(socket.SHUT_RDWR)

    def detach(self) -> Connection:
        """Hand over the connection; it has no time limit any more, and is not closed with the answer."""
        self._connection.wire.socket.settimeout(None)
        self._is_given = True
        return self._connection

    def close(self) -> None:
        """Close it; a connection whose answer was read to its end is reused."""
        if not self.closed and not self._is_given:
            serves = self._serves_again and self.response.isclosed() and not self.response.will_close
            self.response.close()
            if serves and len(self._idle) < _MOST_IDLE:
                self._idle.append(self._connection)
            else:
                self._connection.drop()
        super().close()
