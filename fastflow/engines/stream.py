"""Reads a continuous answer of the engine in the background, line by line."""

import io
import threading
from collections.abc import Callable, Iterator
from typing import IO, TYPE_CHECKING

from fastflow.engines.answer import Answer
from fastflow.errors import EngineError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

LONGEST_LINE = 65_536
"""Maximum number of bytes of a line; the rest of a longer one is dropped."""
_CLOSE_GRACE = 5.0


class Ended:
    """A stream that has ended, such as that of a container that is gone."""

    def close(self) -> None:
        """There is nothing to end."""

    def join(self, timeout: float) -> bool:  # noqa: ARG002  # nothing is waited for
        """It has ended."""
        return True


class LineStream:
    """Passes on the lines of an output from its own thread, until it ends or is closed.

    `again` starts the same output once more, from its beginning and without following it: a follower on Docker
    20.10 that ends with its container misses a last line without an end of line, so the end is read again.
    Raises EngineError if there is no thread left.
    """

    def __init__(
        self,
        output: Answer,
        on_line: Callable[[str], None],
        again: Callable[[], Answer] | None = None,
    ) -> None:
        self._output = output
        self._on_line = on_line
        self._again = again
        self._is_closed = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._read, daemon=True, name="engine-stream")
        try:
            self._thread.start()
        except RuntimeError as error:
            output.close()
            raise EngineError(f"the output of the engine cannot be read: {error}") from None

    def _read(self) -> None:
        try:
            for text in _lines(io.BufferedReader(_Whole(self._output, self._reopened))):
                if not self._is_closed:
                    self._on_line(text)
        finally:
            self._output.close()

    def _reopened(self) -> Answer | None:
        """The repeated output; None if there is none, or the first one failed."""
        if self._again is None or not self._output.succeeded():
            return None
        with self._lock:
            if self._is_closed:
                return None
            self._output.close()
            try:
                self._output, self._again = self._again(), None
            except EngineError:
                return None  # gone meanwhile, with its log
            return self._output

    def close(self) -> None:
        """End it; no line is passed on after this returns. May be called from `on_line`."""
        self._is_closed = True
        with self._lock:
            self._output.stop()
        if threading.current_thread() is not self._thread:
            self._thread.join(_CLOSE_GRACE)

    def join(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for it to end by itself."""
        self._thread.join(timeout)
        return not self._thread.is_alive()


class _Whole(io.RawIOBase):
    """An output, followed by the lines of it that were missed."""

    def __init__(self, output: Answer, reopened: Callable[[], Answer | None]) -> None:
        self._source: Answer | None = output
        self._reopened = reopened
        self._seen = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        while self._source is not None:
            size = self._source.piece(view)
            if size:
                self._seen += size
                return size
            self._source = self._reopened()
            if self._source is not None:
                self._skip(self._source)
        return 0

    def _skip(self, output: Answer) -> None:
        left = self._seen
        while left:
            size = output.piece(memoryview(bytearray(min(left, LONGEST_LINE))))
            if not size:
                return
            left -= size


def _lines(output: IO[bytes]) -> Iterator[str]:
    while line := output.readline(LONGEST_LINE):
        piece = line
        while len(piece) == LONGEST_LINE and not piece.endswith(b"\n"):
            piece = output.readline(LONGEST_LINE)
        yield line.decode(errors="replace").rstrip("\r\n")
