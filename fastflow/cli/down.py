"""`fastflow down`."""

import click

from fastflow.app.clusters import clusters_of
from fastflow.app.clusters import down as remove_from_clusters
from fastflow.app.down import chosen_runs, interrupt, settled
from fastflow.app.live import engines_here
from fastflow.app.specs import find_spec, identity, read_spec_text
from fastflow.cli import completing
from fastflow.cli.options import SPEC_HELP, notify, runs_dir_option, spec_argument
from fastflow.errors import ExitCode
from fastflow.record.place import RunsDir
from fastflow.run.survey import remove_live
from fastflow.spec.reader import SpecText


@click.command(name="down", epilog=SPEC_HELP)
@spec_argument()
@click.option(
    "--run",
    "run",
    metavar="RUN",
    shell_complete=completing.runs,
    help="Only this run. A live one is interrupted as by Ctrl-C.",
)
@click.option("--stale", is_flag=True, help="Only dead runs (the default).")
@click.option("--all", "everything", is_flag=True, help="Dead runs of every spec.")
@runs_dir_option
def command(*, spec: str | None, run: str | None, stale: bool, everything: bool, runs_dir: RunsDir) -> int:
    """Remove what dead runs left on the engine: containers, networks, volumes, images built for them.

    By default, it cleans up the runs of this directory's spec, or of all specs if there is none here; --all covers
    every spec. It never removes what others made.
    """
    text = read_spec_text(spec) if spec is not None or (run is None and not everything and find_spec()) else None
    of_spec = identity(text) if text is not None and not everything else None
    clusters = clusters_of(text or (read_spec_text(None) if find_spec() else None))
    removal = remove_from_clusters(clusters, run, of_spec, runs_dir, say=click.echo, notify=notify)
    if removal.left:
        notify("could not be removed:\n" + "\n".join(f"  {line}" for line in removal.left))
    if run in removal.runs:
        return ExitCode.FAILED if removal.left else ExitCode.PASSED
    is_clean = _remove_from_engines(text, run, of_spec, stale=stale, is_first=not removal.runs)
    return ExitCode.PASSED if is_clean and not removal.left else ExitCode.FAILED


def _remove_from_engines(
    text: SpecText | None, run: str | None, of_spec: str | None, *, stale: bool, is_first: bool
) -> bool:
    """Remove runs from single engines; return whether nothing is left, as far as is known."""
    engines = engines_here(notify, text)
    survey = engines.look()
    runs = chosen_runs(survey.runs, run, of_spec)
    answering, left = engines.only_answering(), list[str]()
    for one in (settled(found, answering.look) for found in runs):
        if one.is_alive and (run is None or stale):
            click.echo(f"run {one.id} is live and was left alone; `fastflow down --run {one.id}` interrupts it")
            continue
        if one.is_alive:
            notify(f"interrupting run {one.id}")
            interrupt(one)
        remaining = remove_live(one)
        click.echo(f"removed run {one.id}" if not remaining else f"removed run {one.id}, except for the following")
        left += remaining
    if not runs and is_first:
        click.echo("nothing to remove")
    if left:
        notify("could not be removed; remove it with:\n" + "\n".join(f"  {line}" for line in left))
    is_unknown = any(seen.host for seen in survey.silent)  # beside hosts, the current context may have no engine
    return not left and not is_unknown
