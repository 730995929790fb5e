"""`fastflow validate`."""

import sys
from contextlib import suppress
from pathlib import Path

import click

from fastflow.app.environment import new_run_id, values_for
from fastflow.app.specs import read_all
from fastflow.cli.findings import paint_for, sources_of
from fastflow.cli.options import SPECS_HELP, env_file_option, env_option
from fastflow.diagnostic import Severity
from fastflow.errors import ExitCode
from fastflow.pipeline import check
from fastflow.report.findings import FORMATS, Findings

_FORMAT_HELP = "The output: text, JSON, annotations for GitHub Actions, or SARIF for code scanning."
_COMPOSE_HELP = "Also ask Docker Compose whether it accepts each workflow's project; needs no engine."


@click.command(name="validate", epilog=f"{SPECS_HELP}.")
@click.argument("specs", nargs=-1, metavar="[SPEC]...", type=click.Path(allow_dash=True))
@click.option(
    "--format", "form", type=click.Choice(list(FORMATS)), default="text", show_default=True, help=_FORMAT_HELP
)
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option("--compose", "asks_compose", is_flag=True, help=_COMPOSE_HELP)
@env_option
@env_file_option
def command(
    *,
    specs: tuple[str, ...],
    form: str,
    strict: bool,
    asks_compose: bool,
    with_values: bool,
    env_files: tuple[str, ...],
) -> int:
    """Check specs, and find collisions across them.

    Without SPEC: every fastflow.y(a)ml and *.fastflow.y(a)ml below this directory; in a Git checkout, those that Git
    tracks or would add. Needs no Docker, no network and no variables. Exit code 0 if there is no error, 2 if there is
    one, 3 if --compose finds no Docker Compose.
    """
    texts = read_all(specs)
    values = values_for(texts[0].directory, env_files, new_run_id()) if with_values else None
    outcome = check(texts, values)
    if asks_compose:
        from fastflow.app.compose_check import check_with_compose  # noqa: PLC0415  # the others do without Docker

        outcome, unasked = check_with_compose(outcome, values, env_files)
        for name in unasked:
            click.echo(f"{name}: Docker Compose was not asked, because there are errors", err=True)
    sources = sources_of(outcome.diagnostics, outcome.lines)
    found = Findings(outcome.diagnostics, sources, len(texts), Path.cwd(), paint_for(sys.stdout))
    with suppress(BrokenPipeError):  # `| head` does not change the outcome
        click.echo(FORMATS[form](found), color=True)  # its colours are intended
    fails = any(found.severity is Severity.ERROR or strict for found in outcome.diagnostics)
    return ExitCode.INVALID if fails else ExitCode.PASSED
