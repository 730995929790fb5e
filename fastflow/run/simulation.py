"""A run without an engine: phases take known times, and the real scheduler decides what starts."""

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fastflow.record.result import State
from fastflow.run.scheduler import Actions, Scheduler

_NO_ENDS: Mapping[str, State] = {}


@dataclass(frozen=True, slots=True)
class Moment:
    """The scheduler's actions at a time (seconds from the run's start), after the phase `ended`; None at the start."""

    seconds: float
    ended: str | None
    actions: Actions


def simulate(
    scheduler: Scheduler, seconds: Mapping[str, float], ends: Mapping[str, State] = _NO_ENDS
) -> Iterator[Moment]:
    """Play a run to its end: each phase takes its time, and ends as `ends` says, else passed.

    One phase ends at a time, as a run takes notice of them.
    """
    running: list[tuple[float, int, str]] = []
    moment = Moment(0.0, None, scheduler.advance())
    started = 0
    while True:
        for name in moment.actions.start:
            started += 1
            heapq.heappush(running, (moment.seconds + seconds[name], started, name))
        yield moment
        if not running:
            return
        now, _, name = heapq.heappop(running)
        scheduler.ended(name, ends.get(name, "passed"))
        moment = Moment(now, name, scheduler.advance())
