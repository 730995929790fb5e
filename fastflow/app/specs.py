"""Finds and reads the specs that a command is given."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from fastflow.app.environment import everything
from fastflow.errors import UsageError, system_reason
from fastflow.files import is_directory, is_file, resolved
from fastflow.spec.reader import MAX_BYTES, SpecText

NAMES = ("fastflow.yml", "fastflow.yaml")
COMPOSE_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")


def read_spec_text(given: str | None) -> SpecText:
    """Read the given spec, or the one of this directory or its nearest parent; `-` is standard input."""
    if given == "-":
        return SpecText("-", Path.cwd(), _standard_input())
    path = Path(given) if given is not None else find_spec()
    if path is None:
        here = " or ".join(NAMES)
        raise UsageError(f"there is no {here} in this directory or a parent of it", _first_step())
    if is_directory(path):
        path = next((path / name for name in NAMES if is_file(path / name)), path / NAMES[0])
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"the spec {path} cannot be read: {system_reason(error)}") from None
    return SpecText(str(path), path.parent, content)


def _first_step() -> str:
    """The hint if there is no spec."""
    found = compose_file_in(Path())
    command = f"fastflow init --from {found}" if found else "fastflow init"
    return f"write a first one: {command}; or name an existing one: SPEC"


def compose_file_in(directory: Path) -> str | None:
    """The name of a directory's Compose file, if it has one."""
    return next((name for name in COMPOSE_NAMES if is_file(directory / name)), None)


def _standard_input() -> bytes:
    try:
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"standard input cannot be read: {system_reason(error)}") from None


def find_spec() -> Path | None:
    """Find the spec of this directory or of the nearest parent that has one, as a path relative to here."""
    here = Path.cwd()
    for directory in (here, *here.parents):
        for name in NAMES:
            if is_file(directory / name):
                return Path(os.path.relpath(directory / name, here))
    return None


def read_all(given: Sequence[str]) -> list[SpecText]:
    """Read all given specs, or all below this directory if none is given. A file counts only once."""
    if given:
        texts = [read_spec_text(name) for name in given]
    else:
        from fastflow.app.checkout import specs_below  # noqa: PLC0415  # a command on one spec asks no Git

        texts = [read_spec_text(str(path)) for path in specs_below(Path(), everything())]
        if not texts:
            raise UsageError("there is no fastflow.yml below this directory", _first_step())
    seen: dict[str, SpecText] = {}
    for text in texts:
        key = text.name if text.name == "-" else str(resolved(Path(text.name)))
        seen.setdefault(key, text)
    return list(seen.values())


def identity(text: SpecText) -> str:
    """Name a spec on the engine, so that a later command finds its runs: its absolute path."""
    return identity_of(text.directory / Path(text.name).name) if text.name != "-" else f"{text.directory}/-"


def identity_of(spec: Path) -> str:
    """Name the spec in a file like `identity`."""
    return str(resolved(spec.parent) / spec.name)


def identity_here() -> str | None:
    """Name the spec of this directory or its nearest parent; None if there is none."""
    spec = find_spec()
    return identity_of(spec) if spec is not None else None


def directory_of_runs() -> Path:
    """The directory whose runs a command looks for: that of the spec here, or this one."""
    spec = find_spec()
    return spec.parent if spec is not None else Path()
