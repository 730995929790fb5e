"""The events that a run has written so far, readable while it runs and after its process died."""

import fcntl
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TextIO

from pydantic import TypeAdapter, ValidationError

from fastflow.record.events import (
    Event,
    LogLine,
    Note,
    PhaseChanged,
    Progress,
    RunEnded,
    RunRefused,
    RunStarted,
)
from fastflow.record.result import State

EVENTS_FILE = "events.jsonl"


@dataclass(frozen=True)
class History:
    """The events of a run. `is_understood` is False if another version wrote some that do not fit these types."""

    events: tuple[Event, ...] = ()
    is_understood: bool = True

    @property
    def begun(self) -> RunStarted | None:
        """The beginning of the run; None before that, and if nothing could be started."""
        return next((event for event in self.events if isinstance(event, RunStarted)), None)

    @property
    def refusal(self) -> str | None:
        """Why nothing was started, if nothing was."""
        return next((event.reason for event in self.events if isinstance(event, RunRefused)), None)

    @cached_property
    def phases(self) -> Mapping[str, tuple[PhaseChanged, ...]]:
        """The changes of each phase, in the order of the spec once the run has begun."""
        found: dict[str, tuple[PhaseChanged, ...]] = {}
        for event in self.events:
            if isinstance(event, RunStarted):
                found.update(dict.fromkeys(event.phases, ()))
            elif isinstance(event, PhaseChanged):
                found[event.phase] = (*found.get(event.phase, ()), event)
        return found

    def state(self, phase: str) -> State:
        """The state of a phase; `waiting` until it has begun."""
        changes = self.phases.get(phase)
        return changes[-1].state if changes else "waiting"


def hold(events: TextIO) -> None:
    """Mark a run as running by a lock on its events.jsonl, which always ends with the file or the process.

    On file systems without locks, the run is not marked.
    """
    with suppress(OSError):
        fcntl.flock(events, fcntl.LOCK_EX)


def is_going_on(folder: Path) -> bool:
    """Whether the process of a run is alive on this machine and has not ended the run; also before it has a lease."""
    try:
        with (folder / EVENTS_FILE).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def read_history(folder: Path) -> History | None:
    """Read events.jsonl up to its last complete line; None if it is not on this machine."""
    try:
        text = (folder / EVENTS_FILE).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    events: list[Event] = []
    is_understood = True
    for line in text.split("\n")[:-1]:  # a killed run may have been writing another one
        try:
            event = event_of(json.loads(line))
        except ValidationError:
            is_understood = False
        except (ValueError, RecursionError):
            continue
        else:
            events += [event] if event is not None else []
    return History(tuple(events), is_understood)


def event_of(data: Any) -> Event | None:
    """Read an event; None if this version does not know its kind. Raises ValidationError if it does not fit that."""
    if not isinstance(data, dict) or not isinstance(data.get("time"), str):
        return None
    name = str(data.get("type"))
    if name == "run":
        name += f" {data.get('state')}"
        data = {key: value for key, value in data.items() if key not in ("phase", "state")}
    reader = _readers().get(name)
    return reader.validate_python(data) if reader is not None else None


@cache
def _readers() -> Mapping[str, TypeAdapter[Event]]:
    kinds = {
        "run started": RunStarted,
        "run refused": RunRefused,
        "run ended": RunEnded,
        "phase": PhaseChanged,
        "note": Note,
        "log": LogLine,
        "progress": Progress,
    }
    return {name: TypeAdapter(kind) for name, kind in kinds.items()}
