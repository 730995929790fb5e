"""Waits for a phase of a run that may have just been started in the background."""

import time
from collections.abc import Callable
from threading import Event
from typing import Literal

from fastflow.app.live import Engines, Target, engines_here, find_target
from fastflow.app.specs import find_spec
from fastflow.errors import FastflowError, UsageError
from fastflow.files import is_file
from fastflow.record.history import EVENTS_FILE, is_going_on
from fastflow.record.place import RunsDir
from fastflow.record.result import END_STATES, State
from fastflow.run.live import state_by_container
from fastflow.run.survey import Survey

Goal = Literal["ready", "ended"]
GRACE = 10.0
"""Seconds in which a run that was just started in the background may appear."""
_PAUSE = 0.2
_IS_READY = ("ready", "running")


def wait_for(
    phase: str, run: str | None, goal: Goal, timeout: float | None, *, runs_dir: RunsDir, notify: Callable[[str], None]
) -> tuple[Target, State]:
    """Wait until a phase is ready, or has ended, and return its state; `timeout` is in seconds.

    Raises FastflowError if that does not happen: the run is over, or the time is up.
    """
    engines = engines_here(notify)
    deadline = None if timeout is None else time.monotonic() + timeout
    target = _find(engines, phase, run, runs_dir, deadline)
    starts_by = time.monotonic() + GRACE
    pause = Event()
    while True:
        state = _state(target)
        if state in END_STATES or (goal == "ready" and state in _IS_READY):
            break
        if not target.run.is_alive and not _begins(target, starts_by):
            raise FastflowError(f"run {target.run.id} is over, and {target.phase} has not ended", "see: fastflow ps")
        if deadline is not None and time.monotonic() >= deadline:
            raise FastflowError(f"{target.phase} is {state} and not {goal} after {timeout:g} s")
        pause.wait(_PAUSE)
        target = _again(engines.only_answering(), target, runs_dir)
    if goal == "ready" and state in END_STATES:
        raise FastflowError(f"{target.phase} {state}; it is no longer ready")
    return target, state


def _begins(target: Target, starts_by: float) -> bool:
    """Whether a run without a live lease is about to get one: its container is created, but does not run yet."""
    return is_going_on(target.folder) or (target.run.is_starting and time.monotonic() < starts_by)


def _find(engines: Engines, phase: str, run: str | None, runs_dir: RunsDir, deadline: float | None) -> Target:
    """Find the run; one that was just started in the background may take a while to appear.

    It appears when it has its leases, after its images were pulled, or when it builds some. Until then, another run of
    the spec may be the only live one, and may not have the phase.
    """
    limit = time.monotonic() + GRACE
    pause = Event()
    while True:
        survey = engines.look()
        try:
            return find_target(survey, phase, run, runs_dir)
        except FastflowError as error:
            is_here_to_come = run is None and "/" not in phase and is_preparing(survey, runs_dir)
            if isinstance(error, UsageError) and not is_here_to_come:
                raise
            now = time.monotonic()
            if now >= (limit if deadline is None else deadline) and not (deadline is None and is_here_to_come):
                raise
        engines = engines.only_answering()
        pause.wait(_PAUSE)


def is_preparing(survey: Survey, runs_dir: RunsDir) -> bool:
    """Whether the newest run of this directory's spec is running but has nothing on any engine yet."""
    spec = find_spec()
    if spec is None:
        return False
    begun = (folder for folder in runs_dir.all_folders(spec.parent) if is_file(folder / EVENTS_FILE))
    newest = next((folder for folder in begun if runs_dir.has_from(spec.parent, folder.name)), None)
    return newest is not None and newest.name not in [run.id for run in survey.runs] and is_going_on(newest)


def _again(engines: Engines, target: Target, runs_dir: RunsDir) -> Target:
    survey = engines.look()
    survey.require(part.host for part in target.run.parts)
    try:
        return find_target(survey, target.phase, target.run.id, runs_dir)
    except UsageError:
        raise
    except FastflowError:
        # The run is over and nothing of it is left, but its folder still has the answer.
        return Target(target.run.without_containers(), target.phase, target.folder)


def _state(target: Target) -> State:
    history = target.history
    return history.state(target.phase or "") if history else state_by_container(target.container)
