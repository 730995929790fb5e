"""One phase from `starting` to its end, whatever its mode: attempts, deadlines, cancellation, its states."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from fastflow.errors import EngineError
from fastflow.model.node import Mode
from fastflow.plan import PhasePlan
from fastflow.run.clock import now
from fastflow.run.context import PhaseContext, RunContext, WorkflowRun
from fastflow.run.events import Event
from fastflow.run.failure import PhaseFailedError
from fastflow.run.observer import OverdueError, StoppedError
from fastflow.run.outcome import PhaseResult, State
from fastflow.run.recording import run_recording
from fastflow.run.reporting import run_report
from fastflow.run.testing import run_testing
from fastflow.run.verdict import Verdict, failed

_RUN: Mapping[Mode, Callable[[PhaseContext, int], Verdict]] = {
    "recording": run_recording,
    "testing": run_testing,
    "report": run_report,
}


class PhaseRun:
    """Runs one phase and keeps its result up to date."""

    def __init__(self, run: RunContext, workflow: WorkflowRun, phase: PhasePlan) -> None:
        self.run = run
        self.workflow = workflow
        self.phase = phase
        self.result = waiting_result(phase, workflow.plan.host)

    def execute(self) -> PhaseResult:
        """Run the phase to its end; never raises what a phase can cause."""
        started = time.monotonic()
        deadline = started + self.phase.timeout
        if self.workflow.deadline is not None:
            deadline = min(deadline, self.workflow.deadline)
        context = PhaseContext(self.run, self.workflow, self.phase, deadline, self.report)
        log = self.run.folder.path / "logs" / f"{self.phase.id}.log"
        self.result = replace(self.result, started=now(), log=str(log))
        self.report("starting")
        verdict = self._attempts(context)
        self.result = replace(self.result, ended=now())
        self.report(verdict.state, reason=verdict.reason, hint=verdict.hint)
        return self.result

    def _attempts(self, context: PhaseContext) -> Verdict:
        allowed = self.phase.node.attempts or 1
        attempt = 0
        while True:
            attempt += 1
            self.result = replace(self.result, attempts=attempt)
            verdict, may_help = self._attempt(context, attempt)
            if not may_help or attempt >= allowed or self.run.cancellation.is_set:
                return verdict
            self.run.note(f"attempt {attempt} of {allowed} failed, trying again: {verdict.reason}", self.phase.id)

    def _attempt(self, context: PhaseContext, attempt: int) -> tuple[Verdict, bool]:
        """Run once; tell whether another attempt may help."""
        try:
            return _RUN[self.phase.mode](context, attempt), False
        except PhaseFailedError as error:
            if self.run.cancellation.is_set:
                return self._cancelled(), False
            return failed(error.reason, error.hint), error.is_infrastructure and self.result.state == "starting"
        except EngineError as error:
            if self.run.cancellation.is_set:
                return self._cancelled(), False
            return failed(error.message, error.hint), self.result.state == "starting"
        except OverdueError:
            return self._overdue(), False
        except StoppedError:
            return self._cancelled(), False

    def _cancelled(self) -> Verdict:
        return Verdict("cancelled", f"{self.run.cancellation.reason or 'stopped'}, while {self.result.state}")

    def _overdue(self) -> Verdict:
        limit, whose = self.phase.timeout, "its timeout"
        if self.workflow.deadline is not None and time.monotonic() >= self.workflow.deadline:
            limit, whose = self.workflow.plan.timeout or limit, "the timeout of its workflow"
        return failed(f"the phase did not end within {limit} s, {whose}, while {self.result.state}", "raise `timeout`")

    def report(self, state: State | None, **facts: Any) -> None:
        """Take notice of a change; a change of state is an event."""
        self.result = replace(self.result, **facts)
        if state is None:
            return
        self.result = replace(self.result, state=state)
        shown = {key: value for key, value in facts.items() if value and key not in ("reason", "vulnerabilities")}
        told = {"state": state, "reason": self.result.reason, "mode": self.phase.mode, **shown}
        self.run.emit(Event("phase", self.phase.id, told))


def waiting_result(phase: PhasePlan, host: str) -> PhaseResult:
    """The result of a phase that has not begun."""
    return PhaseResult(
        id=phase.id,
        workflow=phase.workflow,
        host=host,
        mode=phase.mode,
        build_id=phase.build_id,
        state="waiting",
        allow_failure=bool(phase.node.allow_failure),
    )
