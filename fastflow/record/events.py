"""What happens in a run, as values; displays and files listen, the run knows none of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

EventType: TypeAlias = Literal["run", "phase", "note", "log", "progress"]


def now() -> str:
    """The time as RFC 3339 in UTC, to the millisecond. Durations are measured with the monotonic clock instead."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `facts` are plain values; `log` and `progress` are for displays and not in the file."""

    type: EventType
    phase: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    time: str = field(default_factory=now)

    def as_json(self) -> dict[str, Any]:
        """Give the event as a line of events.jsonl."""
        return {"time": self.time, "type": self.type, "phase": self.phase, **self.facts}


Listener: TypeAlias = Callable[[Event], None]
