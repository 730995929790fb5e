"""What happens in a run, line by line: for people (plain), for programs (json), or not at all (quiet)."""

import json
import threading
import time
from collections.abc import Callable
from typing import TextIO

from fastflow.report.findings_text import clean
from fastflow.run.events import Event, Listener


class PlainProgress:
    """One line for each change of state and each note, with the seconds since the start."""

    def __init__(self, out: TextIO, mask: Callable[[str], str]) -> None:
        self._out = out
        self._mask = mask
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._width = 12

    def __call__(self, event: Event) -> None:
        """Print an event."""
        line = self._line(event)
        if line is None:
            return
        with self._lock:
            elapsed = time.monotonic() - self._began
            self._out.write(f"{elapsed:7.1f}s  {clean(self._mask(line))}\n")
            self._out.flush()

    def _line(self, event: Event) -> str | None:
        facts = event.facts
        if event.type == "run":
            return self._run(event)
        if event.type == "note":
            where = event.phase or "fastflow"
            return f"{where:<{self._width}}  {facts['message']}"
        if event.type != "phase":
            return None
        words = [str(facts["state"])]
        if facts.get("test_run"):
            words.append(f"test run {facts['test_run']}")
        elif facts.get("test_record"):
            words.append(f"test record {facts['test_record']}")
        text = ", ".join(words) + (f": {facts['reason']}" if facts.get("reason") else "")
        return f"{event.phase or '':<{self._width}}  {text}"

    def _run(self, event: Event) -> str | None:
        if event.facts["state"] == "started":
            self._width = max([12, *(len(name) for name in event.facts["phases"])])
            return f"{'run ' + event.facts['run']:<{self._width}}  {len(event.facts['phases'])} phases"
        return None


class JsonProgress:
    """Every event as one line of JSON, as in events.jsonl."""

    def __init__(self, out: TextIO, mask: Callable[[str], str]) -> None:
        self._out = out
        self._mask = mask
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Print an event."""
        if event.type == "log":
            return
        with self._lock:
            self._out.write(self._mask(json.dumps(event.as_json(), ensure_ascii=False)) + "\n")
            self._out.flush()


def progress_for(kind: str, out: TextIO, mask: Callable[[str], str]) -> Listener:
    """Make the listener for `--progress KIND`."""
    if kind == "json":
        return JsonProgress(out, mask)
    return (lambda _: None) if kind == "quiet" else PlainProgress(out, mask)
