"""How long phases took in earlier runs of a spec, from the runs' folders next to it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from statistics import median

from fastflow.errors import UsageError
from fastflow.record.archive import Archive, read_archive
from fastflow.record.digest import read_digest
from fastflow.record.place import NEXT_TO_SPEC, RunsDir
from fastflow.record.result import State

LAST_PASSES = 20
"""The number of times that count for each phase, the latest first."""
LAST_RUNS = 100
"""The maximum number of run folders to read, the latest first."""


@dataclass(frozen=True, slots=True)
class PhaseTimes:
    """The seconds from a phase's start to its end, for each time that it ended in a state, the latest first."""

    seconds: tuple[float, ...]
    state: State = "passed"

    @property
    def median(self) -> float:
        """The median: half of the times are shorter."""
        return median(self.seconds)

    @property
    def spread(self) -> tuple[float, float]:
        """The shortest and the longest."""
        return min(self.seconds), max(self.seconds)


@dataclass(frozen=True, slots=True)
class SpecTimes:
    """The times of a spec's phases that have ever passed, from `runs` runs.

    A phase that has never passed but found vulnerabilities has done its work too, so those times count.

    Times of runs with the emulator count only if there are no others; `is_emulated` is then set.
    """

    phases: Mapping[str, PhaseTimes]
    runs: int
    is_emulated: bool = False


def read_times(directory: Path, spec: str, runs_dir: RunsDir = NEXT_TO_SPEC) -> SpecTimes:
    """Read the times from the latest runs of a spec, by the name of its file; ignores folders that are not runs."""
    kinds: dict[bool, list[Archive]] = {True: [], False: []}
    for folder in runs_dir.folders(directory)[:LAST_RUNS]:
        try:
            archive = read_archive(folder)
        except UsageError:
            continue
        if PurePosixPath(archive.spec).name == spec:
            digest = read_digest(folder)
            kinds[digest is not None and digest.is_emulated].append(archive)
    real, emulated = _times(kinds[False]), _times(kinds[True])
    if emulated and not real:
        return SpecTimes(emulated, len(kinds[True]), is_emulated=True)
    return SpecTimes(real, len(kinds[False]))


def _times(runs: Sequence[Archive]) -> dict[str, PhaseTimes]:
    return {**_times_in(runs, "vulnerable"), **_times_in(runs, "passed")}


def _times_in(runs: Iterable[Archive], state: State) -> dict[str, PhaseTimes]:
    found: defaultdict[str, dict[tuple[str, str], float]] = defaultdict(dict)
    for phase in (phase for run in runs for phase in run.phases if phase.state == state):
        started, ended = phase.started or "", phase.ended or ""
        seconds = seconds_between(started, ended)
        if seconds is not None and len(found[phase.id]) < LAST_PASSES:
            found[phase.id].setdefault((started, ended), seconds)  # a resumed run has what it kept, with its times
    return {name: PhaseTimes(tuple(times.values()), state) for name, times in found.items() if times}


def seconds_between(started: str, ended: str) -> float | None:
    """The seconds between two RFC 3339 times, at least 0; None if either is not a time."""
    try:
        return max(0.0, (datetime.fromisoformat(ended) - datetime.fromisoformat(started)).total_seconds())
    except (ValueError, TypeError):
        return None
