"""Times of engines. Durations are measured with the monotonic clock, never with these."""

from datetime import datetime


def moment(time: str) -> datetime:
    """Read a time of an engine's (RFC 3339): only ever compared with other times of that engine."""
    return datetime.fromisoformat(time)
