"""`fastflow logs`."""

import sys

import click

from fastflow.app.logs import Output, show_logs
from fastflow.cli import completing
from fastflow.cli.options import notify, run_option, runs_dir_option
from fastflow.cli.streams import is_read
from fastflow.record.place import RunsDir


@click.command(name="logs")
@click.argument("phase", metavar="[PHASE]", required=False, shell_complete=completing.phases)
@click.option("-f", "--follow", is_flag=True, help="Follow the log until the nodes end.")
@run_option
@runs_dir_option
def command(*, phase: str | None, follow: bool, run: str | None, runs_dir: RunsDir) -> None:
    """Show the log of PHASE (or RUN/PHASE), or of all nodes of the run.

    The log of a phase that has ended comes from the run's folder. If no run of the spec here is live, that is the
    folder of the last run, or of RUN, which may also be the path of a run's folder. This needs no engine.
    """
    show_logs(phase, run, runs_dir, Output(_write, lambda: is_read(sys.stdout), notify), follow=follow)


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
