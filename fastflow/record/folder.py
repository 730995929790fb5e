"""A run's folder, by default `.fastflow/runs/<run>/`: events, result, logs, reports."""

import json
import os
import re
import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from fastflow.errors import FastflowError, system_reason
from fastflow.files import exists
from fastflow.masking import Masker
from fastflow.record.events import Event, LogLine, as_json
from fastflow.record.history import EVENTS_FILE, hold
from fastflow.record.place import NEXT_TO_SPEC, Checkout, RunsDir
from fastflow.record.plan_file import PLAN_FILE, PlanFile, RunImage
from fastflow.record.result import RESULT_FILE, Evidence, RunResult

_ESCAPED = "backslashreplace"
"""An answer of a node or the API may contain half a surrogate pair, which UTF-8 cannot encode: in JSON, `\\ud83d`."""


# Terminal colours and movements (ECMA-48: CSI and OSC sequences), which mean nothing in a report.
ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]")
TAIL = 20
"""The number of log lines that show why a phase failed."""
_LONGEST_SHOWN = 400  # characters of such a line


class RunFolder:
    """Writes the files of a run. Texts are masked before they are written; paths are absolute.

    An existing folder is an error, unless the run is resumed and written again.
    """

    def __init__(
        self, directory: Path, run: str, mask: Masker, runs_dir: RunsDir = NEXT_TO_SPEC, *, is_again: bool = False
    ) -> None:
        self.run = run
        self.directory = directory.absolute()
        self.runs_dir = runs_dir
        self.path = runs_dir.path(self.directory) / run
        self.mask = mask
        self._lock = threading.Lock()
        self._logs: dict[str, LogFile] = {}
        self._plan: PlanFile | None = None
        try:
            (self.path / "logs").mkdir(parents=True, exist_ok=is_again)
            if runs_dir.chosen is None:
                _hide_from_git(self.path.parent.parent)
            else:
                _hide_from_git(self.path)  # a directory chosen by the user may contain other files
                Checkout.of(self.directory).write(self.path)
            self._events: TextIO = (self.path / EVENTS_FILE).open("w", encoding="utf-8", errors=_ESCAPED)
            hold(self._events)
        except OSError as error:
            said = f"the run's folder {self.path} cannot be written: {system_reason(error)}"
            raise FastflowError(said, "choose a directory that this user can write to: --runs-dir DIR") from None

    def on_event(self, event: Event) -> None:
        """Append an event to events.jsonl as one line; a full disk does not end the run."""
        if isinstance(event, LogLine):
            return
        line = self.mask(json.dumps(as_json(event), ensure_ascii=False))
        with self._lock, suppress(OSError):
            if not self._events.closed:
                self._events.write(line + "\n")
                self._events.flush()

    def log(self, name: str) -> "LogFile":
        """Open a log of the run: `web.record`, `web.record.source-1`."""
        log = LogFile(self.path / "logs" / f"{name}.log", self.mask)
        self._logs[str(log.path)] = log
        return log

    def keep_private(self, name: str, content: bytes) -> None:
        """Store a file unchanged under this name, readable only by this user. Raises OSError."""
        path = self.path / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _put(path, content, mode=0o600)

    def evidence(self, of: str, path: str) -> Evidence | None:
        """The last lines of a log of this run; None if nothing was printed."""
        log = self._logs.get(path)
        return log.evidence(of) if log is not None else None

    def reports_of(self, phase: str, directory: str | None, base: Path) -> Path:
        """The directory for a phase's reports: its own below `directory`, else below the run's folder."""
        return (base.absolute() / directory if directory else self.path / "reports") / phase

    def write_result(self, result: RunResult) -> None:
        """Write result.json atomically: the old or the new one exists, never half of one. Raises OSError."""
        self.write_json(self.path / RESULT_FILE, result.as_json())

    def write_plan(self, plan: PlanFile) -> None:
        """Write plan.json. Raises OSError."""
        self._plan = plan
        self.write_json(self.path / PLAN_FILE, plan.as_json())

    def write_images(self, images: Iterable[RunImage]) -> None:
        """Add the images of the run to plan.json; a full disk does not end the run."""
        if self._plan is not None:
            with suppress(OSError):
                self.write_plan(replace(self._plan, images=tuple(images)))

    def write_json(self, path: Path, content: Any) -> None:
        """Write a JSON file through a temporary one next to it. Raises OSError."""
        text = self.mask(json.dumps(content, indent=2, ensure_ascii=False)) + "\n"
        path.parent.mkdir(parents=True, exist_ok=True)
        _put(path, text.encode("utf-8", _ESCAPED))

    def earlier(self) -> list[Path]:
        """The folders of earlier runs of specs in its directory, the latest first."""
        return [folder for folder in self.runs_dir.folders(self.directory) if folder.name < self.run]

    def is_of_checkout(self, run: str) -> bool:
        """Whether another run was started in the same checkout."""
        return self.runs_dir.has_from(self.directory, run)

    def close(self) -> None:
        """Close the file of events."""
        with self._lock, suppress(OSError):
            self._events.close()


def _hide_from_git(directory: Path) -> None:
    ignore = directory / ".gitignore"
    if not exists(ignore):
        ignore.write_text("*\n")


def _put(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Write a file through a temporary one next to it; `mode` is its file mode, before the user's umask."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            file.write(content)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


class LogFile:
    """A log that is written line by line, from any thread, masked."""

    def __init__(self, path: Path, mask: Callable[[str], str]) -> None:
        self.path = path
        self._mask = mask
        self._lock = threading.Lock()
        self._tail: deque[str] = deque(maxlen=TAIL)
        self._file = path.open("a", encoding="utf-8", errors="replace")

    def write(self, line: str) -> None:
        """Append one line; on a full disk it is lost from the file, but the run still evaluates it."""
        with self._lock, suppress(OSError):
            if not self._file.closed:
                masked = self._mask(line)
                self._tail.append(ESCAPES.sub("", masked)[:_LONGEST_SHOWN])
                self._file.write(masked + "\n")
                self._file.flush()

    def evidence(self, of: str) -> Evidence | None:
        """Its last lines, which show why a phase failed; None if it has none."""
        with self._lock:
            lines = tuple(self._tail)
        return Evidence(of, str(self.path), lines) if any(line.strip() for line in lines) else None

    def close(self) -> None:
        """Close the file; later lines are dropped."""
        with self._lock, suppress(OSError):
            self._file.close()
