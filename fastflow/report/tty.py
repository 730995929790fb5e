"""The live table on a terminal: drawn by a thread of its own, so that a slow terminal slows no run."""

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TextIO

from fastflow.plan import Plan
from fastflow.report.encoding import fit
from fastflow.report.tty_board import Board
from fastflow.report.tty_table import Terminal, table_lines
from fastflow.run.events import Event

PERIOD = 0.25
"""Seconds between two pictures."""
_PATIENCE = 1.0
"""Seconds that the end waits for a terminal that takes nothing."""
_UP, _CLEAR_LINE, _CLEAR_BELOW = "\x1b[{}A", "\x1b[K", "\x1b[J"
_WRAP_OFF, _WRAP_ON = "\x1b[?7l", "\x1b[?7h"
# The cursor stays visible: a process that is killed could not bring it back.


class TtyProgress:
    """A listener that shows a live table on a terminal, and notes above it. `close` takes the table away.

    Its thread ends when the terminal does; the run hears nothing of it.
    """

    def __init__(
        self,
        out: TextIO,
        plan: Plan,
        mask: Callable[[str], str],
        environment: Mapping[str, str],
        period: float = PERIOD,
    ) -> None:
        self._out = out
        self._environment = environment
        self._board = Board(plan, mask)
        self._period = period
        self._painter = Painter()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._paint_on, name="terminal", daemon=True)
        self._is_started = False

    def __call__(self, event: Event) -> None:
        """Take notice of an event."""
        self._board.take(event)
        if event.type == "run" and event.facts.get("state") == "started" and not self._is_started:
            self._is_started = True
            self._thread.start()
        elif not self._is_started and event.type == "note":
            self._paint(is_last=True)  # before the run, such as the building of the emulator: notes alone

    def close(self) -> None:
        """Show what is left to show, and take the table away."""
        self._closed.set()
        if self._is_started:
            self._thread.join(_PATIENCE)

    def _paint_on(self) -> None:
        with suppress(Exception):  # a terminal that has gone, or a fault of the display: the run goes on without it
            while not self._closed.is_set():
                self._paint()
                self._closed.wait(self._period)
            self._paint(is_last=True)

    def _paint(self, *, is_last: bool = False) -> None:
        width, height = _size(self._out)
        terminal = Terminal(self._environment, self._out.encoding or "ascii", width, height)
        notes = [fit(note, terminal.encoding) for note in self._board.take_notes()]
        lines = [] if is_last else table_lines(self._board.view(), terminal)
        text = self._painter.paint(notes, lines, terminal)
        if text:
            self._out.write(text)
            self._out.flush()


def _size(out: TextIO) -> tuple[int, int]:
    """The terminal's size now; 80 columns and 24 lines where it has none."""
    try:
        size = os.get_terminal_size(out.fileno())
    except (OSError, ValueError):
        return 80, 24
    return size.columns or 80, size.lines or 24


class Painter:
    """Makes what is to be written for the next picture, in one piece; nothing where the last one is still right."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._width = 0

    def paint(self, notes: list[str], lines: list[str], terminal: Terminal) -> str:
        """Replace the last picture by `lines`, with `notes` to stay above them."""
        if not notes and lines == self._lines and terminal.width == self._width:
            return ""
        text = self._back(terminal) + _WRAP_OFF
        text += "".join(f"{line}{_CLEAR_LINE}\n" for line in lines)
        if notes:
            head = self._back(terminal) + "".join(f"{note}{_CLEAR_LINE}\n" for note in notes)
            text = head + _WRAP_OFF + "".join(f"{line}{_CLEAR_LINE}\n" for line in lines)
        self._lines, self._width = lines, terminal.width
        return text + _CLEAR_BELOW + _WRAP_ON

    def _back(self, terminal: Terminal) -> str:
        """Go to the first line of the last picture. A terminal that became narrower has broken the longer lines."""
        wide = self._width if terminal.width < self._width else 0
        each = -(-wide // terminal.width) if wide else 1
        count = min(len(self._lines) * each, terminal.height - 1)
        return "\r" + (_UP.format(count) if count else "")
