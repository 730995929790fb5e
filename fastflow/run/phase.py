"""One phase of any mode from `starting` to its end: attempts, deadlines, cancellation, states."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from fastflow.errors import EngineError, EngineTimeoutError, FastflowError
from fastflow.model.mode import HAR_RECORDING, RECORDING, REPORT, SARIF_TESTING, TESTING, Mode
from fastflow.plan import PhasePlan
from fastflow.record.events import PhaseChanged, now
from fastflow.record.result import PhaseResult, State
from fastflow.run.context import PhaseContext, RunContext, WorkflowRun
from fastflow.run.failure import OverdueError, PhaseFailedError, StoppedError
from fastflow.run.fast_testing import FastTester
from fastflow.run.har_record import keep_record
from fastflow.run.recording import run_recording
from fastflow.run.reporting import run_report
from fastflow.run.scanning import SarifTester
from fastflow.run.services import with_services
from fastflow.run.testing import run_testing
from fastflow.run.verdict import Verdict, failed

_RUN: Mapping[Mode, Callable[[PhaseContext, int], Verdict]] = {
    RECORDING: run_recording,
    HAR_RECORDING: partial(run_recording, keep=keep_record),
    TESTING: partial(run_testing, FastTester),
    SARIF_TESTING: partial(run_testing, SarifTester),
    REPORT: run_report,
}
"""For each mode, the function that runs a phase once and judges it."""


class PhaseRun:
    """Runs one phase and keeps its result up to date."""

    def __init__(self, run: RunContext, workflow: WorkflowRun, phase: PhasePlan) -> None:
        self.run = run
        self.workflow = workflow
        self.phase = phase
        self.result = waiting_result(phase, workflow.plan.host)
        self._lock = threading.Lock()
        self._is_abandoned = False

    def execute(self) -> PhaseResult:
        """Run the phase to its end; never raises an error that a phase can cause."""
        deadline = time.monotonic() + self.phase.timeout
        if self.workflow.deadline is not None:
            deadline = min(deadline, self.workflow.deadline)
        context = PhaseContext(self.run, self.workflow, self.phase, deadline, self.report)
        self.report(None, started=now())
        return self._end(self._attempts(context))

    def fail(self, reason: str, hint: str | None = None) -> PhaseResult:
        """End the phase if it could not be run, or not to its end."""
        return self._end(failed(reason, hint))

    def abandon(self) -> PhaseResult:
        """End a cancelled phase that does not end by itself, and ignore its further reports."""
        with self._lock:
            self._is_abandoned = True
        verdict = self._cancelled()
        result = replace(self.result, state=verdict.state, reason=verdict.reason, ended=now())
        self._emit_changes(result, reason=verdict.reason)
        return result

    def _end(self, verdict: Verdict) -> PhaseResult:
        if self.phase.traits.makes == "record" and verdict.state == "passed" and self.result.test_record:
            self.run.records[self.phase.id] = self.result.test_record
        evidence = verdict.evidence
        if evidence is None and verdict.state == "failed" and self.result.log:
            evidence = self.run.folder.evidence("the node", self.result.log)
        self.report(None, ended=now(), evidence=evidence)
        # The ids go into the file of events: with them, a run that is killed later can be resumed and reported.
        result = self.result
        known = {"test_record": result.test_record, "test_run": result.test_run, "baselines": result.baselines}
        why = {"reason": verdict.reason, "hint": verdict.hint, "evidence": evidence}
        self.report(verdict.state, **why, vulnerabilities=self.result.vulnerabilities, **known)
        return self.result

    def _attempts(self, context: PhaseContext) -> Verdict:
        allowed = self.phase.node.attempts or 1
        attempt = 0
        while True:
            attempt += 1
            self.report(None, exit_code=None, test_run=None, vulnerabilities=(), baselines=None)
            self.report("starting", attempts=attempt)
            verdict = self._attempt(context, attempt)
            if verdict.state != "failed" or not verdict.is_infrastructure or context.has_recorded:
                return verdict
            if attempt >= allowed or self.run.cancellation.is_set:
                return verdict
            self.run.note(f"attempt {attempt} of {allowed} failed, trying again: {verdict.reason}", self.phase.id)

    def _attempt(self, context: PhaseContext, attempt: int) -> Verdict:
        """Run once."""
        losses = context.observer.losses
        try:
            verdict = self._judged(context, attempt)
        except StoppedError:
            return self._cancelled()
        finally:
            context.services.close()
        if verdict.state == "failed" and self.run.cancellation.is_set:
            return self._cancelled()  # a node that a cancelled run kills has not failed
        if verdict.state == "failed" and context.observer.losses != losses:  # its containers have ended too
            reason = f"the engine was restarted or its connection lost in the meantime: {verdict.reason}"
            return replace(verdict, reason=reason, hint="check the engine's log")
        return verdict

    def _judged(self, context: PhaseContext, attempt: int) -> Verdict:
        """Run once, and judge by the node and by the services. Raises StoppedError."""
        try:
            context.check()
            return with_services(context, _RUN[self.phase.traits](context, attempt))
        except OverdueError:
            return with_services(context, self._overdue())
        except (PhaseFailedError, FastflowError, OSError) as error:
            is_late = isinstance(error.__cause__ or error, EngineTimeoutError)
            has_no_time = is_late and time.monotonic() >= context.deadline
            return with_services(context, self._overdue() if has_no_time else _failed_by(error))

    def _cancelled(self) -> Verdict:
        return Verdict("cancelled", f"{self.run.cancellation.reason or 'stopped'}, while {self.result.state}")

    def _overdue(self) -> Verdict:
        limit, whose = self.phase.timeout, "its timeout"
        if self.workflow.deadline is not None and time.monotonic() >= self.workflow.deadline:
            limit, whose = self.workflow.plan.timeout or limit, "the timeout of its workflow"
        return failed(f"the phase did not end within {limit} s, {whose}, while {self.result.state}", "raise `timeout`")

    def report(self, state: State | None, **facts: Any) -> None:
        """Record a change; a change of state is an event. Its texts never contain the token."""
        mask = self.run.folder.mask
        facts = {key: mask(value) if isinstance(value, str) else value for key, value in facts.items()}
        with self._lock:
            if self._is_abandoned:
                return
            self.result = replace(self.result, **facts)
            if state is not None:
                self.result = replace(self.result, state=state)
        if state is not None:
            self._emit_changes(self.result, **facts)

    def _emit_changes(self, result: PhaseResult, **facts: Any) -> None:
        """Emit only what has changed: the rest is in an earlier event."""
        changed = {name: value for name, value in facts.items() if name != "reason"}
        self.run.emit(PhaseChanged.of(result, **changed))


def _failed_by(error: PhaseFailedError | FastflowError | OSError) -> Verdict:
    if isinstance(error, PhaseFailedError):
        return failed(error.reason, error.hint, is_infrastructure=error.is_infrastructure, evidence=error.evidence)
    if isinstance(error, FastflowError):
        return failed(error.message, error.hint, is_infrastructure=isinstance(error, EngineError))
    return failed(f"{error.filename or 'a file'}: {error.strerror or error}", "check that the disk is not full")


def waiting_result(phase: PhasePlan, host: str) -> PhaseResult:
    """The result of a phase that has not begun."""
    return PhaseResult(
        id=phase.id,
        workflow=phase.workflow,
        host=host or "default",
        mode=phase.mode,
        build_id=phase.build_id,
        state="waiting",
        allow_failure=bool(phase.node.allow_failure),
    )
