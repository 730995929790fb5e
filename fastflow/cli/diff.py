"""`fastflow diff`."""

from importlib import import_module

import click

from fastflow.app.diff import compare_runs
from fastflow.cli import completing
from fastflow.cli.options import runs_dir_option, with_examples
from fastflow.errors import ExitCode
from fastflow.record.place import RunsDir

_FORMATS = ("text", "json", "markdown")
_EPILOG = with_examples(
    "RUN is a run's id, or the path of its folder. Exit code 0 means that they were compared, with any result.",
    ("fastflow diff 261124040154hpo3f", "that run and the last one here"),
    ("fastflow diff main/ .fastflow/runs/261124040154hpo3f", "a run from an artifact, and one here"),
    ("fastflow diff main/ --format markdown | gh pr comment -F -", "for a pull request"),
)


@click.command(name="diff", epilog=_EPILOG)
@click.argument("old", metavar="RUN", shell_complete=completing.runs)
@click.argument("new", required=False, metavar="[RUN]", shell_complete=completing.runs)
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    default="text",
    show_default=True,
    help="The output: text to read, JSON for programs, or Markdown for a comment on a change.",
)
@runs_dir_option
def command(*, old: str, new: str | None, form: str, runs_dir: RunsDir) -> int:
    """Show what differs between two runs: vulnerabilities that are new, gone or changed, and possible causes.

    The first RUN is the older one. The second is the last run of the spec here, unless you name it. It compares the
    spec, Compose files, images, baselines, policy and versions as far as both runs recorded them. Needs no engine.
    """
    comparison = compare_runs(old, new, runs_dir)
    shown: str = import_module(f"fastflow.report.diff.as_{form}").render(comparison)
    click.echo(shown.rstrip("\n"))
    return ExitCode.PASSED
