"""`fastflow doctor`."""

import click

from fastflow.app.doctor import look_at
from fastflow.app.specs import find_spec, read_spec_text
from fastflow.cli.options import SPEC_HELP, env_file_option, spec_argument
from fastflow.errors import ExitCode


@click.command(name="doctor", epilog=SPEC_HELP)
@spec_argument()
@click.option("--emulate", is_flag=True, help="Leave out what needs the cloud, as for `up --emulate`.")
@env_file_option
def command(spec: str | None, *, emulate: bool, env_files: tuple[str, ...]) -> int:
    """Check what a run needs: engines, Compose, images, ports, disk, the token's variable, the API server.

    Each line is ok or says what to do. Without a spec here, it checks what any spec needs. It starts nothing. Exit code
    0 if all is ok, 3 if something is not.
    """
    text = read_spec_text(spec) if spec is not None or find_spec() is not None else None
    answers = look_at(text, env_files, emulate=emulate)
    for answer in answers:
        click.echo(f"{'ok    ' if answer.advice is None else 'not ok'}  {answer.subject}: {answer.found}")
        if answer.advice is not None:
            click.echo(f"        {answer.advice}")
    return ExitCode.FAILED if any(answer.advice for answer in answers) else ExitCode.PASSED
