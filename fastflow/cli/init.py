"""`fastflow init`."""

from collections.abc import Sequence
from pathlib import Path

import click

from fastflow.app.specs import NAMES
from fastflow.application.reader import ApplicationReading, ComposeFiles, FileSource
from fastflow.cli.options import with_examples
from fastflow.cli.stages import sources_of
from fastflow.diagnostic import Diagnostic, Mark
from fastflow.draft.fresh import FRESH
from fastflow.draft.from_compose import spec_from
from fastflow.errors import UsageError, system_reason
from fastflow.pipeline import SpecText, check
from fastflow.report.findings_text import render_findings

COMPOSE_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_EPILOG = with_examples(
    "It says on stderr what the checks find in the new spec.",
    ("fastflow init", "a spec to fill in"),
    ("fastflow init --from docker-compose.yml", "from a Compose file that has a FAST service"),
    ("fastflow init --from app.yml --from fast.yml", "from several, merged as docker compose -f … -f … does"),
)
_NOWHERE = Mark("", 1, 1, 1, 1)


@click.command(name="init", epilog=_EPILOG)
@click.option(
    "--from",
    "compose_files",
    metavar="COMPOSE_FILE",
    multiple=True,
    help="Start from this Compose file, or from the one in this directory. May be given more than once.",
)
@click.option("--stdout", "prints", is_flag=True, help="Print the spec instead of writing fastflow.yml.")
def command(compose_files: tuple[str, ...], *, prints: bool) -> None:
    """Write a commented spec, fastflow.yml, into this directory; never over one that is there.

    With --from, the equivalent of an existing Compose file with a FAST service: its environment, ports, alias and
    networks become fields, a phase that is missing to record or to test is proposed, and what a spec has no place for
    is a comment. The Compose file stays as it is, and the spec names it.
    """
    there = next((name for name in NAMES if Path(name).exists()), None)
    if there is not None and not prints:
        raise UsageError(f"{there} is there already, and init never overwrites", "print the new one: --stdout")
    text = _from(compose_files) if compose_files else FRESH
    if prints:
        click.echo(text, nl=False)
    else:
        _write(Path(NAMES[0]), text)
        click.echo(f"wrote {NAMES[0]}; next: fastflow validate, fastflow plan, fastflow up --emulate")
    found = _findings(text)
    if found:
        click.echo(render_findings(found, sources_of([_spec(text)], found)), err=True)
    here = _compose_file_in(Path())
    if not compose_files and here is not None:
        click.echo(f"there is a {here} here; to begin from it: fastflow init --from {here}", err=True)


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {system_reason(error)}") from None


def _spec(text: str) -> SpecText:
    return SpecText(NAMES[0], Path(), text.encode())


def _findings(text: str) -> Sequence[Diagnostic]:
    return check([_spec(text)], None).diagnostics


def _from(compose_files: Sequence[str]) -> str:
    paths = [_file(Path(name)) for name in compose_files]
    files = _with_override(paths[0]) if len(paths) == 1 else tuple(map(str, paths))
    reading: ApplicationReading = ComposeFiles(Path()).read([FileSource(name, _NOWHERE) for name in files])
    for fault in reading.diagnostics:
        where = f" ({fault.mark.file}:{fault.mark.line})" if fault.mark.file else ""
        raise UsageError(fault.message + where, fault.hint)
    if reading.application is None or reading.tree is None:
        raise UsageError(f"{' and '.join(files)}: no services")
    return spec_from(reading.tree, reading.application, files, _findings)


def _file(path: Path) -> Path:
    """The Compose file that is meant by a path: itself, or the one in a directory."""
    if not path.is_dir():
        return path
    found = _compose_file_in(path)
    if found is None:
        raise UsageError(f"{path} has no Compose file", f"name one: --from {path / COMPOSE_NAMES[-1]}")
    return path / found


def _compose_file_in(directory: Path) -> str | None:
    return next((name for name in COMPOSE_NAMES if (directory / name).is_file()), None)


def _with_override(path: Path) -> tuple[str, ...]:
    """The file, and the one beside it that `docker compose` merges into it unasked."""
    beside = path.with_name(f"{path.stem}.override{path.suffix}")
    return (str(path), str(beside)) if path.name in COMPOSE_NAMES and beside.is_file() else (str(path),)
