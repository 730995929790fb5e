"""`fastflow report`."""

import click

from fastflow.app.reports import parse_reports, write_reports
from fastflow.app.specs import directory_of_runs
from fastflow.cli import completing
from fastflow.cli.options import runs_dir_option, with_examples
from fastflow.errors import UsageError
from fastflow.record.archive import find_run, read_archive
from fastflow.record.place import RunsDir
from fastflow.report.kinds import KINDS

RUN_HELP = "RUN is a run's id, or the path of its folder. Default: the last run of the spec here."
_EPILOG = with_examples(
    RUN_HELP,
    ("fastflow report --report html=report.html", "the last run"),
    ("fastflow report .fastflow/runs/261124040154hpo3f --report junit=junit.xml", "that run"),
)
_REPORT_HELP = f"Write a report ({', '.join(KINDS)}) to PATH; may be repeated."


@click.command(name="report", epilog=_EPILOG)
@click.argument("run", required=False, metavar="[RUN]", shell_complete=completing.runs)
@click.option(
    "--report", "reports", multiple=True, metavar="KIND=PATH", shell_complete=completing.reports, help=_REPORT_HELP
)
@runs_dir_option
def command(run: str | None, reports: tuple[str, ...], runs_dir: RunsDir) -> None:
    """Write reports of an earlier run from its folder, even of a killed one; needs no engine."""
    wanted = parse_reports(reports)
    if not wanted:
        raise UsageError("no report was asked for", "for instance: fastflow report --report html=report.html")
    archive = read_archive(find_run(run, directory_of_runs(), runs_dir))
    for report, failure in write_reports(wanted, archive).items():
        if failure is not None:
            raise failure
        click.echo(f"{report.kind} report of run {archive.run}: {report.path}")
