"""Runs a Plan: prepares, takes the leases, starts what the scheduler says, removes what was created."""

import os
import platform
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from fastflow.compose import LABEL
from fastflow.errors import ExitCode, FastflowError
from fastflow.plan import PhasePlan, Plan
from fastflow.run.clock import now
from fastflow.run.context import Host, RunContext, WorkflowRun
from fastflow.run.events import Event
from fastflow.run.lease import LeaseKey, take_leases, token_fingerprint
from fastflow.run.outcome import PhaseResult, RunResult, exit_code_of
from fastflow.run.phase import PhaseRun, waiting_result
from fastflow.run.ports import Lease
from fastflow.run.preparation import prepare
from fastflow.run.removal import remove_project, remove_run
from fastflow.run.scheduler import Actions, Scheduler


class Runner:
    """One run. `execute` blocks until everything has ended and is removed; `cancellation` stops it."""

    def __init__(
        self, run: RunContext, hosts: Mapping[str, Host], host_limits: Mapping[str, int] | None = None
    ) -> None:
        self.run = run
        self.plan: Plan = run.plan
        self.hosts = hosts
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
            host_limits=host_limits,
        )
        self._results: dict[str, PhaseResult] = {
            phase.id: waiting_result(phase, self.plan.workflows[phase.workflow].host) for phase in self.plan.selected
        }
        self._ended: queue.SimpleQueue[PhaseResult | None] = queue.SimpleQueue()
        self._removals: list[threading.Thread] = []
        self._leftovers: list[str] = []
        self._started = now()

    def execute(self) -> RunResult:
        """Run everything; raises FastflowError where nothing could be started."""
        self._begin()
        leases: Sequence[Lease] = ()
        try:
            prepare(self.run, list(self.workflows.values()))
            if not self.run.cancellation.is_set:
                leases = self._take_leases()
            for host in self._used_hosts():
                host.observer.start()
            self._run_phases()
        except FastflowError as error:
            self.run.emit(Event("run", facts={"state": "refused", "reason": error.message}))
            if not self.run.cancellation.is_set:
                raise
        finally:
            self._clean_up()
            for lease in leases:
                lease.release()
        return self._finish()

    def wake(self) -> None:
        """Let the run notice that it was cancelled; safe to call from anywhere."""
        self._ended.put(None)

    def _begin(self) -> None:
        facts = {
            "state": "started",
            "run": self.run.setting.run,
            "spec": self.run.setting.spec,
            "phases": [phase.id for phase in self.plan.selected],
            "engines": {host.name: host.info.engine_version for host in self._used_hosts()},
        }
        self.run.emit(Event("run", facts=facts))

    def _used_hosts(self) -> list[Host]:
        return list({workflow.host.name: workflow.host for workflow in self.workflows.values()}.values())

    # The lease
    def _take_leases(self) -> list[Lease]:
        taken: list[Lease] = []
        try:
            for host in self._used_hosts():
                leases, reclaimed = take_leases(
                    host.engine, self._keys(host), image=self._image(host), labels=self._lease_labels()
                )
                taken.extend(leases)
                for message in reclaimed:
                    self.run.note(f"lease reclaimed: {message}")
        except BaseException:
            for lease in taken:
                lease.release()
            raise
        return taken

    def _keys(self, host: Host) -> list[LeaseKey]:
        keys = []
        for phase in self._phases_of(host):
            workflow = self.plan.workflows[phase.workflow]
            token = self.run.options.token_of(workflow) or f"${{{workflow.cloud.token_name}}}"
            if phase.mode != "report":
                keys.append(LeaseKey(token_fingerprint(token), phase.build_id))
        return keys or [LeaseKey(token_fingerprint(f"run {self.run.setting.run}"), self.run.setting.run)]

    def _phases_of(self, host: Host) -> list[PhasePlan]:
        return [phase for phase in self.plan.selected if self.workflows[phase.workflow].host is host]

    def _image(self, host: Host) -> str:
        emulation = self.run.setting.emulation
        return emulation.image if emulation else self._phases_of(host)[0].image

    def _lease_labels(self) -> dict[str, str]:
        setting = self.run.setting
        own = {"run": setting.run, "spec": setting.spec, "host": platform.node(), "pid": str(os.getpid())}
        return {f"{LABEL}.{key}": value for key, value in own.items()}

    # Phases
    def _run_phases(self) -> None:
        while not self._scheduler.is_done:
            if self.run.cancellation.is_set:
                break
            self._act(self._scheduler.advance())
            if not self._scheduler.is_done:
                self._take(self._ended.get())
        self._end_waiting()
        while any(result.state not in ("waiting",) and not result.has_ended for result in self._results.values()):
            self._take(self._ended.get())

    def _act(self, actions: Actions) -> None:
        for skip in actions.skip:
            self._skip(skip.phase, skip.reason)
        for name in actions.start:
            self._start(name)

    def _start(self, name: str) -> None:
        phase = self.plan.phases[name]
        workflow = self.workflows[phase.workflow]
        if workflow.plan.timeout is not None and workflow.deadline is None:
            workflow.deadline = time.monotonic() + workflow.plan.timeout
        self._results[name] = replace(self._results[name], state="starting")
        work = PhaseRun(self.run, workflow, phase)
        threading.Thread(target=self._execute, args=(work,), name=f"phase {name}", daemon=True).start()

    def _execute(self, work: PhaseRun) -> None:
        try:
            result = work.execute()
        except Exception as error:  # a bug in one phase must not leave the others without an end
            result = replace(work.result, state="failed", reason=f"a bug of fastflow: {error!r}", ended=now())
            self.run.emit(Event("phase", work.phase.id, {"state": "failed", "reason": result.reason}))
        self._ended.put(result)

    def _take(self, result: PhaseResult | None) -> None:
        if result is None:
            return
        self._results[result.id] = result
        self._scheduler.ended(result.id, result.state)
        self._leave(result.workflow)
        bad = result.state in ("failed", "vulnerable") and not result.allow_failure
        if bad and self.run.options.fail_fast and not self.run.cancellation.is_set:
            self.run.cancellation.set(f"{result.id} {result.state} (--fail-fast)")

    def _skip(self, name: str, reason: str) -> None:
        self._results[name] = replace(self._results[name], state="skipped", reason=reason)
        self.run.emit(Event("phase", name, {"state": "skipped", "reason": reason, "mode": self._results[name].mode}))
        self._leave(self.plan.phases[name].workflow)

    def _end_waiting(self) -> None:
        """What has not begun when the run is told to stop is cancelled."""
        for name in self._scheduler.waiting:
            reason = f"{self.run.cancellation.reason}, while waiting"
            self._results[name] = replace(self._results[name], state="cancelled", reason=reason)
            mode = self._results[name].mode
            self.run.emit(Event("phase", name, {"state": "cancelled", "reason": reason, "mode": mode}))

    # Removal
    def _leave(self, name: str) -> None:
        """Remove a workflow's services when its last phase has ended, while others go on."""
        workflow = self.workflows[name]
        workflow.unfinished -= 1
        if workflow.unfinished == 0 and workflow.is_up and not self.run.options.keep:
            thread = threading.Thread(target=self._remove, args=(workflow,), name=f"removal {name}", daemon=True)
            self._removals.append(thread)
            thread.start()

    def _remove(self, workflow: WorkflowRun) -> None:
        project = self.run.project_name(workflow)
        left = remove_project(workflow.host.engine, self.run.setting.run, project)
        if not left:
            workflow.is_up = False
        self._leftovers.extend(left)

    def _clean_up(self) -> None:
        for thread in self._removals:
            thread.join()
        for host in self._used_hosts():
            if not self.run.options.keep:
                mine = [workflow for workflow in self.workflows.values() if workflow.host is host and workflow.is_up]
                projects = [self.run.project_name(workflow) for workflow in mine]
                self._leftovers.extend(remove_run(host.engine, self.run.setting.run, projects))
            host.observer.close()

    def _finish(self) -> RunResult:
        cancellation = self.run.cancellation
        phases = tuple(self._results[phase.id] for phase in self.plan.selected)
        code = exit_code_of(phases, cancellation.by_signal, broken=bool(self._leftovers))
        leftovers = tuple(dict.fromkeys(self._leftovers))
        setting = self.run.setting
        result = RunResult(setting.run, setting.spec, code, self._started, now(), phases, leftovers)
        facts = {"state": "ended", "exit_code": code, "leftovers": list(leftovers)}
        self.run.emit(Event("run", facts=facts))
        return result


def refused(run: RunContext, started: str, code: ExitCode) -> RunResult:
    """The result of a run of which nothing was started."""
    phases = tuple(waiting_result(phase, run.plan.workflows[phase.workflow].host) for phase in run.plan.selected)
    cancelled = tuple(replace(phase, state="cancelled", reason="nothing was started") for phase in phases)
    return RunResult(run.setting.run, run.setting.spec, int(code), started, now(), cancelled)
