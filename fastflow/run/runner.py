"""Runs a Plan: prepares, takes the leases, starts what the scheduler says, removes what was created."""

import queue
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from fastflow.errors import FastflowError
from fastflow.plan import Plan
from fastflow.record.events import PhaseChanged, RunEnded, RunRefused, RunStarted, now
from fastflow.record.result import PhaseResult, RunResult, State, exit_code_of
from fastflow.run.context import Host, RunContext, WorkflowRun
from fastflow.run.holding import hold_aliases, hold_all, note_namesakes, release_all
from fastflow.run.phase import PhaseRun, waiting_result
from fastflow.run.preparation import prepare
from fastflow.run.removal import CleanUp
from fastflow.run.scheduler import Scheduler
from fastflow.run.stopping import CancelWatchdog

_LAST_PATIENCE = 1.0
"""Seconds that phases get to end once their containers were killed."""


class Runner:
    """One run. `execute` blocks until everything has ended and is removed; `cancellation` stops it.

    `on_held` is called once the run holds its leases, before its first phase starts. Its FastflowError ends the run.
    """

    def __init__(self, run: RunContext, hosts: Mapping[str, Host], on_held: Callable[[], None] = lambda: None) -> None:
        self.run, self._on_held = run, on_held
        self.plan: Plan = run.plan
        selected = {phase.workflow for phase in self.plan.selected}
        self.workflows = {
            name: WorkflowRun(workflow, hosts[workflow.host])
            for name, workflow in self.plan.workflows.items()
            if name in selected
        }
        for workflow in self.workflows.values():
            workflow.unfinished = sum(phase.is_selected for phase in workflow.plan.phases)
        self._scheduler = Scheduler(
            self.plan.phases.values(),
            max_parallel=self.plan.max_parallel,
            host_of={name: workflow.plan.host for name, workflow in self.workflows.items()},
            host_limits=run.settings.host_limits,
            outcomes=self.plan.outcomes,
        )
        self._results: dict[str, PhaseResult] = {**run.earlier, **waiting(self.plan)}
        self._ended: queue.SimpleQueue[PhaseResult | None] = queue.SimpleQueue()
        self._working: dict[str, PhaseRun] = {}
        self._clean_up = CleanUp(run, list(self.workflows.values()))
        run.cancellation.watchers.append(self.wake)

    def execute(self) -> RunResult:
        """Run everything; raises FastflowError if nothing could be started."""
        self._begin()
        hosts = self._clean_up.hosts
        watchdog = CancelWatchdog(self.run, hosts)
        watchdog.start()
        try:
            for host in hosts:
                host.observer.start()  # from now on the run can be told to stop
            prepare(self.run, list(self.workflows.values()))
            self._hold(hosts)
            self._on_held()
            self._run_phases()
        except FastflowError as error:
            error.mask(self.run.folder.mask)
            self.run.emit(RunRefused(error.message))
            if not self.run.cancellation.is_set:
                raise
        finally:
            if self.run.cancellation.is_set:
                self._stop_early()
            watchdog.close()
            self._clean_up.finish()
            release_all(self.run.held)
        result = self._result()
        self.run.emit(RunEnded(result.exit_code, result.leftovers))
        return result

    def _hold(self, hosts: Sequence[Host]) -> None:
        """Take the leases, then the aliases; all of them end up in `held`."""
        if not self.run.cancellation.is_set:
            self.run.held += hold_all(self.run, hosts)
        if not self.run.cancellation.is_set:  # the wait may have been long
            self.run.held += hold_aliases(self.run, self.workflows.values())
            note_namesakes(self.run, self.workflows.values())

    def wake(self) -> None:
        """Let the run notice that it was cancelled; safe to call from anywhere."""
        self._ended.put(None)

    def _begin(self) -> None:
        self.run.emit(
            RunStarted(
                run=self.run.settings.run,
                spec=self.run.settings.spec,
                phases=tuple(phase.id for phase in self.plan.selected),
                resumes=self.plan.resumes,
                engines={host.name: host.info.engine_version for host in self._clean_up.hosts},
            )
        )
        for kept in in_order(self.plan, self.run.earlier):
            ids = {"test_record": kept.test_record, "test_run": kept.test_run}
            self.run.emit(PhaseChanged.of(kept, **ids, is_kept=True))

    def _run_phases(self) -> None:
        try:
            while not self._scheduler.is_done and not self.run.cancellation.is_set:
                actions = self._scheduler.advance()
                for skip in actions.skip:
                    self._set_aside(skip.phase, "skipped", skip.reason)
                    self._clean_up.leave(self.workflows[self.plan.phases[skip.phase].workflow])
                for name in actions.start:
                    self._start(name)
                if not self._scheduler.is_done:
                    self._take(self._ended.get())
        except BaseException as error:  # any exception: no phase may go on while its run is being removed
            self.run.cancellation.set(f"a bug of fastflow: {error!r}")
            raise
        finally:
            self._drain()

    def _drain(self) -> None:
        """Wait for the phases of a cancelled run; one that hangs is abandoned, so that the run ends in time."""
        deadline = time.monotonic() + self.run.settings.cancel_limit + _LAST_PATIENCE
        while self._working:
            hurried_at = self.run.cancellation.hurried_at
            if hurried_at is not None:
                deadline = min(deadline, hurried_at + _LAST_PATIENCE)
            try:
                self._take(self._ended.get(timeout=max(0.0, deadline - time.monotonic())))
            except queue.Empty:
                for work in list(self._working.values()):
                    self._take(work.abandon())

    def _start(self, name: str) -> None:
        phase = self.plan.phases[name]
        workflow = self.workflows[phase.workflow]
        if workflow.plan.timeout is not None and workflow.deadline is None:
            workflow.deadline = time.monotonic() + workflow.plan.timeout
        work = self._working[name] = PhaseRun(self.run, workflow, phase)
        try:
            threading.Thread(target=self._execute, args=(work,), name=f"phase {name}", daemon=True).start()
        except RuntimeError as error:  # no more threads
            self._ended.put(work.fail(f"the phase could not be started: {error}"))

    def _execute(self, work: PhaseRun) -> None:
        """Run a phase once the workflows before it are gone: it may use the same ports, names and subnets."""
        self._clean_up.wait(self.plan.workflows_before(work.phase))
        try:
            result = work.execute()
        except Exception as error:  # a bug in one phase must not keep the others from ending
            hint = None
            with suppress(OSError):
                log_file = self.run.folder.log(f"{work.phase.id}.bug")
                log_file.write(traceback.format_exc())
                log_file.close()
                hint = f"please report it with {log_file.path}"
            result = work.fail(f"a bug of fastflow: {error!r}", hint)
        self._ended.put(result)

    def _take(self, result: PhaseResult | None) -> None:
        if result is None or self._working.pop(result.id, None) is None:
            return  # woken up, or a phase that was abandoned
        self._results[result.id] = result
        self._scheduler.ended(result.id, result.state)
        self._clean_up.leave(self.workflows[result.workflow])
        bad = result.state in ("failed", "vulnerable") and not result.allow_failure
        if bad and self.run.settings.fail_fast and not self.run.cancellation.is_set:
            self.run.cancellation.set(f"{result.id} {result.state} (--fail-fast)")

    def _set_aside(self, name: str, state: State, reason: str) -> None:
        """End a phase that has not begun."""
        self._results[name] = replace(self._results[name], state=state, reason=reason)
        self.run.emit(PhaseChanged.of(self._results[name]))

    def _stop_early(self) -> None:
        """End what has not begun, and write what is known: the run may be killed before everything is removed."""
        for name in self._scheduler.waiting:
            self._set_aside(name, "cancelled", f"{self.run.cancellation.reason}, while waiting")
        with suppress(OSError):
            self.run.folder.write_result(self._result())

    def _result(self) -> RunResult:
        phases = in_order(self.plan, self._results)
        code = exit_code_of(phases, self.run.cancellation.by_signal, broken=bool(self._clean_up.leftovers))
        leftovers = tuple(dict.fromkeys(self._clean_up.leftovers))
        settings = self.run.settings
        return RunResult(
            settings.run, settings.spec, code, self.run.started, now(), phases, leftovers, resumes=self.plan.resumes
        )


def in_order(plan: Plan, results: Mapping[str, PhaseResult]) -> tuple[PhaseResult, ...]:
    """Put results in the order of the spec."""
    return tuple(results[name] for name in plan.phases if name in results)


def waiting(plan: Plan) -> dict[str, PhaseResult]:
    """The results of the selected phases before the first of them has begun."""
    return {phase.id: waiting_result(phase, plan.workflows[phase.workflow].host) for phase in plan.selected}
