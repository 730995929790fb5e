"""A run of a spec on the engine in memory: what its containers do is scripted, what became of it is looked at."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fastflow.masking import Masker
from fastflow.pipeline import SpecText, execute, load, plan
from fastflow.plan import Plan
from fastflow.plan.making import Selection
from fastflow.record.events import Event, Listener, Note, PhaseChanged
from fastflow.record.folder import RunFolder
from fastflow.record.result import PhaseResult, RunResult
from fastflow.run.container import Container
from fastflow.run.observer import Cancellation
from fastflow.settings import RunSettings
from tests.fakes.containers import Script
from tests.fakes.engine import FakeEngine
from tests.waiting import PATIENCE, until

TOKEN = 'tok-7f3a9c"quoted\\0123'  # with what JSON escapes
RUN = "r1"

STARTS = "[info] TestRecord#rec_1 TestRecord Oct 01 01:01 UTC starts to record"
RECORDS = Script(lines=("[info] Node connected to Wallarm Cloud", STARTS))
PASSES = Script(
    lines=(
        "INFO [1]: Use TestRecord#rec_1 for creating TestRun",
        "INFO [1]: TestRun#tr_1 created",
        "INFO [1]: Running a test set for the baseline #bl_1",
        "INFO [1]: No issues found. Test set for baseline #bl_1 passed.",
        "INFO [1]: TestRun#tr_1 passed",
    ),
    exit_code=0,
)
FINDS = Script(
    lines=(
        "INFO [1]: Use TestRecord#rec_1 for creating TestRun",
        "INFO [1]: TestRun#tr_1 created",
        "INFO [1]: Found 2 vulnerabilities, marking the test set for baseline #bl_1 as failed",
        "ERROR [1]: TestRun#tr_1 failed",
    ),
    exit_code=1,
)
SENDS = Script(lines=("42 requests sent",), exit_code=0)
SERVES = Script(lines=("listening",))

SPEC = """
workflows:
  web:
    build_id: web1
    compose: { services: { app: { image: app:1 }, tests: { image: tests:1 } } }
    nodes:
      record: { mode: recording, source: { service: tests } }
      test: { mode: testing }
