"""An earlier run that is resumed: which of its results count, and what prevents resuming it."""

import re
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from fastflow.errors import UsageError
from fastflow.files import is_directory, is_file
from fastflow.plan import Plan
from fastflow.plan.making import Resumption
from fastflow.record.digest import ResumeDigest, read_digest
from fastflow.record.folder import RunFolder
from fastflow.record.har import RECORDS
from fastflow.record.result import PhaseResult
from fastflow.run.engine import Engine
from fastflow.run.survey import look, remove_live

_EMPTY = "empty record"
_IN_RUN = re.compile(r"\bin run \w+$")


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """A run as its folder records it, with the results of its phases."""

    folder: Path
    digest: ResumeDigest
    results: Mapping[str, PhaseResult]

    @property
    def resumption(self) -> Resumption:
        """The facts about it that a plan needs."""
        passed = frozenset(name for name, result in self.results.items() if result.state == "passed")
        empty = frozenset(name for name, result in self.results.items() if (result.reason or "").startswith(_EMPTY))
        return Resumption(self.digest.run, passed, empty)

    def require_unchanged(self, digest: ResumeDigest) -> None:
        """Raise UsageError if any input of the run has changed."""
        run = self.digest.run
        if digest.is_emulated != self.digest.is_emulated:
            how = "with the emulator: add --emulate" if self.digest.is_emulated else "without the emulator"
            raise UsageError(f"run {run} cannot be resumed: it was made {how}", "use the cloud that has its records")
        if changes := list(digest.changes_since(self.digest)):
            more = f" (and {len(changes) - 1} more)" if len(changes) > 1 else ""
            hint = "undo the change, or run everything again: fastflow up"
            raise UsageError(f"run {run} cannot be resumed: {changes[0]}{more}", hint)


def earlier_run(folder: Path, results: Iterable[PhaseResult]) -> EarlierRun:
    """Read a run's folder and the results of its phases; raises UsageError if it cannot be resumed."""
    digest = read_digest(folder)
    if digest is None:
        raise UsageError(f"{folder} cannot be resumed: it has no resume.json", "run everything again: fastflow up")
    return EarlierRun(folder, digest, {result.id: result for result in results})


def _in_run(run: str, reason: str | None) -> str:
    if reason is not None and _IN_RUN.search(reason):
        return reason
    return f"{reason}, in run {run}" if reason else f"passed in run {run}"


def results_to_keep(earlier: EarlierRun, plan: Plan, folder: RunFolder) -> tuple[PhaseResult, ...]:
    """The results of the phases that are not run again, with their logs and reports copied to the new run's folder."""
    return tuple(
        replace(
            _carried(earlier.results[phase.id], earlier, folder),
            workflow=phase.workflow,
            build_id=phase.build_id,
            allow_failure=bool(phase.node.allow_failure),
        )
        for phase in plan.passed_before
    )


def _carried(result: PhaseResult, earlier: EarlierRun, folder: RunFolder) -> PhaseResult:
    """Copy a phase's files from its run's folder; a file that is not there (any more) keeps its old path."""
    with suppress(OSError):
        for path in sorted((earlier.folder / "logs").glob(f"{result.id}.*")):
            shutil.copy2(path, folder.path / "logs")
        for path in (earlier.folder / RECORDS).glob(f"{result.id}.har"):
            folder.keep_private(f"{RECORDS}/{path.name}", path.read_bytes())
        if is_directory(directory := earlier.folder / "reports" / result.id):
            shutil.copytree(directory, folder.path / "reports" / result.id, dirs_exist_ok=True)
    log = _moved(result.log, earlier, folder) if result.log else None
    reports = tuple(_moved(path, earlier, folder) for path in result.reports)
    return replace(result, reason=_in_run(earlier.digest.run, result.reason), log=log, reports=reports)


def _moved(path: str, earlier: EarlierRun, folder: RunFolder) -> str:
    """The current path of a file; results contain paths of the machine on which they were written."""
    _, inside, rest = path.replace("\\", "/").partition(f"/runs/{earlier.digest.run}/")
    here = folder.path / rest
    return str(here) if inside and is_file(here) else path


def take_over(engines: Iterable[Engine], run: str) -> bool:
    """Remove what a dead run left on engines, so that none of it is in the way; return whether there was anything.

    Raises UsageError if the run is live.
    """
    known = {str(at): engine for at, engine in enumerate(engines)}
    one = next((found for found in look(known).all() if found.id == run), None)
    if one is None:
        return False
    if one.is_alive or one.is_starting:
        hint = f"wait until it ends, or interrupt it: fastflow down --run {run}"
        raise UsageError(f"run {run} is still live", hint)
    remove_live(one)
    return True
