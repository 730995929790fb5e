"""What agents print, and a stage on which a run's dispatcher follows them."""

import base64
import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastflow import __version__
from fastflow.cluster.cluster import UnitOrder
from fastflow.cluster.dispatching import Dispatcher, Patience
from fastflow.cluster.watching import UnitWatch
from fastflow.cluster.wire import Writer
from fastflow.model.compose_keys import LABEL
from fastflow.record.events import Event, PhaseChanged
from fastflow.record.result import PhaseResult, State
from fastflow.run.observer import Cancellation
from tests.fakes.cluster import FakeCluster, Script

RUN = "r1"
TIME = "2026-01-01T00:00:00.000Z"
QUICK = Patience(poll=0.01, silence=0.02, settling=0.0, lost=0.05, cancelling=5.0)


def changed(phase: str, state: State, reason: str | None = None) -> Mapping[str, Any]:
    """An event as an agent sends it."""
    event = {"time": TIME, "type": "phase", "phase": phase, "state": state, "reason": reason, "mode": "testing"}
    return {"type": "event", "event": event}


def said(*messages: Mapping[str, Any], version: str = __version__, node: str = "node1") -> tuple[str, ...]:
    """What an agent prints that says hello, and then these messages."""
    lines: list[str] = []
    writer = Writer(lambda line: lines.append(line.removesuffix("\n")))
    writer.send("hello", version=version, node=node)
    for message in messages:
        writer.send(message["type"], **{key: value for key, value in message.items() if key != "type"})
    return tuple(lines)


def ended(*phases: Mapping[str, Any], code: int = 0, **more: Any) -> Mapping[str, Any]:
    """An agent's last message."""
    return {"type": "end", "code": code, "phases": list(phases), **more}


def result(phase: str, state: State, **more: Any) -> Mapping[str, Any]:
    """A phase's result as an agent sends it."""
    fixed = {"id": phase, "workflow": phase.split(".")[0], "host": "farm", "mode": "testing", "build_id": "1"}
    return {**fixed, "state": state, **more}


def files(**content: str) -> Mapping[str, Any]:
    """A message with an archive of files; `__` in a name is a slash."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, text in content.items():
            info = tarfile.TarInfo(name.replace("__", "/"))
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return {"type": "file", "data": base64.b64encode(out.getvalue()).decode()}


@dataclass
class Stage:
    """Units of one phase each, by the name of the phase, on a cluster in memory."""

    directory: Path
    scripts: Mapping[str, Script]
    cluster: FakeCluster = field(default_factory=FakeCluster)
    cancellation: Cancellation = field(default_factory=Cancellation)
    events: list[Event] = field(default_factory=list)
    logged: list[tuple[str, str]] = field(default_factory=list)
    watches: dict[str, UnitWatch] = field(default_factory=dict)

    def __post_init__(self) -> None:
        named = {f"fastflow-{phase}": script for phase, script in self.scripts.items()}
        self.cluster.scripts = {**self.cluster.scripts, **named}
        for number, phase in enumerate(self.scripts, start=1):
            unit = self.cluster.create(UnitOrder(f"fastflow-{phase}", {f"{LABEL}.run": RUN}, "agent", ()))
            waiting = PhaseResult(phase, phase.split(".")[0], "farm", "testing", "1", "waiting")
            folder = self.directory / ".fastflow" / "runs" / RUN
            self.watches[phase] = UnitWatch(
                number,
                unit,
                "farm",
                {phase: waiting},
                folder,
                self.directory,
                self.events.append,
                lambda phase, line: self.logged.append((phase, line)),
            )

    def dispatcher(self, **more: Any) -> Dispatcher:
        """Who runs them."""
        watches = list(self.watches.values())
        options = {"patience": QUICK, **more}
        return Dispatcher(self.cluster, RUN, watches, self.cancellation, self.events.append, **options)

    def result(self, phase: str) -> PhaseResult:
        """What became of a phase."""
        return self.watches[phase].results[phase]

    def states(self, phase: str) -> list[State]:
        """The states that were told of a phase."""
        return [one.state for one in self.events if isinstance(one, PhaseChanged) and one.phase == phase]
