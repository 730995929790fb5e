"""Times for people and files. Durations are measured with the monotonic clock, never with these."""

from datetime import datetime, timezone


def now() -> str:
    """The time as RFC 3339 in UTC, to the millisecond."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
