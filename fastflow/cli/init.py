"""`fastflow init`."""

from pathlib import Path

import click

from fastflow.app.init import as_spec, draft_from, require_none, write_new
from fastflow.app.specs import NAMES, compose_file_in
from fastflow.cli.findings import show_findings
from fastflow.cli.options import notify, with_examples
from fastflow.draft.fresh import FRESH, FRESH_WITH_SCANNER
from fastflow.errors import UsageError
from fastflow.model.mode import FAST, KINDS
from fastflow.pipeline import check

_EPILOG = with_examples(
    "Findings of the checks in the new spec are printed to stderr.",
    ("fastflow init", "a spec to fill in"),
    ("fastflow init --scanner sarif", "the same for a scanner other than FAST, without an account"),
    ("fastflow init --from docker-compose.yml", "from a Compose file that has a FAST service"),
    ("fastflow init --from app.yml --from fast.yml", "from several, merged as docker compose -f … -f … does"),
)


@click.command(name="init", epilog=_EPILOG)
@click.option(
    "--from",
    "compose_files",
    metavar="COMPOSE_FILE",
    multiple=True,
    type=click.Path(),
    help="Start from this Compose file, or from the one in this directory; may be repeated.",
)
@click.option(
    "--scanner",
    type=click.Choice(KINDS["scanner"]),
    default=FAST,
    help="The scanner: a FAST node (fast, the default), or any scanner that writes SARIF (sarif).",
)
@click.option("--stdout", "prints", is_flag=True, help="Print the spec instead of writing fastflow.yml.")
def command(compose_files: tuple[str, ...], scanner: str, *, prints: bool) -> None:
    """Write a commented spec, fastflow.yml, into this directory. An existing one is never overwritten.

    With --from, it writes the equivalent of an existing Compose file with a FAST service. Environment, ports, alias
    and networks become fields. A missing recording or testing phase is proposed. Unsupported settings become comments.
    The Compose file stays as it is, and the spec names it.
    """
    if compose_files and scanner != FAST:
        hint = "use --from, then write recorder: har, scanner: sarif, and the scanner's image into the nodes"
        raise UsageError("--scanner cannot be combined with --from, which needs a FAST service", hint)
    if not prints:
        require_none()
    fresh = FRESH if scanner == FAST else FRESH_WITH_SCANNER
    text = draft_from(compose_files) if compose_files else fresh
    if prints:
        click.echo(text, nl=False)
    else:
        write_new(text)
        emulated = " --emulate" if scanner == FAST else ""
        click.echo(f"wrote {NAMES[0]}; next: fastflow validate, fastflow plan, fastflow up{emulated}")
    checked = check([as_spec(text)], None)
    show_findings(checked.diagnostics, checked.lines)
    here = compose_file_in(Path())
    if not compose_files and here is not None:
        notify(f"there is a {here} here; to start from it: fastflow init --from {here}")
