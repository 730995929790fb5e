"""The content of the live table, kept up to date by events. No terminal here: values in, values out."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from fastflow.plan import PhasePlan, Plan
from fastflow.record.events import Event, LogLine, Note, PhaseChanged, Progress, RunStarted
from fastflow.record.result import END_STATES
from fastflow.report.text import clean, one_line
from fastflow.report.tty_progress import NO_PACE, Pace
from fastflow.report.words import FAILURES, progress_text, shown_path

NO_MATRICES: Mapping[str, str] = MappingProxyType({})
_ENDED_LAST = sorted(END_STATES, key=lambda state: state == "passed")
_STATES = ("running", "ready", "starting", "stopping", "waiting", *_ENDED_LAST)
"""From the state that says the most about several rows to the one that says the least."""
_LONGEST = 4096  # characters at the start of a line, of which some may be shown
_WIDEST = 500  # characters that are wider than any terminal


@dataclass(frozen=True, slots=True)
class Row:
    """The present state of one phase. `began` and `ended` are in seconds since the display began."""

    phase: PhasePlan
    state: str = "waiting"
    began: float | None = None
    ended: float | None = None
    reason: str = ""
    ids: tuple[str, ...] = ()
    line: str = ""
    """The last line of its log."""
    pace: Pace = NO_PACE
    """The progress of its test run."""
    waits_for: tuple[str, ...] = ()
    matrix: str = ""
    """The matrix that made its workflow, if cells are shown as one."""
    cells: tuple["Row", ...] = ()
    """The rows that it stands for: one node in several cells of a matrix."""

    @property
    def workflow(self) -> str:
        """The name of its workflow."""
        return f"{self.matrix} ({len(self.cells)})" if self.cells else self.phase.workflow

    @property
    def id(self) -> str:
        """Its name."""
        return f"{self.matrix}.{self.phase.name} ({len(self.cells)})" if self.cells else self.phase.id

    @property
    def has_ended(self) -> bool:
        """Whether its state is final."""
        return self.state in END_STATES

    def elapsed(self, now: float) -> float | None:
        """How long it has run, in seconds; None before it has begun."""
        if self.began is None:
            return None
        return (self.ended if self.ended is not None else now) - self.began

    @property
    def doing(self) -> str:
        """Its present activity, or why there is none (any more)."""
        if self.cells:
            return ", ".join(f"{number} {state}" for state, number in Counter(one.state for one in self.cells).items())
        if self.state == "waiting":
            return f"after {', '.join(self.waits_for)}" if self.waits_for else "queued"
        if self.has_ended:
            return self.reason or ", ".join(self.ids)
        if self.state == "starting":
            return self.line or "services and node"
        if self.state == "stopping":
            return "stopping the node"
        progress = progress_text(self.pace.progress) if self.pace.progress else ""
        return progress or self.line or ", ".join(self.ids)


@dataclass(frozen=True, slots=True)
class View:
    """The board at one moment."""

    run: str
    now: float
    rows: tuple[Row, ...]
    to_come: tuple[str, ...]
    """The remaining phases of the critical path."""

    def first(self, number: int) -> tuple[Row, ...]:
        """The rows to show if there is room for this many: all in the plan's order, else by importance."""
        rows = folded(self.rows)
        return rows if len(rows) <= number else tuple(sorted(rows, key=self._rank)[: max(0, number)])

    def _rank(self, row: Row) -> int:
        """Running phases, then failures, then those that the end of the run waits for, then the rest."""
        if row.state in FAILURES:
            return 1
        if not row.has_ended and row.state != "waiting":
            return 0
        if row.state == "waiting":
            return 2 if any(one.phase.id in self.to_come for one in row.cells or (row,)) else 3
        return 4


def folded(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Merge one node in several cells of a matrix into a row; each that went wrong has a separate one."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        is_alone = not row.matrix or row.state in FAILURES
        groups.setdefault((row.phase.id, "") if is_alone else (row.matrix, row.phase.name), []).append(row)
    return tuple(_as_one(group) if len(group) > 1 else group[0] for group in groups.values())


def _as_one(rows: list[Row]) -> Row:
    """A row for several: with the most significant state, from the first beginning to the last end."""
    decisive = min(rows, key=lambda row: _STATES.index(row.state))
    ends = [row.ended for row in rows]
    ended = None if None in ends else max(end for end in ends if end is not None)
    began = min((row.began for row in rows if row.began is not None), default=None)
    return replace(decisive, began=began, ended=ended, cells=tuple(rows))


class Board:
    """Takes events from any thread; returns views, and the notes since the last one.

    `matrices` are those whose cells are shown as one, by the workflows that they made.
    """

    def __init__(
        self,
        plan: Plan,
        mask: Callable[[str], str],
        clock: Callable[[], float] = time.monotonic,
        matrices: Mapping[str, str] = NO_MATRICES,
    ) -> None:
        self._plan = plan
        self._mask = mask
        self._clock = clock
        self._began = clock()
        self._lock = threading.RLock()
        self._run = ""
        self._notes: list[str] = []
        self._rows = {phase.id: Row(phase, matrix=matrices.get(phase.workflow, "")) for phase in plan.selected}

    def take(self, event: Event) -> None:
        """Take an event; quick, because the run waits for it."""
        with self._lock:
            if isinstance(event, RunStarted):
                self._run = event.run
            elif isinstance(event, Note):
                self._notes.append(self._said(f"{event.phase or 'fastflow'}: {event.message}"))
            elif event.phase in self._rows:
                self._rows[event.phase] = self._changed(self._rows[event.phase], event)

    def _changed(self, row: Row, event: Event) -> Row:
        match event:
            case LogLine():
                return replace(row, line=self._said(event.line) or row.line)
            case Progress():
                return replace(row, pace=row.pace.after(event, self._clock() - self._began))
            case PhaseChanged():
                return self._moved(row, event)
            case _:
                return row

    def _moved(self, row: Row, event: PhaseChanged) -> Row:
        now = self._clock() - self._began
        has_begun = event.state not in ("waiting", "skipped", "cancelled")
        is_anew = event.state == "starting"
        return replace(
            row,
            state=event.state,
            began=now if row.began is None and has_begun else row.began,
            ended=now if event.state in END_STATES else None,
            reason=self._said(event.reason or ""),
            ids=tuple(known for known in (event.test_record, event.test_run) if known) or row.ids,
            line="" if is_anew else row.line,
            pace=NO_PACE if is_anew else row.pace,
        )

    def _said(self, text: str) -> str:
        """Mask a text before cutting it, which could leave a part of a secret."""
        return clean(self._mask(one_line(text[:_LONGEST])))[:_WIDEST]

    def take_notes(self) -> tuple[str, ...]:
        """Return the notes since the last call."""
        with self._lock:
            notes, self._notes = tuple(self._notes), []
        return notes

    def view(self) -> View:
        """Return the present state of the board."""
        with self._lock:
            rows = dict(self._rows)
            now = self._clock() - self._began
        left = [name for name, row in rows.items() if not row.has_ended]
        shown = tuple(
            replace(row, waits_for=tuple(edge.before for edge in row.phase.dependencies if edge.before in left))
            for row in rows.values()
        )
        path = shown_path(self._plan.critical_path, len(self._rows))
        to_come = tuple(name for name in path if name in left)
        return View(self._run, now, shown, to_come)
