"""`fastflow logs`."""

import sys
from collections.abc import Callable
from threading import Lock

import click

from fastflow.cli.live import Target, engines_here, find_target, run_option
from fastflow.errors import FastflowError
from fastflow.report.findings_text import clean
from fastflow.run.live import LivePhase
from fastflow.run.masking import masker

_FOREVER = 1e9


@click.command(name="logs")
@click.argument("phase", metavar="[PHASE]", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on until the nodes have ended.")
@run_option
def command(*, phase: str | None, follow: bool, run: str | None) -> None:
    """Show the log of PHASE (or RUN/PHASE), or of all nodes that are there.

    The log of a phase that has ended comes from the run's folder. When the whole run is over, look there yourself:
    .fastflow/runs/RUN/logs, beside the spec.
    """
    target = find_target(engines_here().look(), phase, run)
    wanted = [found for found in target.run.phases if target.phase in (None, found.id)]
    if wanted:
        _show(wanted, follow, prefixed=target.phase is None)
    else:
        _show_kept(target)


def _show(phases: list[LivePhase], follow: bool, *, prefixed: bool) -> None:
    width = max(len(phase.id) for phase in phases)
    lock = Lock()
    mask = masker(phase.container.token for phase in phases)  # whatever the variable's name is here, if it is set

    def printer(phase: LivePhase) -> Callable[[str], None]:
        lead = f"{phase.id:<{width}} | " if prefixed else ""

        def show(line: str) -> None:
            with lock:
                sys.stdout.write(f"{lead}{clean(mask(line))}\n")
                sys.stdout.flush()

        return show

    if not follow:
        for phase in phases:
            phase.engine.read_logs(phase.container.id, printer(phase))
        return
    streams = [phase.engine.follow_logs(phase.container.id, printer(phase)) for phase in phases]
    try:
        for stream in streams:
            stream.join(_FOREVER)
    finally:
        for stream in streams:
            stream.close()


def _show_kept(target: Target) -> None:
    if target.phase is None:
        raise FastflowError(f"run {target.run.id} has no node now", f"the logs so far are in {target.folder / 'logs'}")
    path = target.folder / "logs" / f"{target.phase}.log"
    try:
        click.echo(clean_lines(path.read_text(encoding="utf-8", errors="replace")), nl=False)
    except OSError:
        history = target.history
        state = history.state(target.phase) if history else "not there"
        raise FastflowError(f"there is no log of {target.phase}: it is {state}", "see: fastflow ps") from None


def clean_lines(text: str) -> str:
    """Make control characters visible, line by line."""
    return "".join(f"{clean(line)}\n" for line in text.splitlines())
