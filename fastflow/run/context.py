"""The state that the phases of a run share, and the state of a single phase."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastflow.application.resolved import Resolved
from fastflow.compose import ComposeProject, Known, compile_project, project_name
from fastflow.model.accept import AcceptFile
from fastflow.model.compose_keys import LABEL
from fastflow.model.mode import mode_named
from fastflow.plan import PhasePlan, Plan, WorkflowPlan
from fastflow.plan.outcomes import Outcome
from fastflow.record.events import Event, Listener, LogLine, Note, now
from fastflow.record.folder import RunFolder
from fastflow.record.result import PhaseResult
from fastflow.run.engine import Engine, EngineInfo, Lease
from fastflow.run.failure import OverdueError, StoppedError
from fastflow.run.observer import Cancellation, Observer
from fastflow.run.service_watch import ServiceWatch
from fastflow.settings import RunSettings


@dataclass
class Host:
    """One engine of a run, and what is known of it."""

    name: str
    engine: Engine
    info: EngineInfo
    observer: Observer

    @classmethod
    def of(cls, name: str, engine: Engine, cancellation: Cancellation, run: str) -> "Host":
        """Ask an engine for its versions, and prepare to observe its events; raises EngineUnreachableError."""
        return cls(name, engine, engine.info(), Observer(engine, cancellation, run))


@dataclass
class WorkflowRun:
    """A workflow's Compose project while it runs. `lock` guards its first `up`: two at once corrupt a project."""

    plan: WorkflowPlan
    host: Host
    lock: threading.Lock = field(default_factory=threading.Lock)
    deadline: float | None = None
    unfinished: int = 0
    is_up: bool = False
    """Whether anything of it was created."""
    has_services: bool = False
    """Whether services of its application were created."""
    subnets: dict[str, str] = field(default_factory=dict)
    """Subnets (CIDR) that were chosen for its networks because the engine has none left."""
    resolved: Resolved = field(default_factory=Resolved)
    """The project as Compose resolves it, once it was asked."""


@dataclass
class RunContext:
    """The state that all phases of a run share."""

    plan: Plan
    settings: RunSettings
    folder: RunFolder
    cancellation: Cancellation
    listeners: tuple[Listener, ...]
    started: str = field(default_factory=now)
    """When the run began."""
    records: dict[str, str] = field(default_factory=dict)
    runs: dict[str, str] = field(default_factory=dict)
    earlier: Mapping[str, PhaseResult] = field(default_factory=dict)
    """The results of the phases that passed in the resumed run; their records and test runs are used here."""
    accepted: dict[str, AcceptFile] = field(default_factory=dict)
    """The content of the gates' files when the run began, by phase: later changes to the files change no verdict."""
    held: list[Lease] = field(default_factory=list)
    """Its leases, and the marks by which others see that it is alive before it has them."""
    built: dict[str, str] = field(default_factory=dict)
    """The images of nodes that the run builds itself, by phase."""
    _broken: set[int] = field(default_factory=set)
    _noted: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        known: dict[str, PhaseResult | Outcome] = {**(self.plan.outcomes or {}), **self.earlier}
        for name, end in known.items():
            if end.test_record and mode_named(end.mode).makes == "record":
                self.records[name] = end.test_record
            if end.test_run and mode_named(end.mode).makes == "test run":
                self.runs[name] = end.test_run

    def emit(self, event: Event) -> None:
        """Pass an event to all listeners, from any thread; a listener that fails never fails the run."""
        for listener in self.listeners:
            try:
                listener(event)
            except Exception as error:  # a display must never fail a run
                with self._lock:
                    is_first = id(listener) not in self._broken
                    self._broken.add(id(listener))
                if is_first:
                    self.folder.on_event(Note(f"a display failed: {error}"))

    @property
    def grace(self) -> float:
        """The seconds that a node gets to stop."""
        return self.settings.cancel_grace if self.cancellation.is_set else self.settings.stop_grace

    def note(self, message: str, phase: str | None = None) -> None:
        """Emit a note: something that is not a change of state."""
        self.emit(Note(self.folder.mask(message), phase))

    def note_once(self, message: str) -> None:
        """Emit a note that several phases may cause only once in a run."""
        with self._lock:
            is_new = message not in self._noted
            self._noted.add(message)
        if is_new:
            self.note(message)

    def project(
        self, workflow: WorkflowRun, phase: PhasePlan | None = None, *, resolved: Resolved | None = None
    ) -> ComposeProject:
        """The Compose project of a workflow as a phase uses it, with the records that are known so far.

        `resolved` replaces the workflow's project as Compose resolved it before.
        """
        tied = {
            phase.id: self.records[phase.recorder]
            for phase in workflow.plan.phases
            if phase.by_record_id and phase.recorder in self.records
        }
        known = Known(workflow.host.info.is_local, tied, dict(workflow.subnets), resolved or workflow.resolved)
        return compile_project(self.plan, workflow.plan, self.settings, phase, known)

    def project_name(self, workflow: WorkflowRun) -> str:
        """The name of a workflow's Compose project."""
        return project_name(self.settings.run, workflow.plan.name)

    def labels(self, workflow: WorkflowRun, **more: str) -> dict[str, str]:
        """The labels of everything that this run creates for a workflow."""
        own = {"run": self.settings.run, "spec": self.settings.spec, "workflow": workflow.plan.name, **more}
        return {f"{LABEL}.{key}": value for key, value in own.items()}


