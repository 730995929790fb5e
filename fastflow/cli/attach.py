"""`fastflow attach`."""

from pathlib import Path

import click

from fastflow.app.reports import parse_reports
from fastflow.app.specs import find_spec, read_spec_text
from fastflow.cli import completing
from fastflow.cli.options import notify, runs_dir_option
from fastflow.record.place import RunsDir

_REPORT_HELP = "Write a report to PATH when the run has ended; may be repeated."


@click.command(name="attach")
@click.argument("run", metavar="RUN", shell_complete=completing.runs)
@click.option(
    "--progress",
    type=click.Choice(("plain", "json", "quiet")),
    default="plain",
    show_default=True,
    help="The output on stderr: a line for each event, or nothing if all passed.",
)
@click.option(
    "--report", "reports", multiple=True, metavar="KIND=PATH", shell_complete=completing.reports, help=_REPORT_HELP
)
@runs_dir_option
def command(*, run: str, progress: str, reports: tuple[str, ...], runs_dir: RunsDir) -> int:
    """Watch RUN, a run on a cluster whose `fastflow up` has gone, from beginning to end.

    It checks the clusters of this directory's spec or, without a spec, the cluster of the current Docker context.
    It writes the run's folder, and exits with the run's code. A signal stops the run.
    """
    from fastflow.app.attach import attach, find_run  # noqa: PLC0415  # for a help text nothing of it is needed
    from fastflow.cli.console import Console  # noqa: PLC0415  # as above

    wanted = parse_reports(reports)
    spec = find_spec()
    found = find_run(run, read_spec_text(None) if spec else None, runs_dir, notify)
    phases = [phase.id for phase in found.selected]
    with Console(progress, None, str, wanted, phases=phases) as console:
        directory = spec.parent if spec else Path()
        return console.conclude(*attach(found, directory, runs_dir, console, console.displays))
