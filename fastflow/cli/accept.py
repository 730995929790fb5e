"""`fastflow accept`."""

import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import click

from fastflow.app.specs import directory_of_runs
from fastflow.cli.accept_asking import QuitError, ask_whether, ask_why, day, read_reason
from fastflow.cli.options import with_examples
from fastflow.cli.report import RUN_HELP
from fastflow.diagnostic import did_you_mean
from fastflow.errors import UsageError, system_reason
from fastflow.model.accept import Accepted, read_accept_file
from fastflow.model.accept_writing import Addition, with_additions
from fastflow.record.archive import Archive, find_run, read_archive
from fastflow.report.text import pictured
from fastflow.report.vulnerabilities import Discovery, discoveries_of
from fastflow.spec.reader import read_limited

_FINGERPRINT_HELP = "Accept the one of this fingerprint, which every report shows; may be repeated."
_FILE_HELP = "Write into F instead of the file that the gate's `accept` names."
_EPILOG = with_examples(
    RUN_HELP,
    ("fastflow accept", "one by one"),
    ('fastflow accept --all --reason "mended in 2.1, SHOP-311" --expires 2030-12-31', "all of the last run"),
)


@dataclass(frozen=True, slots=True)
class _Choice:
    """A vulnerability and the file that is to accept it."""

    found: Discovery
    path: Path

    @property
    def fingerprint(self) -> str:
        return self.found.vulnerability.fingerprint

    @property
    def about(self) -> str:
        return pictured(f"{self.found.description}, found by {self.found.phase.id}")


@click.command(name="accept", epilog=_EPILOG)
@click.argument("run", required=False, metavar="[RUN]")
@click.option("--file", "file", metavar="F", help=_FILE_HELP)
@click.option("--all", "takes_all", is_flag=True, help="Accept all that made a phase fail.")
@click.option("--fingerprint", "fingerprints", multiple=True, metavar="F", help=_FINGERPRINT_HELP)
@click.option(
    "--reason", metavar="TEXT", help="Why; it stands in every report. Needed where there is no terminal to ask on."
)
@click.option("--expires", metavar="DAY", help="The last day, as YEAR-MONTH-DAY in UTC; by default they do not expire.")
def command(
    run: str | None,
    file: str | None,
    *,
    takes_all: bool,
    fingerprints: tuple[str, ...],
    reason: str | None,
    expires: str | None,
) -> None:
    """Write found vulnerabilities into the file of known ones, which `gate: { accept: FILE }` of their node names.

    Asks about each on a terminal, and keeps each answer at once. What stands in the file stays as it is; entries are
    added at its end.
    """
    why, until = read_reason(reason) if reason is not None else None, day(expires)
    archive = read_archive(find_run(run, directory_of_runs()))
    found = _wanted(archive, takes_all, fingerprints)
    if not found:
        click.echo(f"run {archive.run} has found nothing that failed a gate")
        return
    is_chosen = takes_all or bool(fingerprints)
    _require_answers(is_chosen, why)
    left, expired = _news(_choices(archive, found, file))
    if is_chosen and why is not None:
        for path in dict.fromkeys(choice.path for choice in left):
            _add(path, [_addition(choice, why, until) for choice in left if choice.path == path])
    else:
        _ask_all(left, is_chosen, why, until)
    if expired:
        where = "; ".join(f"{choice.fingerprint} in {choice.path}" for choice in expired)
        raise UsageError(f"has expired: {where}", "mend the vulnerability, or give it a later day in that file")


def _require_answers(is_chosen: bool, why: str | None) -> None:
    """Raise UsageError where nobody can be asked for what the command line leaves open."""
    missing = [] if is_chosen else ["--all or --fingerprint F"]
    missing += [] if why else ["--reason TEXT"]
    if missing and not (sys.stdin.isatty() and sys.stderr.isatty()):
        options = " and ".join(missing)
        raise UsageError(f"nothing was accepted: there is no terminal to ask on, without {options}", f"add {options}")


