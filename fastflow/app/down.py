"""`fastflow down`: removes what a run left; a live one is interrupted first."""

import time
from collections.abc import Callable, Sequence
from threading import Event

from fastflow.errors import FastflowError
from fastflow.run.interrupting import TIMEOUT, Interrupter
from fastflow.run.lease import INTERRUPT
from fastflow.run.live import LiveRun
from fastflow.run.survey import Survey

_START_GRACE = 10.0
_PAUSE = 0.2


def chosen_runs(runs: Sequence[LiveRun], name: str | None, spec: str | None) -> list[LiveRun]:
    """The run with a name, or those of a spec, or all; raises FastflowError if there is none with that name."""
    found = [run for run in runs if (run.id == name if name is not None else spec in (None, run.spec))]
    if name is not None and not found:
        raise FastflowError(f"no engine has a run {name}", "see: fastflow ps")
    return found


def settled(run: LiveRun, look: Callable[[], Survey]) -> LiveRun:
    """Wait a moment for a lease that is just starting, because its run is not dead yet. Return the run's new state."""
    deadline = time.monotonic() + _START_GRACE
    pause = Event()
    while run.is_starting and time.monotonic() < deadline:
        pause.wait(_PAUSE)
        survey = look()
        survey.require(part.host for part in run.parts)
        run = next((found for found in survey.runs if found.id == run.id), run.without_containers())
    return run


def interrupt(run: LiveRun) -> None:
    """Interrupt a live run, and wait until it has ended; raises FastflowError if it does not."""
    deadline = time.monotonic() + TIMEOUT
    interrupter = Interrupter(INTERRUPT)
    pause = Event()
    while _is_held(run):
        if time.monotonic() > deadline:
            raise FastflowError(f"run {run.id} does not end", "end its process, then run: fastflow down")
        interrupter.interrupt(run.id, [(part.engine, lease.id) for part in run.parts for lease in part.leases])
        pause.wait(_PAUSE)


def _is_held(run: LiveRun) -> bool:
    return any(
        lease.status == "running"
        for part in run.parts
        for lease in part.engine.api.inspect([lease.id for lease in part.leases])
    )
