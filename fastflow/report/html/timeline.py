"""When each phase waited, got ready, recorded and tested: from a run's events to bars on a timeline."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fastflow.model.mode import MODES, mode_named
from fastflow.record.history import History
from fastflow.record.result import END_STATES
from fastflow.report.text import duration, seconds_of

_KINDS = ("waiting", "starting", "ready", *(mode.word for mode in MODES.values()), "stopping")
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)
_MOST_TICKS = 6
_LEAST_WIDTH = 0.35
"""Percent of the line: a shorter bar would not be visible."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A period of one kind of work. `start` and `width` are in percent of the run, `seconds` is its length."""

    kind: str
    start: float
    width: float
    seconds: float

    @property
    def said(self) -> str:
        """The bar in words."""
        return f"{self.kind} {duration(self.seconds)}"


@dataclass(frozen=True, slots=True)
class Track:
    """The bars of one phase, in order, without gaps; `ready` is when its node was ready, in percent."""

    bars: tuple[Bar, ...] = ()
    ready: float | None = None

    @property
    def said(self) -> str:
        """The track in words, for people who cannot see it."""
        return ", ".join(bar.said for bar in self.bars)


@dataclass(frozen=True, slots=True)
class Tick:
    """A labelled point on the line, in percent."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """The tracks by phase, and the time axis above them."""

    tracks: Mapping[str, Track]
    ticks: tuple[Tick, ...]
    seconds: float

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of work that it shows."""
        seen = {bar.kind for track in self.tracks.values() for bar in track.bars}
        seen |= {"ready" for track in self.tracks.values() if track.ready is not None}
        return tuple(kind for kind in _KINDS if kind in seen)

    def track(self, phase: str) -> Track:
        """The track of a phase; an empty one if nothing is known of it."""
        return self.tracks.get(phase, Track())


def timeline_of(history: History) -> Timeline:
    """Draw the events of a run; events without a readable time are left out."""
    times = [at for event in history.events if (at := seconds_of(event.time)) is not None]
    if not times:
        return Timeline({}, (), 0.0)
    start, end = min(times), max(times)
    length = max(end - start, 0.001)
    tracks = {}
    for phase, changes in history.phases.items():
        steps = [
            (at, mode_named(one.mode).word if one.state == "running" else one.state)
            for one in changes
            if (at := seconds_of(one.time)) is not None
        ]
        tracks[phase] = _track(steps, start, end, length)
    return Timeline(tracks, tuple(_ticks(length)), end - start)


def _track(steps: Sequence[tuple[float, str]], start: float, end: float, length: float) -> Track:
    bars: list[Bar] = []
    ready = None
    at, kind = start, "waiting"
    for time, following in [*steps, (end, "")]:
        if kind not in END_STATES and time > at:
            left, width = 100 * (at - start) / length, 100 * (time - at) / length
            wide = max(width, _LEAST_WIDTH)
            bars.append(Bar(kind, round(min(left, 100 - wide), 3), round(wide, 3), time - at))
        if following == "ready":
            ready = round(100 * (time - start) / length, 3)
        at, kind = time, following
    return Track(tuple(bars), ready)


def _ticks(length: float) -> Iterable[Tick]:
    """Points at round numbers of seconds, minutes or hours: the end of the line has no label of its own."""
    step = next((step for step in _STEPS if length / step <= _MOST_TICKS), math.ceil(length / _MOST_TICKS))
    for number in range(math.floor(length / step) + 1):
        yield Tick(round(100 * number * step / length, 3), duration(number * step, digits=0))
