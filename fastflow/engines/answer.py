"""An answer of the engine, as it comes over the socket."""

import http.client
import io
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING

from fastflow.errors import EngineError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_HEADER = 8


class Answer(io.RawIOBase):
    """An answer as it comes. Logs come in frames: 8 bytes, the last four of which say how many bytes of text follow."""

    def __init__(
        self,
        connected: socket.socket,
        response: http.client.HTTPResponse,
        errors: Callable[[], AbstractContextManager[None]],
    ) -> None:
        super().__init__()
        self._errors = errors
        self.response = response
        self._socket = connected
        self._is_framed = False
        self._is_broken = False
        self._left = 0

    def go_on(self, *, is_framed: bool) -> None:
        """Wait without a limit from now on."""
        self._socket.settimeout(None)
        self._is_framed = is_framed

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Read what has come; nothing is its end."""
        return self._fill(memoryview(buffer).cast("B"))

    def piece(self, view: memoryview) -> int:
        """Read what has come; nothing is its end, also where the engine broke off."""
        try:
            return self._fill(view)
        except (EngineError, ValueError):  # broken off, or closed while somebody waited for it
            self._is_broken = True
            return 0

    def _fill(self, view: memoryview) -> int:
        size = len(view)
        if self._is_framed:
            while not self._left:
                header = self._exactly(_HEADER)
                if len(header) < _HEADER:
                    return 0
                self._left = int.from_bytes(header[4:], "big")
            size = min(size, self._left)
        piece = self._some(size)
        view[: len(piece)] = piece
        self._left -= len(piece) if self._is_framed else 0
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
        """Whether it came to its own end."""
        return not self._is_broken

    def stop(self) -> None:
        """Let nobody wait for it any more; safe from any thread, also while another reads."""
        self._is_broken = True
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def detach(self) -> socket.socket:
        """Give the connection away; it has no time limit any more, and is not closed with the answer."""
        self._socket.settimeout(None)
        connection, self._socket = self._socket, self._socket.dup()
        return connection

    def finish(self) -> None:
        """Let go of it."""
        self.close()

    def close(self) -> None:
        """Let go of it."""
        self.response.close()
        self._socket.close()
        super().close()
