"""The output of a command that goes on in the background, line by line."""

import io
import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import IO, TYPE_CHECKING

from fastflow.engines.process import finish, kill_group

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

LONGEST_LINE = 65_536
"""Bytes of a line that are given; the rest of a longer one is dropped."""
_CLOSE_GRACE = 5.0
_OWN_ERROR = "Error response from daemon: "


class LineStream:
    """Gives the lines of a running command from a thread of its own, until it ends or is closed.

    `again` starts the same output once more, from its beginning and without following it: a follower of Docker
    20.10 that ends with its container misses a last line that has no end of line, so the end is read once more.
    """

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        on_line: Callable[[str], None],
        again: Callable[[], subprocess.Popen[bytes]] | None = None,
    ) -> None:
        self._process = process
        self._on_line = on_line
        self._again = again
        self._is_closed = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._read, daemon=True, name="engine-stream")
        self._thread.start()

    def _read(self) -> None:
        held: str | None = None
        try:
            for text in _lines(io.BufferedReader(_Whole(self._process, self._reopened))):
                if held is not None:
                    self._give(held)
                # Docker's own complaint shares the pipe; whether it is one shows when the command has ended.
                held = text if text.startswith(_OWN_ERROR) else None
                if held is None:
                    self._give(text)
            if held is not None and self._process.wait() == 0:
                self._give(held)
        finally:
            finish(self._process)

    def _reopened(self) -> subprocess.Popen[bytes] | None:
        """The command that says everything once more; None where there is none, or the first one failed."""
        if self._again is None or self._process.wait() != 0:
            return None
        with self._lock:
            if self._is_closed:
                return None
            finish(self._process)
            self._process, self._again = self._again(), None
            return self._process

    def _give(self, text: str) -> None:
        if not self._is_closed:
            self._on_line(text)

    def close(self) -> None:
        """End the command; no line is given after this returns. May be called from `on_line`."""
        self._is_closed = True
        with self._lock:
            kill_group(self._process)
        if threading.current_thread() is not self._thread:
            self._thread.join(_CLOSE_GRACE)

    def join(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for the command's own end."""
        self._thread.join(timeout)
        return not self._thread.is_alive()


class _Whole(io.RawIOBase):
    """What a command prints, and then what it missed of the same output."""

    def __init__(
        self, process: subprocess.Popen[bytes], reopened: Callable[[], subprocess.Popen[bytes] | None]
    ) -> None:
        self._source: subprocess.Popen[bytes] | None = process
        self._reopened = reopened
        self._seen = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        while self._source is not None:
            size = _piece(self._source, view)
            if size:
                self._seen += size
                return size
            self._source = self._reopened()
            if self._source is not None:
                self._skip(self._source)
        return 0

    def _skip(self, process: subprocess.Popen[bytes]) -> None:
        left = self._seen
        while left:
            size = _piece(process, memoryview(bytearray(min(left, LONGEST_LINE))))
            if not size:
                return
            left -= size


def _piece(process: subprocess.Popen[bytes], view: memoryview) -> int:
    assert isinstance(process.stdout, io.BufferedReader)
    return process.stdout.readinto1(view)


def _lines(output: IO[bytes]) -> Iterator[str]:
    while line := output.readline(LONGEST_LINE):
        piece = line
        while len(piece) == LONGEST_LINE and not piece.endswith(b"\n"):
            piece = output.readline(LONGEST_LINE)
        yield line.decode(errors="replace").rstrip("\r\n")
