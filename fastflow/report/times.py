"""The minutes of a plan, in words and for programs."""

from collections.abc import Iterator, Mapping
from typing import Any

from fastflow.record.times import LAST_PASSES, LAST_RUNS
from fastflow.report.text import count, duration
from fastflow.run.forecast import Forecast


def time_of_phase(forecast: Forecast, phase: str) -> str:
    """Say how long a phase took before, or its estimate."""
    times = forecast.times.phases.get(phase)
    if times is None:
        return f"{duration(forecast.seconds[phase])}, as for other phases (it never passed)"
    shortest, longest = map(duration, times.spread)
    number = len(times.seconds)
    how = f"{times.state} {count(number, 'time')}" if number < LAST_PASSES else f"{times.state} the last {number} times"
    return f"{duration(times.median)} ({shortest} to {longest}; {how})"


def forecast_as_text(forecast: Forecast, max_parallel: int | None) -> Iterator[str]:
    """Say how long the plan takes: its longest chain, and all of it under each limit. `max_parallel` is the spec's."""
    times = forecast.times
    emulated = " with the emulator" if times.is_emulated else ""
    yield f"minutes: medians of {count(times.runs, 'run')}{emulated}, without pulls and builds"
    steps = " → ".join(f"{name} ({duration(forecast.seconds[name])})" for name in forecast.critical.phases)
    yield f"  longest chain: {steps}: {duration(forecast.critical.seconds)}"
    rows = [(f"--max-parallel {limit}", seconds, limit) for limit, seconds in forecast.limits.items()]
    for name, seconds, limit in (*rows, ("no limit", forecast.unlimited, None)):
        marks = ["the spec's"] if limit is not None and limit == max_parallel else []
        marks += ["the smallest within 5 % of no limit"] if limit == forecast.enough else []
        yield f"  {name:<{len(rows[-1][0])}}  {duration(seconds)}" + (f"  ({', '.join(marks)})" if marks else "")


def times_as_json(forecast: Forecast) -> dict[str, Any]:
    """Return `times` of `plan --times --format json`."""
    return {
        "runs": forecast.times.runs,
        "emulated": forecast.times.is_emulated,
        "last_passes": LAST_PASSES,
        "last_runs": LAST_RUNS,
        "critical_path": {"phases": forecast.critical.phases, "seconds": _rounded(forecast.critical.seconds)},
        "limits": [{"max_parallel": limit, "seconds": _rounded(seconds)} for limit, seconds in forecast.limits.items()],
        "unlimited": _rounded(forecast.unlimited),
        "enough": forecast.enough,
    }


def phase_as_json(forecast: Forecast, phase: str) -> Mapping[str, float | str | None]:
    """Return `times` of a phase; if it has never done its work, they are null except for its estimate."""
    times = forecast.times.phases.get(phase)
    shortest, longest = map(_rounded, times.spread) if times is not None else (None, None)
    return {
        "times": len(times.seconds) if times is not None else 0,
        "state": times.state if times is not None else None,
        "median": _rounded(times.median) if times is not None else None,
        "shortest": shortest,
        "longest": longest,
        "counted_as": _rounded(forecast.seconds[phase]) if phase in forecast.seconds else None,
    }


def _rounded(seconds: float) -> float:
    """Round to the millisecond, the precision of times."""
    return round(seconds, 3)
