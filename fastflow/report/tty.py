"""The live table on a terminal: drawn by its own thread, so that a slow terminal does not slow the run."""

import re
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TextIO

from rich.cells import cell_len

from fastflow.plan import Plan
from fastflow.record.events import Event, RunStarted
from fastflow.report.colours import terminal_size
from fastflow.report.encoding import ERRORS, encoding_for, fit
from fastflow.report.outlet import deliver
from fastflow.report.tty_board import Board
from fastflow.report.tty_table import Terminal, table_lines

PERIOD = 0.25
"""Seconds between two pictures."""
_PATIENCE = 1.0
"""Seconds that the end waits for a terminal that accepts nothing."""
_UP, _CLEAR_LINE, _CLEAR_BELOW = "\x1b[{}A", "\x1b[K", "\x1b[J"
_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_WRAP_OFF, _WRAP_ON = "\x1b[?7l", "\x1b[?7h"
# The cursor stays visible: a process that is killed could not bring it back.


class TtyProgress:
    """A listener that shows a live table on a terminal, and notes above it. `close` takes the table away.

    Its thread ends with the terminal, without affecting the run.
    """

    def __init__(
        self,
        out: TextIO,
        plan: Plan,
        mask: Callable[[str], str],
        environment: Mapping[str, str],
        period: float = PERIOD,
        *,
        unfolds: bool = False,
    ) -> None:
        self._out = out
        self._environment = environment
        self._board = Board(plan, mask, matrices={} if unfolds else plan.matrices)
        self._period = period
        self._painter = Painter()
        self._has_begun = False
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Take an event. Until the run has begun there are only notes, because the emulator may have to be built."""
        self._board.take(event)
        if isinstance(event, RunStarted):
            self._has_begun = True
        with self._starting:
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(target=self._paint_on, name="terminal", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Show the remaining notes, and take the table away."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE)

    def _paint_on(self) -> None:
        with suppress(Exception):  # the terminal has gone, or the display has a fault: the run continues without it
            while not self._closed.is_set():
                self._paint(shows_table=self._has_begun)
                self._closed.wait(self._period)
            self._paint(shows_table=False)

    def _paint(self, *, shows_table: bool) -> None:
        width, height = terminal_size(self._out) or (80, 24)
        terminal = Terminal(self._environment, encoding_for(self._out, self._environment), width, height)
        notes = [fit(note, terminal.encoding) for note in self._board.take_notes()]
        lines = table_lines(self._board.view(), terminal) if shows_table else []
        if text := self._painter.paint(notes, lines, terminal):
            deliver(self._out, text.encode(terminal.encoding, ERRORS))


class Painter:
    """Makes the output for the next picture, in one piece; nothing if the last one is still right."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._width = 0

    def paint(self, notes: list[str], lines: list[str], terminal: Terminal) -> str:
        """Replace the last picture by `lines`, with `notes` to stay above them, as long as they are."""
        if not notes and lines == self._lines and terminal.width == self._width:
            return ""
        text = self._back(terminal) + (_CLEAR_BELOW if notes else "")
        text += "".join(f"{note}\n" for note in notes)
        # Cleared before it is written: after its last column, clearing would take the last character.
        text += _WRAP_OFF + "".join(f"{_CLEAR_LINE}{line}\n" for line in lines) + _WRAP_ON
        self._lines, self._width = lines, terminal.width
        return text + _CLEAR_BELOW

    def _back(self, terminal: Terminal) -> str:
        """Go to the first line of the last picture. A terminal that became narrower may have broken its lines."""
        is_narrower = terminal.width < self._width
        columns = (cell_len(_STYLE.sub("", line).rstrip()) for line in self._lines)
        heights = (-(-width // terminal.width) or 1 if is_narrower else 1 for width in columns)
        count = min(sum(heights), terminal.height - 1)
        return "\r" + (_UP.format(count) if count else "")
