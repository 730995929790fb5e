"""A run read from its folder, whether it has ended, was cut short, or is still running."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from pydantic import TypeAdapter

from fastflow.diagnostic import closest
from fastflow.errors import ExitCode, UsageError
from fastflow.files import exists, is_directory, is_file
from fastflow.record.events import PhaseChanged, RunStarted
from fastflow.record.history import EVENTS_FILE, History, read_history
from fastflow.record.place import NEXT_TO_SPEC, RunsDir
from fastflow.record.plan_file import PlanFile, PlannedGate, PlannedPhase, read_plan_file
from fastflow.record.result import END_STATES, RESULT_FILE, PhaseResult, RunResult

_NAMED = 5
"""The number of runs to name if the requested one is not found."""


@dataclass(frozen=True)
class Archive:
    """One run. `result` is None if it has not ended by itself; `phases` are known all the same.

    `plan` is the content of plan.json, if the folder has one; `history` that of events.jsonl.
    """

    folder: Path
    run: str
    spec: str
    result: RunResult | None
    phases: tuple[PhaseResult, ...]
    history: History = field(default_factory=History)
    plan: PlanFile | None = None

    @cached_property
    def logs(self) -> Mapping[str, str]:
        """The logs of nodes, sources and services by name, such as `web.record.source`, in the spec's order."""
        order = {phase.id: at for at, phase in enumerate(self.phases)}
        paths = sorted(
            self.folder.glob("logs/*.log"),
            key=lambda path: (order.get(".".join(path.stem.split(".")[:2]), len(order)), path.stem),
        )
        return {path.stem: text for path in paths if (text := _text(path)) is not None}

    @property
    def ran_to_end(self) -> bool:
        """Whether it ended by itself: it was neither killed nor interrupted, and is not live."""
        return self.result is not None and self.result.exit_code < ExitCode.HANGUP

    @property
    def name(self) -> str:
        """The spec's name; its path if that is not known."""
        return (self.plan.name if self.plan else "") or self.spec

    @property
    def resolved(self) -> str | None:
        """The resolved spec, without the token."""
        return self.plan.resolved if self.plan else None

    @property
    def started(self) -> str | None:
        """When the run began."""
        return self.result.started if self.result else next((event.time for event in self.history.events), None)

    def planned(self, phase: str) -> PlannedPhase | None:
        """The entry of a phase in plan.json."""
        return self.plan.phase(phase) if self.plan else None

    def gate_of(self, phase: str) -> PlannedGate:
        """The gate of a phase; an empty one if it is off or unknown."""
        planned = self.planned(phase)
        return planned.gate if planned and isinstance(planned.gate, PlannedGate) else PlannedGate()


def find_run(name: str | None, directory: Path, runs_dir: RunsDir = NEXT_TO_SPEC) -> Path:
    """Find a run's folder by its id or path, or the last one of a spec in a directory. Raises UsageError."""
    runs = runs_dir.path(directory)
    own = runs_dir.folders(directory)
    if name is None:
        if not own:
            of = "" if runs_dir.chosen is None else f" of a spec in {directory.absolute()}"
            raise UsageError(f"there is no run{of} in {runs}", "run the spec first, or name the path of a run's folder")
        return own[0]
    known = [folder.name for folder in reversed(own)]
    for path in (runs / name, Path(name)):
        if is_directory(path):
            return path
    if (near := closest(name, known)) is not None:
        hint = f"did you mean `{near}`?"
    else:
        hint = _those_here(known) if known else "name a run's id, or the path of its folder"
    raise UsageError(f"there is no run {name}: neither {runs / name} nor a folder of that name exists", hint)


def _those_here(runs: Sequence[str]) -> str:
    """Name the latest runs, the newest first."""
    more = f" and {len(runs) - _NAMED:,} older ones" if len(runs) > _NAMED else ""
    return f"the runs here are {', '.join(reversed(runs[-_NAMED:]))}{more}"


def read_archive(folder: Path) -> Archive:
    """Read a run's folder; raises UsageError if it is not one, or cannot be understood."""
    folder = folder.absolute()
    history, plan, result = read_history(folder) or History(), read_plan_file(folder), _result(folder)
    if result is not None:
        return Archive(folder, result.run, result.spec, result, result.phases, history, plan)
    if not history.is_understood:
        raise UsageError(f"{folder / EVENTS_FILE} cannot be read: another version of fastflow wrote it")
    if not history.events and plan is None:
        raise UsageError(f"{folder} is not the folder of a run: it has neither {RESULT_FILE} nor {EVENTS_FILE}")
    begun = history.begun or RunStarted()
    run = begun.run or (plan and plan.run) or folder.name
    spec = begun.spec or (plan and plan.spec) or "fastflow.yml"
    return Archive(folder, run, spec, None, tuple(_phases_by(history, plan, folder)), history, plan)


def _result(folder: Path) -> RunResult | None:
    path = folder / RESULT_FILE
    if not exists(path):
        return None
    try:
        return TypeAdapter(RunResult).validate_python(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError):
        raise UsageError(f"{path} cannot be parsed", "restore it as fastflow wrote it") from None


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _phases_by(history: History, plan: PlanFile | None, folder: Path) -> Iterator[PhaseResult]:
    """The phases' results at the end of the events, in the spec's order."""
    planned = {phase.id: phase for phase in plan.phases} if plan else {}
    begun = history.begun
    chosen = begun.phases if begun else ()
    chosen = chosen or tuple(phase.id for phase in planned.values() if phase.selected)
    order = {name: at for at, name in enumerate(planned)}
    names = sorted(dict.fromkeys((*chosen, *history.phases)), key=lambda name: order.get(name, len(order)))
    for name in names:
        yield _result_by(history.phases.get(name, ()), _waiting(name, planned.get(name), folder))


def _waiting(name: str, planned: PlannedPhase | None, folder: Path) -> PhaseResult:
    """The result of a phase that has not begun."""
    log = folder / "logs" / f"{name}.log"
    reports = sorted(path for path in (folder / "reports" / name).rglob("*") if is_file(path))
    return PhaseResult(
        id=name,
        workflow=planned.workflow if planned else name.partition(".")[0],
        host=planned.host if planned else "default",
        mode=planned.mode if planned else "unknown",
        build_id=planned.build_id if planned else None,
        state="waiting",
        allow_failure=planned.allow_failure if planned else False,
        log=str(log) if is_file(log) else None,
        reports=tuple(str(path) for path in reports),
    )


def _result_by(changes: Iterable[PhaseChanged], result: PhaseResult) -> PhaseResult:
    """A phase's result from its changes: a field missing in one comes from an earlier one."""
    for event in changes:
        result = replace(
            result,
            mode=event.mode,
            state=event.state,
            reason=event.reason,
            hint=event.hint or result.hint,
            evidence=event.evidence or result.evidence,
            attempts=event.attempts or result.attempts,
            test_record=event.test_record or result.test_record,
            test_run=event.test_run or result.test_run,
            baselines=event.baselines or result.baselines,
            vulnerabilities=event.vulnerabilities or result.vulnerabilities,
            started=result.started or (event.time if event.state == "starting" else None),
            ended=event.time if event.state in END_STATES else None,
        )
    return result