def _wanted(archive: Archive, takes_all: bool, fingerprints: Sequence[str]) -> list[Discovery]:
    """The vulnerabilities to be accepted, or to be asked about; raises UsageError."""
    found = discoveries_of(archive.phases)
    known = [one.vulnerability.fingerprint for one in found]
    for name in fingerprints:
        if name not in known:
            hint = did_you_mean(name, known) or "see the run's reports: fastflow report --report markdown=PATH"
            raise UsageError(f"run {archive.run} has found nothing with the fingerprint {name}", hint)
    if takes_all or not fingerprints:
        return [one for one in found if one.vulnerability.gate == "fails"]
    return [one for one in found if one.vulnerability.fingerprint in fingerprints]


def _choices(archive: Archive, found: Iterable[Discovery], file: str | None) -> list[_Choice]:
    """Each fingerprint once for each file, however many phases found it. Raises UsageError where there is no file."""
    choices: dict[tuple[Path, str], _Choice] = {}
    for one in found:
        path = Path(file) if file is not None else _file_of(archive, one.phase.id)
        choices.setdefault((path, one.vulnerability.fingerprint), _Choice(one, path))
    return list(choices.values())


def _file_of(archive: Archive, phase: str) -> Path:
    named = archive.gate_of(phase).accept
    if named is None:
        where = f"the gate of {phase} names no accept file"
        raise UsageError(where, "give it one, `gate: { accept: accepted.yml }`, or name one: --file F")
    spec = Path(archive.spec)
    path = (spec.parent if spec.is_file() else directory_of_runs()) / named
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _news(choices: Iterable[_Choice]) -> tuple[list[_Choice], list[_Choice]]:
    """Those that their files do not hold yet, and those that they hold until a day that has passed."""
    today = datetime.now(UTC).date()
    left, expired = [], []
    for choice in choices:
        entries = read_accept_file(str(choice.path), _content(choice.path)).entries
        entry = next((one for one in entries if one.fingerprint == choice.fingerprint), None)
        if entry is None:
            left.append(choice)
        elif entry.is_in_force(today):
            click.echo(f"{entry.fingerprint} is in {choice.path} already: {pictured(entry.reason)}")
        else:
            expired.append(choice)
    return left, expired


def _content(path: Path) -> bytes:
    try:
        return read_limited(path)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {system_reason(error)}") from None


def _addition(choice: _Choice, why: str, until: date | None) -> Addition:
    return Addition(Accepted(choice.fingerprint, why, until), choice.about)


def _ask_all(choices: Iterable[_Choice], is_chosen: bool, why: str | None, until: date | None) -> None:
    """Ask about one after the other; whatever ends a question, the answers before it are in the file."""
    with suppress(QuitError):
        for choice in choices:
            if (entry := _ask(choice, is_chosen, why, until)) is not None:
                _add(choice.path, [Addition(entry, choice.about)])


def _ask(choice: _Choice, is_chosen: bool, why: str | None, until: date | None) -> Accepted | None:
    """Ask for what the command line has not said; None where the finding is not accepted. Raises QuitError."""
    if not is_chosen or why is None:
        click.echo(f"{choice.about}\n  fingerprint {choice.fingerprint}", err=True)
    if not is_chosen and not ask_whether():
        return None
    return ask_why(choice.fingerprint, until) if why is None else Accepted(choice.fingerprint, why, until)


def _add(path: Path, additions: Sequence[Addition]) -> None:
    """Write a file anew through another one: the old content or the new one is there, never half of it."""
    content = with_additions(str(path), _content(path), additions)
    target = path.resolve()
    scratch = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch.write_bytes(content)
        if target.exists():
            shutil.copymode(target, scratch)
        scratch.replace(target)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {system_reason(error)}") from None
    finally:
        scratch.unlink(missing_ok=True)
    for addition in additions:
        click.echo(f"{addition.entry.fingerprint} is accepted in {path}: {addition.about}")
