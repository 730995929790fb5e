"""A run's events, one line for each: for pipes, files, and the logs of CI systems."""

import time
from collections.abc import Callable, Iterable

from fastflow.record.events import Event, Note, PhaseChanged, Progress, RunEnded, RunStarted
from fastflow.record.result import END_STATES
from fastflow.report.outlet import Outlet
from fastflow.report.plain_ci import inert
from fastflow.report.text import count, duration, without_breaks
from fastflow.report.words import progress_text

PERIOD = 30.0
"""Seconds between two lines on the progress of a test run, unless it found another vulnerability."""
_NARROWEST = 12
_OWN = "fastflow"


class PlainProgress:
    """A listener that writes the seconds since the start, the phase, and the event.

    `names` are the phases that will appear: their column is as wide as the longest.
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
        self._last_progress: dict[str, tuple[float, int | None]] = {}

    def __call__(self, event: Event) -> None:
        """Print an event."""
        text = self._text(event)
        if text is None:
            return
        elapsed = self._clock() - self._began
        line = f"{event.phase or _OWN:<{self._width}}  {text}"
        self._outlet.write(f"{elapsed:7.1f}s  {inert(self._mask(without_breaks(line)))}\n")

    def close(self) -> None:
        """Wait for unwritten output."""
        self._outlet.close()

    def _text(self, event: Event) -> str | None:
        match event:
            case RunStarted():
                self._run = event.run
                return f"run {event.run}: {count(len(event.phases), 'phase')}"
            case RunEnded():
                return f"run {self._run} ended, exit code {event.exit_code}"
            case Note():
                return event.message
            case PhaseChanged():
                return self._state(event)
            case Progress():
                return self._progress(event)
            case _:
                return None  # the error of a refused run says so

    def _state(self, event: PhaseChanged) -> str:
        """Show an id once, and again at the end, because users search for it."""
        text, now = str(event.state), self._clock()
        if event.state == "starting":
            self._starts.setdefault(event.phase, now)
            text += f", attempt {event.attempts}" if (event.attempts or 1) > 1 else ""
        is_end = event.state in END_STATES
        if is_end and event.phase in self._starts:
            text += f" after {duration(now - self._starts[event.phase])}"
        # If there are both, the test run: its record was shown when it was made.
        named = f"test run {event.test_run}" if event.test_run else ""
        named = named or (f"test record {event.test_record}" if event.test_record else "")
        if named and (is_end or self._ids.get(event.phase) != named):
            self._ids[event.phase] = named
            text += f", {named}"
        return text + (f": {event.reason}" if event.reason else "")

    def _progress(self, event: Progress) -> str | None:
        """Show the progress at intervals, and whenever more was found."""
        now, found = self._clock(), event.vulnerabilities
        before = self._last_progress.get(event.phase)
        if before is not None and now - before[0] < PERIOD and found == before[1]:
            return None
        self._last_progress[event.phase] = (now, found)
        return progress_text(event) or None
