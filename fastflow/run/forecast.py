"""How long a plan would take, from the times of earlier runs, played through the real scheduler under each limit."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from statistics import median

from fastflow.plan import Plan
from fastflow.plan.units import UnitPlan
from fastflow.record.times import SpecTimes
from fastflow.run.scheduler import Scheduler
from fastflow.run.simulation import simulate

WITHIN = 1.05
"""A limit is enough if the run takes at most this many times as long as without a limit."""
_EACH_UP_TO = 8
"""Up to here every limit is tried, above it only powers of two."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Phases that wait for each other, and the seconds that they take together."""

    phases: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Forecast:
    """How long the selected phases of a plan would take.

    `seconds` are the medians of phases whose times are known, and estimates of the others. `limits` are the seconds
    of the run by its --max-parallel, `enough` the smallest that is within 5 % of no limit, which takes `unlimited`.
    """

    times: SpecTimes
    seconds: Mapping[str, float]
    critical: Chain
    limits: Mapping[int, float]
    enough: int
    unlimited: float


def forecast(plan: Plan, times: SpecTimes, host_limits: Mapping[str, int]) -> Forecast | None:
    """Say how long a plan would take; None if no phase of it has ever done its work."""
    seconds = _seconds(plan, times)
    if not seconds:
        return None

    def takes(limit: int | None) -> tuple[float, int]:
        return _play(plan, seconds, host_limits, limit)

    unlimited, peak = takes(None)
    enough = next(limit for limit in _candidates(seconds, unlimited, peak) if takes(limit)[0] <= unlimited * WITHIN)
    shown = {*_shown(peak), enough, *([plan.max_parallel] if plan.max_parallel else [])}
    limits = {limit: takes(limit)[0] for limit in sorted(shown)}
    return Forecast(times, seconds, max(_chains(plan, seconds).values(), key=_length), limits, enough, unlimited)


def _seconds(plan: Plan, times: SpecTimes) -> dict[str, float]:
    """A phase without known times is assumed to take the median of its mode, or else of all phases."""
    modes = {phase.id: phase.mode for phase in plan.selected}
    known = {name: times.phases[name].median for name in modes if name in times.phases}
    if not known:
        return {}
    guesses = {
        mode: median([seconds for name, seconds in known.items() if modes[name] == mode] or known.values())
        for mode in set(modes.values())
    }
    return {name: known.get(name, guesses[mode]) for name, mode in modes.items()}


def _play(
    plan: Plan, seconds: Mapping[str, float], host_limits: Mapping[str, int], limit: int | None
) -> tuple[float, int]:
    """The length of a run, and the highest number of phases at once."""
    scheduler = Scheduler(
        plan.phases.values(),
        max_parallel=limit,
        host_of={name: workflow.host for name, workflow in plan.workflows.items()},
        host_limits=host_limits,
    )
    running = peak = 0
    length = 0.0
    for moment in simulate(scheduler, seconds):
        running += len(moment.actions.start) - (moment.ended is not None)
        peak, length = max(peak, running), moment.seconds
    return length, peak


def _candidates(seconds: Mapping[str, float], unlimited: float, peak: int) -> range:
    """The limits that may be enough: smaller ones are ruled out by the sum of all work, larger ones change nothing."""
    work = sum(seconds.values())
    least = ceil(work / (unlimited * WITHIN)) if unlimited else 1
    return range(min(max(1, least), peak), peak + 1)


def _shown(peak: int) -> Iterator[int]:
    yield from range(1, min(peak, _EACH_UP_TO) + 1)
    limit = 2 * _EACH_UP_TO
    while limit < peak:
        yield limit
        limit *= 2


def longest_first(plan: Plan, units: Iterable[UnitPlan], times: SpecTimes) -> list[UnitPlan]:
    """Sort units by how long they took in earlier runs, longest first, so that no long one is left for the end.

    If nothing is known, the length of a unit is that of its longest chain of phases.
    """
    seconds = _seconds(plan, times) or {phase.id: 1.0 for phase in plan.selected}
    chains = _chains(plan, seconds)
    return sorted(units, key=lambda unit: -max(chains[phase.id].seconds for phase in unit.phases))


def _chains(plan: Plan, seconds: Mapping[str, float]) -> Mapping[str, Chain]:
    """The longest chain up to each phase. A phase that is left out takes no time, but still orders its neighbours."""
    longest: dict[str, Chain] = {}
    for phase in sorted(plan.phases.values(), key=lambda phase: phase.wave):
        before = max((longest[edge.before] for edge in phase.dependencies), key=_length, default=Chain((), 0.0))
        own = (phase.id,) if phase.is_selected else ()
        longest[phase.id] = Chain((*before.phases, *own), before.seconds + (seconds[phase.id] if own else 0.0))
    return longest


def _length(chain: Chain) -> float:
    return chain.seconds
