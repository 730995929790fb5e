"""Finds and reads the specs that a command is given."""

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from fastflow.errors import UsageError, system_reason
from fastflow.pipeline import SpecText
from fastflow.spec.reader import MAX_BYTES

NAMES = ("fastflow.yml", "fastflow.yaml")
_NOT_SEARCHED = frozenset((".git", ".fastflow", ".venv", "venv", "node_modules", "__pycache__", ".tox", ".nox"))


def read_spec_text(given: str | None) -> SpecText:
    """Read the spec that was named, or the one of this directory or its nearest parent; `-` is standard input."""
    if given == "-":
        return SpecText("-", Path.cwd(), sys.stdin.buffer.read(MAX_BYTES + 1))
    path = Path(given) if given is not None else find_spec()
    if path is None:
        here = " or ".join(NAMES)
        raise UsageError(f"there is no {here} in this directory or a parent of it", "name a spec: fastflow ... SPEC")
    if path.is_dir():
        path = next((path / name for name in NAMES if (path / name).is_file()), path / NAMES[0])
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"the spec {path} cannot be read: {system_reason(error)}") from None
    return SpecText(str(path), path.parent, content)


def find_spec() -> Path | None:
    """Find the spec of this directory or of the nearest parent that has one, as a path relative to here."""
    here = Path.cwd()
    for directory in (here, *here.parents):
        for name in NAMES:
            if (directory / name).is_file():
                return Path(os.path.relpath(directory / name, here))
    return None


def read_all(given: Sequence[str]) -> list[SpecText]:
    """Read all specs that were named; where none was, all below this directory. One file counts once."""
    if given:
        texts = [read_spec_text(name) for name in given]
    else:
        texts = [read_spec_text(str(path)) for path in specs_below(Path())]
        if not texts:
            raise UsageError("there is no fastflow.yml below this directory", "name the specs: fastflow validate SPEC…")
    seen: dict[str, SpecText] = {}
    for text in texts:
        key = text.name if text.name == "-" else str(Path(text.name).resolve())
        seen.setdefault(key, text)
    return list(seen.values())


def specs_below(directory: Path) -> Iterable[Path]:
    """Every `fastflow.y(a)ml` and `*.fastflow.y(a)ml` below a directory, sorted."""
    found = []
    for parent, folders, files in os.walk(directory):
        folders[:] = [name for name in folders if name not in _NOT_SEARCHED]
        for name in files:
            stem, _, ending = name.rpartition(".")
            if ending in ("yml", "yaml") and (stem == "fastflow" or stem.endswith(".fastflow")):
                found.append(Path(parent) / name)
    return sorted(found)


def identity(text: SpecText) -> str:
    """Name a spec on the engine, so that a later command finds its runs: its absolute path."""
    return str(text.directory.resolve() / Path(text.name).name) if text.name != "-" else f"{text.directory}/-"
