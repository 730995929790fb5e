"""The live table as lines for a terminal of a given size."""

import io
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from fastflow.report.encoding import fit
from fastflow.report.text import short_duration
from fastflow.report.tty_board import Row, View
from fastflow.report.tty_progress import progress_bar
from fastflow.report.words import FAILURES, LOOKS

_NARROW = 60
"""Below this many terminal columns, workflow and phase share one."""
_OTHER_LINES = 3
"""The number of lines besides phases: the head, what was left out, and the critical path."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """The facts about a terminal. `environment` has its TERM, COLORTERM and NO_COLOR; sizes are in characters."""

    environment: Mapping[str, str]
    encoding: str = "utf-8"
    width: int = 80
    height: int = 24


def table_lines(view: View, terminal: Terminal) -> list[str]:
    """Draw a view, at least one line shorter than the terminal, and no line wider than it."""
    room = max(1, terminal.height - 1 - _OTHER_LINES)
    rows = view.first(room)
    parts: list[RenderableType] = [_head(view), _table(view, rows, terminal)]
    shown = [one for row in rows for one in row.cells or (row,)]
    if len(shown) < len(view.rows):
        left_out = Counter(row.state for row in view.rows) - Counter(row.state for row in shown)
        parts.append(_text("… and " + ", ".join(f"{number} {state}" for state, number in left_out.items()), "dim"))
    if view.to_come:
        parts.append(_text("critical path: " + " → ".join(view.to_come), "dim"))
    lines = _rendered(Group(*parts), terminal)
    return lines[: max(1, terminal.height - 1)]


def _rendered(renderable: RenderableType, terminal: Terminal) -> list[str]:
    out = io.StringIO()
    console = Console(
        file=out,
        force_terminal=True,
        width=max(10, terminal.width),
        height=terminal.height,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
        _environ=terminal.environment,
    )
    console.print(renderable)
    return [fit(line, terminal.encoding) for line in out.getvalue().splitlines()]


def _head(view: View) -> Text:
    counts = Counter(row.state for row in view.rows)
    ended = sum(row.has_ended for row in view.rows)
    text = _text(f"run {view.run}" if view.run else "preparing", "bold")
    text.append(f"  {short_duration(view.now)}  {ended} of {len(view.rows)} ended")
    for state in ("vulnerable", "failed", "skipped", "cancelled"):
        if counts.get(state):
            text.append(f", {counts[state]} {state}", style=LOOKS[state][1])
    return text


def _table(view: View, rows: tuple[Row, ...], terminal: Terminal) -> Table:
    width = terminal.width
    table = Table.grid(padding=(0, 2, 0, 0))
    largest = max(8, width // 4)
    for name_width in (largest,) if width < _NARROW else (max(8, width // 5), max(8, width // 5)):
        table.add_column(no_wrap=True, overflow="ellipsis", max_width=name_width)
    table.add_column(no_wrap=True, min_width=12)
    table.add_column(no_wrap=True, justify="right", min_width=5)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    table.expand = True
    for row in rows:
        table.add_row(*_cells(row, view.now, terminal))
    return table


def _cells(row: Row, now: float, terminal: Terminal) -> Iterator[Text]:
    is_narrow = terminal.width < _NARROW
    symbol, style = LOOKS.get(row.state, ("·", ""))
    faint = "dim" if row.state in ("waiting", "skipped", "cancelled") else ""
    if is_narrow:
        yield _text(row.id, faint)
    else:
        yield _text(row.workflow, faint)
        yield _text(row.phase.name, faint)
    yield _text(f"{symbol} {row.state}", style)
    elapsed = row.elapsed(now)
    yield _text("" if elapsed is None else short_duration(elapsed), faint)
    is_measured = row.state == "running" and not row.cells and not is_narrow
    bar = progress_bar(row.pace, now, terminal.width, terminal.encoding) if is_measured else None
    yield bar or _text(row.doing, style if row.state in FAILURES else "dim")


def _text(text: str, style: str = "") -> Text:
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")
