"""The output of a command that goes on in the background, line by line."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import IO

from fastflow.engines.process import kill_group

LONGEST_LINE = 65_536
"""Bytes of a line that are given; the rest of a longer one is dropped."""
_CLOSE_GRACE = 5.0
_OWN_ERROR = "Error response from daemon: "


class LineStream:
    """Gives the lines of a running command from a thread of its own, until it ends or is closed."""

    def __init__(self, process: subprocess.Popen[bytes], on_line: Callable[[str], None]) -> None:
        self._process = process
        self._on_line = on_line
        self._is_closed = False
        self._thread = threading.Thread(target=self._read, daemon=True, name="engine-stream")
        self._thread.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        held: str | None = None
        try:
            with self._process.stdout as output:
                for text in _lines(output):
                    if held is not None:
                        self._give(held)
                    # Docker's own complaint shares the pipe; whether it is one shows when the command has ended.
                    held = text if text.startswith(_OWN_ERROR) else None
                    if held is None:
                        self._give(text)
            if held is not None and self._process.wait() == 0:
                self._give(held)
        finally:
            kill_group(self._process)

    def _give(self, text: str) -> None:
        if not self._is_closed:
            self._on_line(text)

    def close(self) -> None:
        """End the command; no line is given after this returns. May be called from `on_line`."""
        self._is_closed = True
        kill_group(self._process)
        if threading.current_thread() is not self._thread:
            self._thread.join(_CLOSE_GRACE)

    def join(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for the command's own end."""
        self._thread.join(timeout)
        return not self._thread.is_alive()


def _lines(output: IO[bytes]) -> Iterator[str]:
    while line := output.readline(LONGEST_LINE):
        piece = line
        while len(piece) == LONGEST_LINE and not piece.endswith(b"\n"):
            piece = output.readline(LONGEST_LINE)
        yield line.decode(errors="replace").rstrip("\r\n")