"""
SCRIPTS = {"fast-record": RECORDS, "fast-test": PASSES, "tests": SENDS, "app": SERVES}


def said(name: str, *lines: str, exit_code: int | None = None, **more: Any) -> Script:
    """The usual script of a node or service, with other lines or another end."""
    return replace(SCRIPTS[name], lines=lines or SCRIPTS[name].lines, exit_code=exit_code, **more)


def settings_of(**more: Any) -> RunSettings:
    """The settings of a run, with what differs from the usual ones."""
    return RunSettings(RUN, "spec-1", **more)


@dataclass
class Stage:
    """A spec, an engine and all that a run of it tells."""

    directory: Path
    text: str = SPEC
    scripts: Mapping[str, Script] = field(default_factory=dict)
    settings: RunSettings = field(default_factory=settings_of)
    selection: Selection = field(default_factory=Selection)
    max_parallel: int | None = None
    listeners: tuple[Listener, ...] = ()
    engine: FakeEngine = field(init=False)
    engines: dict[str, FakeEngine] | None = None
    cancellation: Cancellation = field(default_factory=Cancellation)
    events: list[Event] = field(default_factory=list)
    records: Mapping[str, str] = field(default_factory=dict)
    earlier: tuple[PhaseResult, ...] = ()

    def __post_init__(self) -> None:
        self.engine = FakeEngine({**SCRIPTS, **self.scripts}, environment={"WALLARM_API_TOKEN": TOKEN})
        self.settings = replace(self.settings, tokens={"WALLARM_API_TOKEN": TOKEN})
        self._changed = threading.Condition()

    @property
    def plan(self) -> Plan:
        facts, found = load(SpecText("fastflow.yml", self.directory, self.text.encode()), {"WALLARM_API_TOKEN": TOKEN})
        assert facts is not None, found
        assert {one.rule for one in found} <= {"accept-expired"}, found  # which stops no run
        return plan(facts, self.directory, self.selection, self.max_parallel)

    @property
    def folder(self) -> Path:
        return self.directory / ".fastflow" / "runs" / RUN

    def run(self) -> RunResult:
        """Execute the plan to its end."""
        return execute(
            self.plan,
            self.settings,
            self.engines or dict.fromkeys({flow.host for flow in self.plan.workflows.values()}, self.engine),
            cancellation=self.cancellation,
            folder=RunFolder(self.directory, RUN, Masker([TOKEN])),
            listeners=(self._on_event, *self.listeners),
            earlier=self.earlier,
        )

    def phases(self) -> dict[str, PhaseResult]:
        """Execute the plan; return what became of its phases."""
        return {phase.id: phase for phase in self.run().phases}

    def phase(self, name: str = "web.record") -> PhaseResult:
        """Execute the plan; return what became of one phase."""
        return self.phases()[name]

    @contextmanager
    def running(self) -> Iterator["Running"]:
        """Execute the plan while the block runs; it is cancelled at the block's end."""
        work = Running(self)
        try:
            yield work
        finally:
            self.cancellation.set("the test is over")
            work.join()

    def _on_event(self, event: Event) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def until(self, phase: str, state: str) -> None:
        """Wait until a phase has come to a state."""
        with self._changed:
            reached = self._changed.wait_for(lambda: state in self.states(phase), PATIENCE)
        assert reached, f"{phase} never came to {state}: {self.events}"

    def states(self, phase: str) -> list[str]:
        """The states that a phase went through, in order."""
        return [state for name, state in self.order if name == phase]

    @property
    def notes(self) -> list[str]:
        return [event.message for event in self.events if isinstance(event, Note)]

    @property
    def order(self) -> list[tuple[str, str]]:
        """Which phase came to which state, in order."""
        return [(event.phase, event.state) for event in list(self.events) if isinstance(event, PhaseChanged)]

    def calls(self, verb: str) -> list[str]:
        """The calls to the engine that begin with a word."""
        return [call for call in self.engine.calls if call.split()[0] == verb]

    def log(self, name: str) -> str:
        return (self.folder / "logs" / f"{name}.log").read_text()

    def result_json(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.folder / "result.json").read_text())
        return told

    def environment_of(self, service: str) -> Mapping[str, str]:
        """The environment of the container of a service."""
        return self.engine.world.boxes[self.container(service)].environment

    def running_container(self, service: str) -> str:
        """The id of a service's container, once that runs: a start changes its state and health."""
        until(lambda: any(one.service == service and one.status == "running" for one in self.engine.world.matching({})))
        return self.container(service)

    def container(self, service: str) -> str:
        """The id of the container of a service."""
        found = [box.container.id for box in list(self.engine.world.boxes.values()) if box.container.service == service]
        assert found, f"no container of {service}: {self.engine.calls}"
        return found[-1]


class Running:
    """A run in a thread of its own."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._result: RunResult | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._result = self.stage.run()
        except BaseException as error:  # handed to the test
            self._error = error

    @property
    def has_ended(self) -> bool:
        return not self._thread.is_alive()

    def join(self) -> RunResult:
        """Wait for the run's end."""
        self._thread.join(PATIENCE)
        assert self.has_ended, f"the run did not end: {self.stage.order}"
        if self._error is not None:
            raise self._error
        assert self._result is not None
        return self._result

    def phase(self, name: str) -> PhaseResult:
        """Wait for the run's end; return what became of one phase."""
        return next(phase for phase in self.join().phases if phase.id == name)


def then(do: Callable[[], None]) -> Callable[[Container], None]:
    """Something that happens as soon as a container has started."""
    return lambda _: do()


NODE = "{{ mode: testing, build_id: {0}, test_record_id: rec_1{1} }}"
BROKEN = Script(("[error] no",), exit_code=1)


def spec_of(more: str = "", **nodes: str) -> str:
    """One workflow of testing nodes; the value is what a node has besides, `more` what the spec has."""
    lines = [f"      {name}: {NODE.format(name, rest and ', ' + rest)}" for name, rest in nodes.items()]
    return f"{more}\nworkflows:\n  web:\n    nodes:\n" + "\n".join(lines)
