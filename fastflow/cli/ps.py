"""`fastflow ps`."""

import click

from fastflow.cli.live import current_engine, run_option
from fastflow.report.live import runs_as_json, runs_as_text
from fastflow.run.live import find_runs


@click.command(name="ps")
@run_option
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(*, run: str | None, form: str) -> None:
    """List the runs that the engine has something of, and the nodes that are there.

    A run is live while the process that runs it lives; what a dead one left, `fastflow down` removes.
    """
    found = tuple(one for one in find_runs(current_engine()) if run in (None, one.id))
    if form == "json":
        click.echo(runs_as_json(found))
    elif found:
        click.echo(runs_as_text(found))
    else:
        click.echo("no run has anything on this engine", err=True)