@dataclass
class PhaseContext:
    """The context of one phase."""

    run: RunContext
    workflow: WorkflowRun
    phase: PhasePlan
    deadline: float
    report_state: Callable[..., None]
    reports: list[str] = field(default_factory=list)
    """The reports that were copied so far."""
    services: ServiceWatch = field(init=False)
    """The watch on the phase's services; replaced when they are brought up again."""
    has_recorded: bool = False
    """Whether the node has logged that it records: from then on there is a record, and no further attempt."""

    def __post_init__(self) -> None:
        self.services = ServiceWatch(self.observer)

    def watch(self, services: ServiceWatch) -> None:
        """Watch services with this from now on."""
        self.services.close()
        self.services = services

    def check(self) -> None:
        """Raise StoppedError if the run is to stop, OverdueError if the phase's time is up."""
        if self.run.cancellation.is_set:
            raise StoppedError
        if time.monotonic() >= self.deadline:
            raise OverdueError

    @contextmanager
    def changing_project(self) -> Iterator[None]:
        """Have exclusive access to the workflow's project. Raises as `check` does, also after a wait."""
        if not self.workflow.lock.acquire(timeout=max(0.0, self.deadline - time.monotonic())):
            raise OverdueError
        try:
            self.check()
            self.workflow.is_up = True
            yield
        finally:
            self.workflow.lock.release()

    @property
    def engine(self) -> Engine:
        """The engine of the phase's workflow."""
        return self.workflow.host.engine

    @property
    def observer(self) -> Observer:
        """The observer of that engine's containers."""
        return self.workflow.host.observer

    @property
    def project(self) -> ComposeProject:
        """The Compose project of the phase's workflow."""
        return self.run.project(self.workflow, self.phase)

    @property
    def base(self) -> Path:
        """The spec's directory."""
        return self.run.plan.directory

    def within(self, seconds: float) -> float:
        """A deadline this many seconds from now, but not after the phase's own."""
        return min(time.monotonic() + seconds, self.deadline)

    def left(self, at_most: float) -> float:
        """The seconds left for a call to the engine, at most this many."""
        return max(1.0, min(at_most, self.deadline - time.monotonic()))

    def add_reports(self, paths: Iterable[str]) -> None:
        """Take note of reports that were copied."""
        self.reports = list(dict.fromkeys((*self.reports, *paths)))
        self.report_state(None, reports=tuple(self.reports))

    def log_line(self, line: str) -> None:
        """Show a line of the phase's log."""
        self.run.emit(LogLine(self.phase.id, self.run.folder.mask(line)))

    def labels(self, role: str, **more: Any) -> dict[str, str]:
        """Labels of a container of this phase."""
        return self.run.labels(self.workflow, role=role, node=self.phase.name, **more)
