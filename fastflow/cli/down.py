"""`fastflow down`."""

import time
from collections.abc import Sequence
from threading import Event

import click

from fastflow.app.live import Engines, engines_here
from fastflow.app.specs import find_spec, identity, read_spec_text
from fastflow.cli.options import SPEC_HELP, notify, spec_argument
from fastflow.errors import EngineError, ExitCode, FastflowError
from fastflow.pipeline import SpecText
from fastflow.run.lease import INTERRUPT
from fastflow.run.live import LivePart, LiveRun
from fastflow.run.survey import remove_live

_INTERRUPT_TIMEOUT = 60.0
_AGAIN = 2.0
"""Seconds after which a run is told once more: one that only begins does not listen yet."""
_START_GRACE = 10.0
_PAUSE = 0.2


@click.command(name="down", epilog=SPEC_HELP)
@spec_argument()
@click.option("--run", "run", metavar="RUN", help="Only this run; a live one is interrupted as by Ctrl-C.")
@click.option("--stale", is_flag=True, help="Only dead runs, which is the default.")
@click.option("--all", "everything", is_flag=True, help="Dead runs of every spec.")
def command(*, spec: str | None, run: str | None, stale: bool, everything: bool) -> int:
    """Remove what dead runs left on the engine: containers, networks, volumes, images built for them.

    Of SPEC, or of the spec of this directory; of all with --all, or where there is no spec. What others made stays.
    """
    text = read_spec_text(spec) if spec is not None or (run is None and not everything and find_spec()) else None
    engines = engines_here(notify, text)
    survey = engines.look()
    runs = _chosen(survey.runs, text, run, everything)
    if run is not None and not runs:
        raise FastflowError(f"no engine has anything of a run {run}", "see: fastflow ps")
    answering = engines.only_answering()
    left = [line for one in runs for line in _remove(answering, one, interrupts=run is not None and not stale)]
    if not runs:
        click.echo("nothing to remove")
    if left:
        click.echo("could not be removed; do it with:\n" + "\n".join(f"  {line}" for line in left), err=True)
    is_unknown = any(seen.host for seen in survey.silent)  # the current context need not be an engine beside hosts
    return ExitCode.FAILED if left or is_unknown else ExitCode.PASSED


def _chosen(runs: Sequence[LiveRun], text: SpecText | None, name: str | None, everything: bool) -> list[LiveRun]:
    if name is not None:
        return [run for run in runs if run.id == name]
    if text is None or everything:
        return list(runs)
    return [run for run in runs if run.spec == identity(text)]


def _remove(engines: Engines, run: LiveRun, *, interrupts: bool) -> Sequence[str]:
    """Remove a run, or say why it is left alone; return the commands for what could not be removed."""
    run = _settled(engines, run)
    if run.is_alive and not interrupts:
        click.echo(f"run {run.id} is live and left alone; `fastflow down --run {run.id}` interrupts it")
        return ()
    if run.is_alive:
        click.echo(f"interrupting run {run.id}", err=True)
        _interrupt(run)
    left = remove_live(run)
    click.echo(f"removed run {run.id}" if not left else f"removed run {run.id}, but for what follows")
    return left


def _settled(engines: Engines, run: LiveRun) -> LiveRun:
    """Wait a moment for a lease that is only just starting: its run is not dead yet."""
    deadline = time.monotonic() + _START_GRACE
    pause = Event()
    while run.is_starting and time.monotonic() < deadline:
        pause.wait(_PAUSE)
        survey = engines.look()
        survey.require(part.host for part in run.parts)
        run = next((found for found in survey.runs if found.id == run.id), run.without_containers())
    return run


def _interrupt(run: LiveRun) -> None:
    """Interrupt a live run, and wait until it has ended; raises FastflowError where it does not."""
    now = time.monotonic()
    deadline, due = now + _INTERRUPT_TIMEOUT, now
    pause = Event()
    while any(_holds(part) for part in run.parts):
        now = time.monotonic()
        if now > deadline:
            raise FastflowError(f"run {run.id} does not end", "end its process, then: fastflow down")
        if now >= due:
            _signal(run)
            due = now + _AGAIN
        pause.wait(_PAUSE)


def _signal(run: LiveRun) -> None:
    for engine, lease in ((part.engine, lease) for part in run.parts for lease in part.leases):
        try:
            engine.api.signal(lease.id, INTERRUPT)
            return
        except EngineError:
            continue  # that lease has just been released: the run is ending


def _holds(part: LivePart) -> bool:
    return any(lease.status == "running" for lease in part.engine.api.inspect([lease.id for lease in part.leases]))
