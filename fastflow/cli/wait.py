"""`fastflow wait`."""

import time
from threading import Event

import click

from fastflow.app.specs import find_spec
from fastflow.cli.live import Engines, Target, engines_here, find_target, run_option
from fastflow.cli.options import with_examples
from fastflow.errors import ExitCode, FastflowError, UsageError
from fastflow.model.mode import mode_named
from fastflow.record.history import is_going_on
from fastflow.record.result import END_STATES
from fastflow.report.live import proxy_url
from fastflow.run.live import state_by_container
from fastflow.run.survey import Survey

_PAUSE = 0.2
_GRACE = 10.0
"""Seconds in which a run may appear that was started in the background just before."""
_FOR_HELP = "ready: its node works, and a recorder takes requests; ended: whatever came of it."
_TIMEOUT_HELP = f"Give up after so long, with exit code 3; by default only where no run begins within {_GRACE:g} s."
_IS_READY = ("ready", "running")
_EPILOG = with_examples(
    "PHASE is WORKFLOW.NODE of a live run; when its run is over, there is nothing to wait for, and the exit code is 3.",
    ("proxy=$(fastflow wait web.record --for ready --timeout 300)", "the proxy to send requests through"),
)
_CODES = {"passed": ExitCode.PASSED, "vulnerable": ExitCode.VULNERABLE}


@click.command(name="wait", epilog=_EPILOG)
@click.argument("phase", metavar="PHASE")
@click.option(
    "--for", "goal", type=click.Choice(["ready", "ended"]), default="ended", show_default=True, help=_FOR_HELP
)
@click.option("--timeout", type=click.FloatRange(min=0), metavar="SECONDS", help=_TIMEOUT_HELP)
@run_option
def command(*, phase: str, goal: str, timeout: float | None, run: str | None) -> int:
    """Wait until PHASE (or RUN/PHASE) is ready, which prints its proxy's URL, or until it has ended.

    The exit code of `--for ended` is 0 where the phase passed, 1 where it found vulnerabilities, else 3.
    """
    engines = engines_here()
    deadline = None if timeout is None else time.monotonic() + timeout
    target = _find(engines, phase, run, deadline)
    starts_by = time.monotonic() + _GRACE
    pause = Event()
    while True:
        state = _state(target)
        if state in END_STATES or (goal == "ready" and state in _IS_READY):
            return _say_ready(target, state) if goal == "ready" else _say_ended(target, state)
        if not target.run.is_alive and not _begins(target, starts_by):
            raise FastflowError(f"run {target.run.id} is over, and {target.phase} has not ended", "see: fastflow ps")
        if deadline is not None and time.monotonic() >= deadline:
            raise FastflowError(f"{target.phase} is {state} and not {goal} after {timeout:g} s")
        pause.wait(_PAUSE)
        target = _again(engines.only_answering(), target)


def _begins(target: Target, starts_by: float) -> bool:
    """Whether a run without a live lease is about to get one: its container is created and does not run yet."""
    return is_going_on(target.folder) or (target.run.is_starting and time.monotonic() < starts_by)


def _find(engines: Engines, phase: str, run: str | None, deadline: float | None) -> Target:
    """Find the run; one that was started just before in the background may take a while to show.

    It shows when it has its leases, after its images were pulled, or when it builds some. Until then another run of the
    spec may be the only live one, and need not know the phase.
    """
    limit = time.monotonic() + _GRACE
    pause = Event()
    while True:
        survey = engines.look()
        try:
            return find_target(survey, phase, run)
        except FastflowError as error:
            is_here_to_come = run is None and "/" not in phase and is_preparing(survey)
            if isinstance(error, UsageError) and not is_here_to_come:
                raise
            now = time.monotonic()
            if now >= (limit if deadline is None else deadline) and not (deadline is None and is_here_to_come):
                raise
        engines = engines.only_answering()
        pause.wait(_PAUSE)


def is_preparing(survey: Survey) -> bool:
    """Whether the newest run of this directory's spec goes on and has nothing on any engine yet."""
    spec = find_spec()
    begun = sorted((spec.parent / ".fastflow" / "runs").glob("*/events.jsonl")) if spec else []
    if not begun or any(found.id == begun[-1].parent.name for found in survey.runs):
        return False
    return is_going_on(begun[-1].parent)


def _again(engines: Engines, target: Target) -> Target:
    survey = engines.look()
    survey.require(part.host for part in target.run.parts)
    try:
        return find_target(survey, target.phase, target.run.id)
    except UsageError:
        raise
    except FastflowError:
        # The run is over and nothing of it is left; what it has written down still tells.
        return Target(target.run.without_containers(), target.phase, target.folder)


def _state(target: Target) -> str:
    history = target.history
    return history.state(target.phase or "") if history else state_by_container(target.container)


def _say_ready(target: Target, state: str) -> int:
    found = target.container
    if state in END_STATES:
        raise FastflowError(f"{target.phase} {state}; it is not ready any more")
    url = proxy_url(found) if found else None
    if url is not None:
        click.echo(url)
    elif found is not None and mode_named(found.mode).is_proxy:
        click.echo(f"{found.id} publishes no port: its proxy is for the workflow's networks only", err=True)
    return ExitCode.PASSED


def _say_ended(target: Target, state: str) -> int:
    click.echo(f"{target.phase} {state}")
    return _CODES.get(state, ExitCode.FAILED)
