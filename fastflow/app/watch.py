"""The watch over a run on clusters: its units, its folder and its listeners; can be resumed later."""

import json
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

from fastflow.cluster.ending import with_own_reason
from fastflow.cluster.watching import CANCELLED, UnitWatch
from fastflow.files import is_file
from fastflow.record.events import Event, Listener, Note, RunEnded, now
from fastflow.record.folder import LogFile, RunFolder
from fastflow.record.plan_file import PlanFile
from fastflow.record.result import PhaseResult, RunResult, exit_code_of
from fastflow.run.observer import Cancellation


@dataclass
class Watch:
    """A run on clusters, as seen from here; parts of it may be on single engines. Events come from any thread."""

    run: str
    spec: str
    folder: RunFolder
    cancellation: Cancellation
    listeners: tuple[Listener, ...]
    earlier: Mapping[str, PhaseResult]
    plan: PlanFile
    started: str = field(default_factory=now)
    units: list[UnitWatch] = field(default_factory=list)
    _others: list[RunResult] = field(default_factory=list)
    _logs: dict[str, LogFile] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def add(self, number: int, unit: str, host: str, results: dict[str, PhaseResult]) -> UnitWatch:
        """Also watch a unit."""
        path, directory = self.folder.path, self.folder.directory
        watch = UnitWatch(number, unit, host, results, path, directory, self.emit, self._log_line)
        self.units.append(watch)
        return watch

    def emit(self, event: Event) -> None:
        """Pass an event to all listeners, with the reason if the run was stopped here."""
        shown = with_own_reason(event, self.cancellation)
        with self._lock:
            for listener in self.listeners:
                try:
                    listener(shown)
                except Exception as error:  # a display must never fail a run
                    self.folder.on_event(Note(f"a display failed: {error}"))

    def note(self, message: str) -> None:
        """Emit a note: something that is not a change of state."""
        self.emit(Note(self.folder.mask(message)))

    def _log_line(self, phase: str, line: str) -> None:
        """Keep a node's line, in case the unit's own log does not arrive."""
        if phase not in self._logs:
            self._logs[phase] = self.folder.log(phase)
        self._logs[phase].write(line)

    def add_results(self, result: RunResult) -> None:
        """Take the results of phases on single engines."""
        self._others.append(result)

    @property
    def results(self) -> Mapping[str, PhaseResult]:
        """The results of phases so far, including those that passed in an earlier run."""
        others = {phase.id: phase for one in self._others for phase in one.phases}
        return {**others, **self.earlier, **{one.id: one for unit in self.units for one in unit.results.values()}}

    @property
    def leftovers(self) -> tuple[str, ...]:
        """Leftovers that could not be removed, each as the command that removes it."""
        of_units = (line for unit in self.units for line in unit.leftovers)
        return (*of_units, *(line for one in self._others for line in one.leftovers))

    def manifest(self) -> bytes:
        """The data for resuming the watch elsewhere."""
        content = {"run": self.run, "spec": self.spec, "started": self.started, "plan": asdict(self.plan)}
        return json.dumps(content).encode()

    def end(self, result: RunResult) -> None:
        """Write the result, and emit the end of the run."""
        self.emit(RunEnded(result.exit_code, result.leftovers))
        self.folder.write_result(result)
        for log in self._logs.values():
            log.close()


def outcome_of(watch: Watch, resumes: str | None = None) -> RunResult:
    """The outcome of a run by its units."""
    cancellation, found, leftovers = watch.cancellation, watch.results, watch.leftovers
    phases = tuple(_with_reason_and_log(found[phase.id], watch) for phase in watch.plan.phases if phase.id in found)
    code = exit_code_of(phases, cancellation.by_signal, broken=bool(leftovers))
    return RunResult(watch.run, watch.spec, code, watch.started, now(), phases, leftovers, resumes=resumes)


def _with_reason_and_log(result: PhaseResult, watch: Watch) -> PhaseResult:
    """A result with the reason if the run was stopped here, and with as much of its log as arrived."""
    reason = watch.cancellation.reason
    if reason and result.reason and CANCELLED in result.reason:
        result = replace(result, reason=result.reason.replace(CANCELLED, reason))
    log = watch.folder.path / "logs" / f"{result.id}.log"
    return replace(result, log=str(log)) if result.log is None and is_file(log) else result
