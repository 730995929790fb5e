"""A writer for a run's output that never blocks on a slow reader."""

import os
import select
import threading
from collections import deque
from contextlib import suppress
from typing import TextIO

from fastflow.report.encoding import ERRORS

LIMIT = 8 * 2**20
"""Maximum number of bytes that wait for a reader; further output is left out, with a note."""
PATIENCE = 3.0
"""Seconds that the end waits for a reader that reads nothing at all."""
_PIECE = 4096  # bytes that a pipe takes in one piece
_WAIT = 1.0


def deliver(out: TextIO, data: bytes) -> None:
    """Write bytes to a stream, however long its reader takes; raises OSError or ValueError if it is gone.

    It bypasses Python's own buffers: a thread that is stuck in them would keep others from writing, and the process
    from ending. A stream within this process gets them as text.
    """
    try:
        number = out.fileno()
    except (OSError, ValueError):  # a stream within this process
        out.write(data.decode("utf-8", "replace"))
        out.flush()
        return
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(number, rest[:_PIECE]) :]
        except BlockingIOError:  # another process has made the terminal non-blocking
            select.select([], [number], [], _WAIT)


class Outlet:
    """Writes to a stream from its own thread. `write` never waits and never fails."""

    def __init__(self, out: TextIO, encoding: str = "utf-8", limit: int = LIMIT) -> None:
        self._out = out
        self._encoding = encoding
        self._limit = limit
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._lost = 0
        self._pieces = 0
        self._is_open = True
        self._thread: threading.Thread | None = None
        self._changed = threading.Condition()

    def write(self, text: str) -> None:
        """Queue a text after all earlier ones."""
        data = text.encode(self._encoding, ERRORS)
        with self._changed:
            if not self._is_open:
                return
            if self._size + len(data) > self._limit:
                self._lost += 1
                return
            self._waiting.append(data)
            self._size += len(data)
            if self._thread is None:
                self._thread = threading.Thread(target=self._write_on, name="outlet", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def close(self, patience: float = PATIENCE) -> None:
        """Wait until everything is written, or until nothing was written for a number of seconds."""
        with self._changed:
            self._is_open = False
            self._changed.notify_all()
            while self._thread is not None and self._goes_on(self._pieces, patience):
                pass

    def _goes_on(self, seen: int, patience: float) -> bool:
        return self._changed.wait_for(lambda: self._thread is None or self._pieces != seen, patience)

    def _write_on(self) -> None:
        with suppress(Exception):  # its reader is gone, or it is not a stream: in any case, the run goes on
            while (data := self._next()) is not None:
                for start in range(0, len(data), _PIECE):
                    deliver(self._out, data[start : start + _PIECE])
                    with self._changed:
                        self._pieces += 1
                        self._changed.notify_all()
        with self._changed:
            self._is_open, self._thread = False, None
            self._waiting.clear()
            self._changed.notify_all()

    def _next(self) -> bytes | None:
        """The next bytes to write; None if there will be no more."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._lost or not self._is_open)
            if self._waiting:
                data = self._waiting.popleft()
                self._size -= len(data)
                return data
            if self._lost:
                lost, self._lost = self._lost, 0
                return f"... {lost} lines were left out, because they were not read in time\n".encode("ascii")
            return None
