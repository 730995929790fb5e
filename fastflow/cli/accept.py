"""`fastflow accept`."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

import click

from fastflow.app.accept import Choice, add_to, choices_of, failing_of, nothing_found, standing_of
from fastflow.app.specs import directory_of_runs
from fastflow.cli import completing
from fastflow.cli.accept_asking import QuitError, ask_whether, ask_why, day, read_reason
from fastflow.cli.options import runs_dir_option, with_examples
from fastflow.cli.report import RUN_HELP
from fastflow.errors import UsageError
from fastflow.model.accept_writing import Addition
from fastflow.record.archive import find_run, read_archive
from fastflow.record.place import RunsDir
from fastflow.report.text import pictured

_FINGERPRINT_HELP = "Accept the vulnerability with this fingerprint, which every report shows; may be repeated."
_FILE_HELP = "Write into F instead of the file named by the gate's `accept`."
_EPILOG = with_examples(
    RUN_HELP,
    ("fastflow accept", "one by one"),
    ('fastflow accept --all --reason "fixed in 2.1, SHOP-311" --expires 2030-12-31', "all of the last run"),
)


@click.command(name="accept", epilog=_EPILOG)
@click.argument("run", required=False, metavar="[RUN]", shell_complete=completing.runs)
@click.option("--file", "file", metavar="F", type=click.Path(), help=_FILE_HELP)
@click.option("--all", "takes_all", is_flag=True, help="Accept all vulnerabilities that made a phase fail.")
@click.option("--fingerprint", "fingerprints", multiple=True, metavar="F", help=_FINGERPRINT_HELP)
@click.option(
    "--reason", metavar="TEXT", help="The reason, shown in every report. Needed if there is no terminal to ask on."
)
@click.option(
    "--expires", metavar="DAY", help="The last day, as YEAR-MONTH-DAY in UTC. By default, entries do not expire."
)
@runs_dir_option
def command(
    run: str | None,
    file: str | None,
    runs_dir: RunsDir,
    *,
    takes_all: bool,
    fingerprints: tuple[str, ...],
    reason: str | None,
    expires: str | None,
) -> None:
    """Write found vulnerabilities into the accept file that `gate: { accept: FILE }` of their node names.

    On a terminal, it asks about each one and saves each answer at once. Existing entries stay as they are; new ones are
    added at the end.
    """
    why, until = read_reason(reason) if reason is not None else None, day(expires)
    archive = read_archive(find_run(run, directory_of_runs(), runs_dir))
    found = failing_of(archive, takes_all, fingerprints)
    if not found:
        click.echo(nothing_found(archive))
        return
    is_chosen = takes_all or bool(fingerprints)
    _require_answers(is_chosen, why)
    standing = standing_of(choices_of(archive, found, file))
    for choice, entry in standing.held:
        click.echo(f"{choice.fingerprint} is already in {choice.path}: {pictured(entry.reason)}")
    _accept(standing.left, is_chosen, why, until)
    if standing.expired:
        where = "; ".join(f"{choice.fingerprint} in {choice.path}" for choice in standing.expired)
        raise UsageError(f"has expired: {where}", "fix the vulnerability, or set a later date in that file")


def _require_answers(is_chosen: bool, why: str | None) -> None:
    """Raise UsageError if the command line leaves something open and there is nobody to ask."""
    missing = [] if is_chosen else ["--all or --fingerprint F"]
    missing += [] if why else ["--reason TEXT"]
    if missing and not (sys.stdin.isatty() and sys.stderr.isatty()):
        options = " and ".join(missing)
        message = f"nothing was accepted: there is no terminal to ask on, so the command needs {options}"
        raise UsageError(message, f"add {options}")


def _accept(choices: Sequence[Choice], is_chosen: bool, why: str | None, until: date | None) -> None:
    """Accept all, or ask about one after the other; however a question ends, the answers before it are kept."""
    if is_chosen and why is not None:
        for path in dict.fromkeys(choice.path for choice in choices):
            _add(path, [choice.accepted(why, until) for choice in choices if choice.path == path])
        return
    with suppress(QuitError):
        for choice in choices:
            if (addition := _ask(choice, is_chosen, why, until)) is not None:
                _add(choice.path, [addition])


def _ask(choice: Choice, is_chosen: bool, why: str | None, until: date | None) -> Addition | None:
    """Ask for what the command line leaves open; None if the finding is not accepted. Raises QuitError."""
    if not is_chosen or why is None:
        click.echo(f"{choice.about}\n  fingerprint {choice.fingerprint}", err=True)
    if not is_chosen and not ask_whether():
        return None
    return choice.accepted(*(ask_why(until) if why is None else (why, until)))


def _add(path: Path, additions: Sequence[Addition]) -> None:
    add_to(path, additions)
    for addition in additions:
        click.echo(f"{addition.entry.fingerprint} is accepted in {path}: {addition.about}")
