"""`fastflow validate`."""

import click

from fastflow.cli.environment import new_run_id, values_for
from fastflow.cli.options import SPEC_HELP, env_file_option, env_option
from fastflow.cli.specs import read_all
from fastflow.cli.stages import sources_of
from fastflow.diagnostic import Severity
from fastflow.errors import ExitCode
from fastflow.pipeline import Checked, check
from fastflow.report.findings_json import findings_as_json
from fastflow.report.findings_text import render_findings, summary_of


@click.command(name="validate", epilog=SPEC_HELP)
@click.argument("specs", nargs=-1, metavar="[SPEC]...")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@env_option
@env_file_option
def command(specs: tuple[str, ...], form: str, strict: bool, with_values: bool, env_files: tuple[str, ...]) -> int:
    """Check specs, together: collisions are found across files.

    Without SPEC: every fastflow.y(a)ml and *.fastflow.y(a)ml below this directory. Needs no Docker, no network and no
    variables. Exit code 0 when there is no error, 2 when there is one.
    """
    texts = read_all(specs)
    values = values_for(texts[0].directory, env_files, new_run_id()) if with_values else None
    outcome: Checked = check(texts, values)
    if form == "json":
        click.echo(findings_as_json(outcome.diagnostics))
    else:
        if outcome.diagnostics:
            click.echo(render_findings(outcome.diagnostics, sources_of(texts, outcome.diagnostics)))
        click.echo(summary_of(outcome.diagnostics, len(texts)))
    fails = any(found.severity is Severity.ERROR or strict for found in outcome.diagnostics)
    return ExitCode.INVALID if fails else ExitCode.PASSED
