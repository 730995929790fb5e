"""What a run has written down so far: read while it runs, and after its death."""

import fcntl
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from fastflow.record.result import END_STATES


@dataclass(frozen=True, slots=True)
class History:
    """The phases of a run in the order of the spec, each with the last thing that was said of it."""

    phases: Mapping[str, Mapping[str, Any]]

    def state(self, phase: str) -> str:
        """The state of a phase; `waiting` until it has begun."""
        return str(self.phases.get(phase, {}).get("state", "waiting"))

    def has_ended(self, phase: str) -> bool:
        """Whether the phase has ended, however."""
        return self.state(phase) in END_STATES


def folder_of(spec: str, run: str) -> Path:
    """Where a run of a spec (by its absolute path) writes; it may be on another machine."""
    return Path(spec).parent / ".fastflow" / "runs" / run


def hold(events: TextIO) -> None:
    """Mark a run as going on by a lock on its events.jsonl, which ends with the file or the process, whatever comes.

    Where the file system has no locks, the run is not marked.
    """
    with suppress(OSError):
        fcntl.flock(events, fcntl.LOCK_EX)


def is_going_on(folder: Path) -> bool:
    """Whether the process of a run lives, on this machine, and has not ended the run; also before it has a lease."""
    try:
        with (folder / "events.jsonl").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def read_history(folder: Path) -> History | None:
    """Read events.jsonl up to its last whole line; None where it is not on this machine."""
    try:
        text = (folder / "events.jsonl").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    phases: dict[str, dict[str, Any]] = {}
    for line in text.split("\n")[:-1]:
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if not isinstance(event, dict):
            continue
        if event.get("type") == "run" and event.get("state") == "started":
            phases.update({name: {} for name in event.get("phases", ())})
        elif event.get("type") == "phase" and event.get("phase"):
            phases.setdefault(event["phase"], {}).update(event)
    return History(phases)
