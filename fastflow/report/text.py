"""Texts for all displays and reports: without hidden or misleading characters; counts, times and durations."""

import re
from datetime import UTC, datetime

# Everything except tabs and line feeds that is invisible, changes the order of letters, breaks lines only for some
# readers, or is not a character: control characters, zero-width and direction marks, line separators, tags,
# surrogates, noncharacters.
_UNSEEN = (
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff\ud800-\udfff"
    r"\U000e0000-\U000e007f]"
)


def clean(text: str) -> str:
    """Replace each invisible character by U+FFFD, so that a text cannot control a terminal."""
    return re.sub(_UNSEEN, "\ufffd", text)


def pictured(text: str) -> str:
    """Clean a text for a document: control characters become their pictures. XML 1.0 and UTF-8 can write the result."""
    return re.sub(_UNSEEN, lambda found: chr(0x2400 + ord(found[0])) if ord(found[0]) < 0x20 else "\ufffd", text)


def one_line(text: str) -> str:
    """Write a text as one line of words, separated by single spaces."""
    return " ".join(text.split())


def without_breaks(text: str) -> str:
    """Write a text as one line, and keep its columns."""
    return " ".join(text.splitlines())


def shortened(text: str, length: int) -> str:
    """Cut a text after a number of characters, and say how many more there are."""
    return text if len(text) <= length else f"{text[:length]} … and {len(text) - length:,} characters more"


def count(number: int, one: str) -> str:
    """Count things: `1 request`, `2 vulnerabilities`, `1,200 requests`."""
    many = f"{one[:-1]}ies" if one.endswith("y") else f"{one}s"
    return f"{number:,} {one if number == 1 else many}"


def seconds_of(time: object) -> float | None:
    """Read an RFC 3339 time as seconds since 1970; None if it is not one."""
    try:
        return datetime.fromisoformat(str(time).replace("Z", "+00:00")).timestamp()
    except ValueError:
        return None


def moment(time: str) -> str:
    """Write an RFC 3339 time for people, in UTC; any other text is returned unchanged."""
    seconds = seconds_of(time)
    return time if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def between(started: object, ended: object) -> float | None:
    """The seconds between two RFC 3339 times, at least 0; None if either is not known."""
    first, last = seconds_of(started), seconds_of(ended)
    return None if first is None or last is None else max(last - first, 0.0)


def duration(seconds: float, digits: int = 1) -> str:
    """Write a length of time as people say it: `0.4 s`, `12.5 s`, `3 min 20 s`, `2 h 5 min`.

    `digits` is the number of decimals below a minute.
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

    `digits` is the number of decimals below ten seconds.
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
