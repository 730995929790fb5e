"""The progress of a test run as a bar with figures, for a line of the live table."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rich.text import Text

from fastflow.record.events import Progress
from fastflow.report.text import count, short_duration

_WINDOW = 15.0
"""Seconds over which requests per second are counted."""
_FULL, _HALF, _REST = "━", "╸", "─"
_ASCII = "=", "-", "-"
_WIDEST = 24
"""Maximum width of a bar, in characters."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The last `progress` of a test run, with its history. Times are seconds since the display began."""

    progress: Progress | None = None
    at: float = 0.0
    counts: tuple[tuple[float, int], ...] = ()
    """The numbers of requests sent at recent times."""

    def after(self, progress: Progress, now: float) -> "Pace":
        """Add another progress."""
        sent = progress.requests
        if sent is None:
            return replace(self, progress=progress, at=now)
        before = () if self.counts and self.counts[-1][1] > sent else self.counts  # another test run counts afresh
        recent = tuple(one for one in before if now - one[0] <= _WINDOW) or before[-1:]
        return Pace(progress, now, (*recent, (now, sent)))

    def requests_per_second(self, now: float) -> float | None:
        """The recent number of requests per second; None until it is known."""
        if len(self.counts) < 2 or now <= self.counts[0][0]:
            return None
        return max(0, self.counts[-1][1] - self.counts[0][1]) / (now - self.counts[0][0])

    def seconds_left(self, now: float) -> float | None:
        """The remaining time by the last estimate; None if there was none, or if it has run out."""
        left = (self.progress.seconds_left if self.progress else None) or 0
        return left - (now - self.at) if left > now - self.at else None


NO_PACE = Pace()
"""The pace of a test run without any progress yet."""


def progress_bar(pace: Pace, now: float, width: int, encoding: str) -> Text | None:
    """Draw it for a column in a terminal of `width` characters; None if the baselines are not known."""
    progress = pace.progress
    if progress is None or not progress.baselines or progress.baselines_done is None:
        return None
    done = min(progress.baselines_done, progress.baselines)
    text = _bar(done / progress.baselines, min(_WIDEST, width // 8), encoding)
    text.append(" " + ", ".join(_figures(pace, now)), "dim")
    return text


def _figures(pace: Pace, now: float) -> Iterator[str]:
    progress = pace.progress
    assert progress is not None
    yield f"{progress.baselines_done} of {progress.baselines}"
    if (rate := pace.requests_per_second(now)) is not None:
        yield f"{rate:.0f} req/s" if rate >= 10 else f"{rate:.1f} req/s"
    if (left := pace.seconds_left(now)) is not None:
        yield f"{short_duration(math.ceil(left), digits=0)} left"  # never 0s, because it still runs
    if progress.vulnerabilities:
        yield count(progress.vulnerabilities, "vulnerability")


def _bar(share: float, width: int, encoding: str) -> Text:
    full, half, rest = (_FULL, _HALF, _REST) if _has(encoding) else _ASCII
    halves = int(share * width * 2)
    done = full * (halves // 2) + (half if halves % 2 else "")
    return Text(no_wrap=True, overflow="ellipsis").append(done, "cyan").append(rest * (width - len(done)), "dim")


def _has(encoding: str) -> bool:
    try:
        (_FULL + _HALF + _REST).encode(encoding)
    except UnicodeError:
        return False
    return True
