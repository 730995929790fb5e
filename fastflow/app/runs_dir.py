"""The place of the runs that a command writes or reads: `--runs-dir`, the environment, or next to the spec."""

from pathlib import Path

from fastflow.app.environment import RUNS_DIR, variable
from fastflow.errors import UsageError
from fastflow.files import exists, is_directory, resolved
from fastflow.record.place import NEXT_TO_SPEC, RunsDir


def runs_dir_of(given: str | None) -> RunsDir:
    """The given directory, else that of the environment, else the one next to the spec. Raises UsageError."""
    name = variable(RUNS_DIR) if given is None else given
    if not name and given is None:
        return NEXT_TO_SPEC
    by = RUNS_DIR if given is None else "--runs-dir"
    if not name:
        raise UsageError(f"{by} names no directory", f"name one, or leave {by} out to keep runs next to the spec")
    path = resolved(Path(name))
    if exists(path) and not is_directory(path):
        raise UsageError(f"{by} {name}: it is not a directory", "name a directory; it need not exist yet")
    return RunsDir(path)
