"""`fastflow stop`."""

import click

from fastflow.cli.live import engines_here, find_target, run_option
from fastflow.errors import FastflowError

_GRACE = 10.0


@click.command(name="stop")
@click.argument("phase", metavar="PHASE")
@run_option
def command(*, phase: str, run: str | None) -> None:
    """Stop the node of PHASE (or RUN/PHASE) gracefully: a recorder finishes its test record.

    A recording phase without a source passes then; one with a source fails, since not all was recorded.
    """
    target = find_target(engines_here().look(), phase, run)
    found = target.container
    if found is None or found.container.status not in ("running", "paused"):
        history = target.history
        state = f": it is {history.state(target.phase or '')}" if history else ""
        raise FastflowError(f"{target.phase} has no running node{state}", "see what runs: fastflow ps")
    found.engine.api.stop(found.container.id, _GRACE)
    click.echo(f"stopped {found.id} of run {target.run.id}")
