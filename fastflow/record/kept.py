"""The runs that are kept next to a spec: their data, their size, and which ones may be pruned."""

import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fastflow.errors import UsageError
from fastflow.files import is_file
from fastflow.record.archive import read_archive
from fastflow.record.events import now
from fastflow.record.history import EVENTS_FILE, is_going_on
from fastflow.record.place import NEXT_TO_SPEC, RunsDir
from fastflow.record.times import seconds_between


@dataclass(frozen=True, slots=True)
class KeptRun:
    """A run's folder. `exit_code` is None if the run has not ended by itself; `states` count its phases."""

    folder: Path
    run: str
    spec: str
    started: str | None
    exit_code: int | None
    states: Mapping[str, int]
    size: int
    """The size of all its files, in bytes."""
    is_live: bool

    def age(self, time: str) -> float:
        """The seconds from its start to a time (RFC 3339); 0 if the start is not known."""
        return seconds_between(self.started or "", time) or 0.0


def kept_runs(directory: Path, runs_dir: RunsDir = NEXT_TO_SPEC, *, of_all: bool = False) -> tuple[KeptRun, ...]:
    """The runs of the specs in a directory, or of all in the same place, the latest first.

    Folders that fastflow did not write are left out.
    """
    folders = runs_dir.all_folders(directory) if of_all else runs_dir.folders(directory)
    return tuple(found for folder in folders if (found := _kept(folder)) is not None)


def _kept(folder: Path) -> KeptRun | None:
    if not is_file(folder / EVENTS_FILE) or folder.is_symlink():
        return None
    size = sum(path.lstat().st_size for path in folder.rglob("*") if is_file(path) and not path.is_symlink())
    is_live = is_going_on(folder)
    try:
        archive = read_archive(folder)
    except UsageError:  # another version wrote it
        return KeptRun(folder, folder.name, "", None, None, {}, size, is_live)
    states = Counter(phase.state if phase.has_ended else "not ended" for phase in archive.phases)
    code = archive.result.exit_code if archive.result else None
    return KeptRun(folder, archive.run, archive.spec, archive.started, code, states, size, is_live)


def to_prune(runs: Sequence[KeptRun], keep: int | None, older: float | None) -> tuple[KeptRun, ...]:
    """Those to prune: all except the latest `keep`, and of these only those `older` (seconds). Never live ones."""
    time = now()
    candidates = runs[keep or 0 :]
    return tuple(run for run in candidates if not run.is_live and (older is None or run.age(time) > older))


def remove(runs: Iterable[KeptRun]) -> None:
    """Remove the folders of runs. Raises OSError."""
    for run in runs:
        shutil.rmtree(run.folder)
