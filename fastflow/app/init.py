"""`fastflow init`: a first spec, from Compose files or from scratch."""

from collections.abc import Sequence
from pathlib import Path

from fastflow.app.specs import COMPOSE_NAMES, NAMES, compose_file_in
from fastflow.application.documents import FileSource
from fastflow.application.reader import ApplicationReading, ComposeFiles
from fastflow.diagnostic import Mark
from fastflow.draft.from_compose import spec_from
from fastflow.errors import UsageError, system_reason
from fastflow.files import exists, is_directory, is_file
from fastflow.pipeline import SpecText, check

_NOWHERE = Mark("", 1, 1, 1, 1)


def as_spec(text: str) -> SpecText:
    """A text in the form of this directory's spec."""
    return SpecText(NAMES[0], Path(), text.encode())


def require_none() -> None:
    """Raise UsageError if this directory has a spec."""
    there = next((name for name in NAMES if exists(Path(name))), None)
    if there is not None:
        raise UsageError(f"{there} already exists, and init never overwrites", "print the new one with --stdout")


def write_new(text: str) -> None:
    """Write the spec of this directory, which has none; raises UsageError."""
    try:
        with Path(NAMES[0]).open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"{NAMES[0]} cannot be written: {system_reason(error)}") from None


def draft_from(compose_files: Sequence[str]) -> str:
    """The spec that is equivalent to Compose files with a FAST service; raises UsageError."""
    paths = [_file(Path(name)) for name in compose_files]
    files = _with_override(paths[0]) if len(paths) == 1 else tuple(map(str, paths))
    reading: ApplicationReading = ComposeFiles(Path()).read([FileSource(name, _NOWHERE) for name in files])
    for fault in reading.diagnostics:
        where = f" ({fault.mark.file}:{fault.mark.line})" if fault.mark.file else ""
        raise UsageError(fault.message + where, fault.hint)
    if reading.application is None or reading.tree is None:
        raise UsageError(f"{' and '.join(files)}: no services")
    return spec_from(reading.tree, reading.application, files, lambda text: check([as_spec(text)], None).diagnostics)


def _file(path: Path) -> Path:
    """The Compose file that a path means: itself, or the one in a directory."""
    if not is_directory(path):
        return path
    found = compose_file_in(path)
    if found is None:
        raise UsageError(f"{path} has no Compose file", f"name one: --from {path / COMPOSE_NAMES[-1]}")
    return path / found


def _with_override(path: Path) -> tuple[str, ...]:
    """The file, and the override file next to it that `docker compose` merges by default."""
    beside = path.with_name(f"{path.stem}.override{path.suffix}")
    return (str(path), str(beside)) if path.name in COMPOSE_NAMES and is_file(beside) else (str(path),)
