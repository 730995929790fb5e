"""`fastflow ps`."""

import click

from fastflow.app.cluster_ps import cluster_runs_as_json, cluster_runs_as_text
from fastflow.app.clusters import clusters_of, runs_on, without_units
from fastflow.app.live import engines_here, is_own
from fastflow.app.specs import find_spec, identity_here, read_spec_text
from fastflow.cli.options import format_option, notify, runs_dir_option
from fastflow.record.place import RunsDir
from fastflow.report.live import runs_as_json, runs_as_text


@click.command(name="ps")
@click.option("--run", "run", metavar="RUN", help="Only this run.")
@format_option
@runs_dir_option
def command(*, run: str | None, form: str, runs_dir: RunsDir) -> None:
    """List the runs on the engine, their specs, and their nodes.

    It checks the current Docker context and the hosts of the spec in this directory.
    A run is live while its process lives. `fastflow down` removes what dead runs left behind.
    """
    found = tuple(one for one in engines_here(notify).look().runs if run in (None, one.id))
    clusters = clusters_of(read_spec_text(None) if find_spec() else None)
    sent = tuple(one for one in runs_on(clusters, notify) if run in (None, one.id))
    found = without_units(found, sent)
    here = identity_here()
    own = {one.id for one in found if here is not None and is_own(one, here, runs_dir)}
    if form == "json":
        click.echo(runs_as_json(found, cluster_runs_as_json(sent)))
    elif found or sent:
        click.echo("\n\n".join(filter(None, (runs_as_text(found, own), cluster_runs_as_text(sent)))))
    else:
        click.echo("no runs found", err=True)
