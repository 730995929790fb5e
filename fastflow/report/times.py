"""Times and durations as all displays and reports read and write them."""

from datetime import datetime


def seconds_of(time: object) -> float | None:
    """Read an RFC 3339 time as seconds since 1970; None where it is none."""
    try:
        return datetime.fromisoformat(str(time).replace("Z", "+00:00")).timestamp()
    except ValueError:
        return None


def between(started: object, ended: object) -> float | None:
    """The seconds between two RFC 3339 times, at least 0; None where either is not known."""
    first, last = seconds_of(started), seconds_of(ended)
    return None if first is None or last is None else max(last - first, 0.0)


def duration(seconds: float, digits: int = 1) -> str:
    """Write a length of time as people say it: `0.4 s`, `12.5 s`, `3 min 20 s`, `2 h 5 min`.

    `digits` are those after the point, below a minute.
    """
    if seconds < 60 - 0.5 * 10**-digits:
        return f"{max(0.0, seconds):.{digits}f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def short_duration(seconds: float, digits: int = 1) -> str:
    """Write it for a column of six characters: `4.2s`, `3m12s`, `1h05m`, and days after 99 hours: `5d03h`.

    `digits` are those after the point, below ten seconds.
    """
    if seconds < 10 - 0.5 * 10**-digits:
        return f"{max(0.0, seconds):.{digits}f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}m{rest:02}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m" if hours < 100 else f"{hours // 24}d{hours % 24:02}h"
