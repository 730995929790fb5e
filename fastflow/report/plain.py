"""What happens in a run, one line for each event: for pipes, for files, for the logs of CI systems."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fastflow.record.events import Event
from fastflow.record.result import END_STATES
from fastflow.report.outlet import Outlet
from fastflow.report.plain_ci import inert
from fastflow.report.text import count, duration, without_breaks
from fastflow.report.words import progress_text

PERIOD = 30.0
"""Seconds between two lines on how far one test run is, unless it found another vulnerability."""
_NARROWEST = 12
_OWN = "fastflow"
_IDS = ("test_run", "test_record")  # of both, the test run: its record was told when it was made


class PlainProgress:
    """A listener that writes the seconds since the start, the phase, and what happened.

    `names` are the phases that will be told of: their column is as wide as the longest.
    """

    def __init__(
        self,
        outlet: Outlet,
        mask: Callable[[str], str],
        names: Iterable[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._outlet = outlet
        self._mask = mask
        self._clock = clock
        self._began = clock()
        self._width = max([_NARROWEST, *map(len, names)])
        self._run = ""
        self._starts: dict[str, float] = {}
        self._ids: dict[str, str] = {}
        self._told: dict[str, tuple[float, Any]] = {}

    def __call__(self, event: Event) -> None:
        """Print an event."""
        text = self._text(event)
        if text is None:
            return
        elapsed = self._clock() - self._began
        line = f"{event.phase or _OWN:<{self._width}}  {text}"
        self._outlet.write(f"{elapsed:7.1f}s  {inert(self._mask(without_breaks(line)))}\n")

    def close(self) -> None:
        """Wait for what is not written yet."""
        self._outlet.close()

    def _text(self, event: Event) -> str | None:
        facts = event.facts
        if event.type == "run":
            return self._of_run(facts)
        if event.type == "note":
            return str(facts["message"])
        if event.type == "phase":
            return self._state(event.phase or "", facts)
        return self._progress(event) if event.type == "progress" and event.phase else None

    def _of_run(self, facts: Mapping[str, Any]) -> str | None:
        if facts["state"] == "started":
            self._run = str(facts["run"])
            return f"run {self._run}: {count(len(facts['phases']), 'phase')}"
        if facts["state"] == "ended":
            return f"run {self._run} ended, exit code {facts['exit_code']}"
        return None  # refused: the error says so

    def _state(self, phase: str, facts: Mapping[str, Any]) -> str:
        """Tell an id once, and at the end: what it is searched for by."""
        state, now = str(facts["state"]), self._clock()
        text = state
        if state == "starting":
            self._starts.setdefault(phase, now)
            text += f", attempt {facts['attempts']}" if facts.get("attempts", 1) > 1 else ""
        is_end = state in END_STATES
        if is_end and phase in self._starts:
            text += f" after {duration(now - self._starts[phase])}"
        named = next((f"{key.replace('_', ' ')} {facts[key]}" for key in _IDS if facts.get(key)), "")
        if named and (is_end or self._ids.get(phase) != named):
            self._ids[phase] = named
            text += f", {named}"
        return text + (f": {facts['reason']}" if facts.get("reason") else "")

    def _progress(self, event: Event) -> str | None:
        """Say how far it is from time to time, and whenever it has found more."""
        now, found = self._clock(), event.facts.get("vulnerabilities")
        before = self._told.get(event.phase or "")
        if before is not None and now - before[0] < PERIOD and found == before[1]:
            return None
        self._told[event.phase or ""] = (now, found)
        return progress_text(event.facts) or None
