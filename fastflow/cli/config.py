"""`fastflow config`."""

import click

from fastflow.app.config import RUN, project_text
from fastflow.app.environment import values_for
from fastflow.app.specs import read_spec_text
from fastflow.cli import completing
from fastflow.cli.findings import passed
from fastflow.cli.options import SPEC_HELP, env_file_option, notify, spec_argument
from fastflow.pipeline import check


@click.command(name="config", epilog=SPEC_HELP)
@spec_argument()
@click.option(
    "-w",
    "--workflow",
    metavar="WORKFLOW",
    shell_complete=completing.workflows,
    help="The workflow; needed if the spec has several.",
)
@env_file_option
def command(spec: str | None, workflow: str | None, env_files: tuple[str, ...]) -> None:
    """Print the Compose project of a workflow as Docker Compose gets it.

    The token stays a reference. So do all other variables, unless Docker Compose would then read a different project,
    for example because a name is a variable. Needs the docker command line with Compose v2, but no engine. If the spec
    or its Compose files use FASTFLOW_RUN_ID, it is 0.
    """
    text = read_spec_text(spec)
    values = values_for(text.directory, env_files, RUN)
    facts = passed(check([text], values, RUN), shows_warnings=False)
    click.echo(project_text(text, facts, workflow, values=values, env_files=env_files, say=notify), nl=False)
