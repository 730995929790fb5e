"""Times for people and files, and of engines. Durations are measured with the monotonic clock, never with these."""

from datetime import UTC, datetime


def now() -> str:
    """The time as RFC 3339 in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(time: str) -> datetime:
    """Read a time of an engine's (RFC 3339): only ever compared with other times of that engine."""
    return datetime.fromisoformat(time)
