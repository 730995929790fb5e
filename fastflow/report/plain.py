"""What happens in a run, one line for each event: for pipes, for files, for the logs of CI systems."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from fastflow.report.outlet import Outlet
from fastflow.report.plain_ci import inert
from fastflow.report.progress_text import progress_text
from fastflow.run.events import Event

PERIOD = 30.0
"""Seconds between two lines on how far one test run is, unless it found another vulnerability."""
_NARROWEST = 12


class PlainProgress:
    """A listener that writes the seconds since the start, the phase, and what happened."""

    def __init__(self, outlet: Outlet, mask: Callable[[str], str], clock: Callable[[], float] = time.monotonic) -> None:
        self._outlet = outlet
        self._mask = mask
        self._clock = clock
        self._began = clock()
        self._width = _NARROWEST
        self._told: dict[str, tuple[float, Any]] = {}

    def __call__(self, event: Event) -> None:
        """Print an event."""
        text = self._text(event)
        if text is None:
            return
        elapsed = self._clock() - self._began
        line = f"{event.phase or self._subject(event):<{self._width}}  {text}"
        self._outlet.write(f"{elapsed:7.1f}s  {inert(self._mask(_in_one_line(line)))}\n")

    def close(self) -> None:
        """Wait for what is not written yet."""
        self._outlet.close()

    @staticmethod
    def _subject(event: Event) -> str:
        return f"run {event.facts['run']}" if "run" in event.facts else "fastflow"

    def _text(self, event: Event) -> str | None:
        facts = event.facts
        if event.type == "run":
            return self._run(facts)
        if event.type == "note":
            return str(facts["message"])
        if event.type == "phase":
            return _state(facts)
        return self._progress(event) if event.type == "progress" and event.phase else None

    def _run(self, facts: Mapping[str, Any]) -> str | None:
        if facts["state"] != "started":
            return None
        names = facts["phases"]
        self._width = max([_NARROWEST, *map(len, names)])
        return f"{len(names)} phase{'' if len(names) == 1 else 's'}"

    def _progress(self, event: Event) -> str | None:
        """Say how far it is from time to time, and whenever it has found more."""
        now, found = self._clock(), event.facts.get("vulnerabilities")
        before = self._told.get(event.phase or "")
        if before is not None and now - before[0] < PERIOD and found == before[1]:
            return None
        self._told[event.phase or ""] = (now, found)
        return progress_text(event.facts) or None


def _state(facts: Mapping[str, Any]) -> str:
    words = [str(facts["state"])]
    if facts.get("test_run"):
        words.append(f"test run {facts['test_run']}")
    elif facts.get("test_record"):
        words.append(f"test record {facts['test_record']}")
    return ", ".join(words) + (f": {facts['reason']}" if facts.get("reason") else "")


def _in_one_line(text: str) -> str:
    return " ".join(text.splitlines())
