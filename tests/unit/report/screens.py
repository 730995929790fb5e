"""A terminal for tests: a real pseudo-terminal whose other side is an emulated screen."""

import fcntl
import os
import pty
import struct
import termios
import threading
from collections.abc import Callable
from typing import TextIO

import pyte

PATIENCE = 20.0


class ScreenTerminal:
    """What is written to `out` goes through the kernel's pty onto `screen`, as long as it is read."""

    def __init__(self, columns: int = 80, lines: int = 24, encoding: str = "utf-8", *, is_read: bool = True) -> None:
        self.master, slave = pty.openpty()
        self.out: TextIO = os.fdopen(slave, "w", encoding=encoding)
        self.screen = pyte.HistoryScreen(columns, lines, history=1000, ratio=0.5)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self._changed = threading.Condition()
        self._is_open = True
        self.resize(columns, lines)
        self._reader = threading.Thread(target=self._read, name="screen")
        if is_read:
            self._reader.start()

    def resize(self, columns: int, lines: int) -> None:
        """Change the size as a window does: the kernel's idea of it and the screen's."""
        with self._changed:
            fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
            self.screen.resize(lines, columns)

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self.master, 65536)
            except OSError:  # the other side was closed
                return
            with self._changed:
                self.raw += data
                self._stream.feed(data)
                self._changed.notify_all()

    def _is_whole(self) -> bool:
        """Whether no picture is half written: the display lets no line wrap in between."""
        return pyte.modes.DECAWM in self.screen.mode

    def lines(self) -> list[str]:
        """The lines of a whole picture, without what is blank at the end of each and of all."""
        with self._changed:
            assert self._changed.wait_for(self._is_whole, PATIENCE), self.screen.display
            return "\n".join(line.rstrip() for line in self.screen.display).rstrip("\n").split("\n")

    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self.lines())

    def wait_for(self, is_there: Callable[[str], bool]) -> str:
        """Wait until the screen shows it; return what it shows then."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._is_whole() and is_there(self.text()), PATIENCE), self.text()
            return self.text()

    def wait_for_more(self, seen: int) -> None:
        """Wait until more than so many bytes have come."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.raw) > seen, PATIENCE)

    def colours(self) -> set[str]:
        """The colours on the screen."""
        with self._changed:
            rows = self.screen.buffer.values()
            return {cell.fg for row in rows for cell in row.values() if cell.data.strip()}

    def go_away(self) -> None:
        """Close the window, which nobody reads: whoever writes gets an error, and has ended when this returns.

        Otherwise it would write the rest to whatever gets the number of the file next: the terminal of another test.
        """
        assert not self._reader.is_alive()
        os.close(self.master)
        self._is_open = False
        for thread in threading.enumerate():
            if thread.name == "terminal":
                thread.join(PATIENCE)
                assert not thread.is_alive()

    def close(self) -> None:
        """End it after a test."""
        self.out.close()
        if self._reader.is_alive():
            self._reader.join(PATIENCE)
        if self._is_open:
            os.close(self.master)
