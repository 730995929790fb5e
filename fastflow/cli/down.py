"""`fastflow down`."""

import time
from collections.abc import Iterable, Sequence
from threading import Event

import click

from fastflow.cli.environment import engine_environment
from fastflow.cli.live import current_engine
from fastflow.cli.options import SPEC_HELP, spec_argument
from fastflow.cli.specs import find_spec, identity, read_spec_text
from fastflow.engines.docker import DockerEngine
from fastflow.errors import EngineError, ExitCode, FastflowError
from fastflow.model.spec import Host
from fastflow.pipeline import SpecText, load
from fastflow.run.lease import INTERRUPT
from fastflow.run.live import LiveRun, find_runs
from fastflow.run.ports import Engine
from fastflow.run.removal import remove_run

_INTERRUPT_TIMEOUT = 60.0
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
    known: list[LiveRun] = []
    left: list[str] = []
    for engine in _engines(text):
        runs = _chosen(find_runs(engine), text, run, everything)
        known += runs
        for one in runs:
            left += _remove(engine, one, interrupts=run is not None and not stale)
    if run is not None and not known:
        raise FastflowError(f"the engine has nothing of a run {run}", "see: fastflow ps")
    if not known:
        click.echo("nothing to remove")
    if left:
        click.echo("could not be removed; do it with:\n" + "\n".join(f"  {line}" for line in left), err=True)
    return ExitCode.FAILED if left else ExitCode.PASSED


def _engines(text: SpecText | None) -> list[Engine]:
    """The engine of the current context, and those of the spec's hosts."""
    hosts: Iterable[Host] = ()
    if text is not None:
        facts, _ = load(text, None)
        hosts = (facts.spec.hosts or {}).values() if facts else ()
    own = [DockerEngine(engine_environment(), context=host.context, docker_host=host.docker_host) for host in hosts]
    return [*own] if own else [current_engine()]


def _chosen(runs: Sequence[LiveRun], text: SpecText | None, name: str | None, everything: bool) -> list[LiveRun]:
    if name is not None:
        return [run for run in runs if run.id == name]
    if text is None or everything:
        return list(runs)
    return [run for run in runs if run.spec == identity(text)]


def _remove(engine: Engine, run: LiveRun, *, interrupts: bool) -> Sequence[str]:
    """Remove a run, or say why it is left alone; return the commands for what could not be removed."""
    run = _settled(engine, run)
    if run.is_alive and not interrupts:
        click.echo(f"run {run.id} is live and left alone; `fastflow down --run {run.id}` interrupts it")
        return ()
    if run.is_alive:
        click.echo(f"interrupting run {run.id}", err=True)
        _interrupt(engine, run)
    left = remove_run(engine, run.id, run.projects)
    engine.remove_containers(lease.id for lease in run.leases)
    click.echo(f"removed run {run.id}" if not left else f"removed run {run.id}, but for what follows")
    return left


def _settled(engine: Engine, run: LiveRun) -> LiveRun:
    """Wait a moment for a lease that is only just starting: its run is not dead yet."""
    deadline = time.monotonic() + _START_GRACE
    pause = Event()
    while run.is_starting and time.monotonic() < deadline:
        pause.wait(_PAUSE)
        run = next((found for found in find_runs(engine) if found.id == run.id), run.without_containers())
    return run


def _interrupt(engine: Engine, run: LiveRun) -> None:
    """Interrupt a live run, and wait until it has ended; raises FastflowError where it does not."""
    for lease in run.leases:
        try:
            engine.signal(lease.id, INTERRUPT)
            break
        except EngineError:
            continue  # that lease has just been released: the run is ending
    deadline = time.monotonic() + _INTERRUPT_TIMEOUT
    pause = Event()
    ids = [lease.id for lease in run.leases]
    while any(lease.status == "running" for lease in engine.inspect(ids)):
        if time.monotonic() > deadline:
            raise FastflowError(f"run {run.id} does not end", "end its process, then: fastflow down")
        pause.wait(_PAUSE)
