"""The events of a run as values: displays and the run's folder listen, and the run knows none of them."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from fastflow.record.result import Evidence, PhaseResult, State, Vulnerability


def now() -> str:
    """The time as RFC 3339 in UTC, to the millisecond; durations are measured with the monotonic clock instead."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class _Timed:
    time: str = field(default_factory=now, kw_only=True, compare=False)
    """RFC 3339 in UTC."""


@dataclass(frozen=True, slots=True)
class _OfRun(_Timed):
    phase: None = field(default=None, init=False)


@dataclass(frozen=True, slots=True)
class RunStarted(_OfRun):
    """A run has begun. `phases` are the ids of those to run; `engines` are the engines' versions by host."""

    state: Literal["started"] = field(default="started", init=False)
    run: str = ""
    spec: str = ""
    phases: tuple[str, ...] = ()
    resumes: str | None = None
    engines: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunRefused(_OfRun):
    """Nothing of a run was started."""

    state: Literal["refused"] = field(default="refused", init=False)
    reason: str


@dataclass(frozen=True, slots=True)
class RunEnded(_OfRun):
    """A run has ended. `leftovers` could not be removed: each is the command that removes it."""

    state: Literal["ended"] = field(default="ended", init=False)
    exit_code: int
    leftovers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PhaseChanged(_Timed):
    """A phase has reached another state; unknown or missing values are None or empty.

    `is_kept`: it passed in the run that is resumed, and is not run again.
    """

    phase: str
    state: State
    reason: str | None
    mode: str
    attempts: int | None = None
    hint: str | None = None
    evidence: Evidence | None = None
    vulnerabilities: tuple[Vulnerability, ...] = ()
    test_record: str | None = None
    test_run: str | None = None
    baselines: int | None = None
    is_kept: bool = False

    @classmethod
    def of(cls, result: PhaseResult, **more: Any) -> "PhaseChanged":
        """Make the event of a phase's state, with `more` of its known values."""
        return cls(result.id, result.state, result.reason, result.mode, **more)


@dataclass(frozen=True, slots=True)
class Note(_Timed):
    """A message about the run or a phase that is not a change of state."""

    message: str
    phase: str | None = None


@dataclass(frozen=True, slots=True)
class LogLine(_Timed):
    """A node has printed a line. For displays only, not in the file of events."""

    phase: str
    line: str


@dataclass(frozen=True, slots=True)
class Progress(_Timed):
    """The progress of a test run, as far as the cloud reports it. For displays only, not in the file of events."""

    phase: str
    baselines_done: int | None = None
    baselines: int | None = None
    requests: int | None = None
    vulnerabilities: int | None = None
    seconds_left: int | None = None


Event: TypeAlias = RunStarted | RunRefused | RunEnded | PhaseChanged | Note | LogLine | Progress
Listener: TypeAlias = Callable[[Event], None]

TYPES: Mapping[type, str] = {
    RunStarted: "run",
    RunRefused: "run",
    RunEnded: "run",
    PhaseChanged: "phase",
    Note: "note",
    LogLine: "log",
    Progress: "progress",
}
_HEAD = ("time", "type", "phase")
_ALWAYS = (*_HEAD, "state", "reason", "mode")
_IDS = ("test_record", "test_run")


def as_json(event: Event) -> dict[str, Any]:
    """Return an event as a line of events.jsonl (docs: machine formats)."""
    content = {"time": event.time, "type": TYPES[type(event)], "phase": event.phase, **asdict(event)}
    if isinstance(event, Progress):
        return {name: value for name, value in content.items() if name in _HEAD or value is not None}
    if isinstance(event, PhaseChanged):
        always = (*_ALWAYS, *_IDS) if content.pop("is_kept") else _ALWAYS
        return {name: value for name, value in content.items() if name in always or value}
    return content
