"""An engine and a project on it whose services do what scripts say, whichever engine it is."""

import shlex
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from fastflow.compose import ComposeProject, ComposeText
from fastflow.compose.program import escape
from fastflow.run.container import Container
from fastflow.run.engine import Engine
from fastflow.spec.writer import as_mapping, dump
from tests.e2e.conftest import IMAGE, PROJECT, TEST
from tests.fakes.containers import Script
from tests.fakes.engine import FakeEngine

PATIENCE = 20.0  # seconds
T = TypeVar("T")


class Seen(Generic[T]):
    """Collects what a stream gives."""

    def __init__(self) -> None:
        self.all: list[T] = []
        self._changed = threading.Condition()

    def __call__(self, value: T) -> None:
        with self._changed:
            self.all.append(value)
            self._changed.notify_all()

    def until(self, condition: Callable[[T], bool]) -> T:
        with self._changed:
            assert self._changed.wait_for(lambda: any(map(condition, self.all)), PATIENCE), self.all
            return next(value for value in self.all if condition(value))


@dataclass(frozen=True)
class Bench:
    """An engine and a project on it; services do what their scripts say."""

    engine: Engine
    name: str
    directory: Path

    def project(self, scripts: Mapping[str, Script], **more: Mapping[str, Any]) -> ComposeProject:
        """A project of these services; `more` is merged into each service of that name, or is a section."""
        if isinstance(self.engine, FakeEngine):
            self.engine.scripts.update(scripts)
        services = {name: self._service(script, more.get(name, {})) for name, script in scripts.items()}
        sections = {key: value for key, value in more.items() if key not in scripts}
        text = dump(as_mapping({"services": services, **sections}))
        return ComposeProject(self.name, str(self.directory), (ComposeText(text),))

    def _service(self, script: Script, more: Mapping[str, Any]) -> dict[str, Any]:
        command = ["sh", "-c", escape(as_shell(script))]
        image = {} if "build" in more else {"image": IMAGE}
        return {**image, "command": command, "labels": {TEST: self.name}, **more}

    def up(self, scripts: Mapping[str, Script], **more: Mapping[str, Any]) -> dict[str, Container]:
        """Bring services up without their dependencies; return their containers."""
        self.engine.compose.up(self.project(scripts, **more), scripts, with_dependencies=False, timeout=PATIENCE)
        return self.containers()

    def containers(self) -> dict[str, Container]:
        return {found.service or "": found for found in self.engine.api.containers({PROJECT: self.name})}

    def one(self, container_id: str) -> Container:
        return self.engine.api.inspect([container_id])[0]

    def lines(self, container_id: str, last: str) -> list[str]:
        """The log of a container until a line has come."""
        seen = Seen[str]()
        stream = self.engine.api.follow_logs(container_id, seen)
        seen.until(lambda line: line == last)
        stream.close()
        return seen.all

    def hang(self, call: str) -> None:
        """Let a call of the engine in memory hang; on the real one the test sees to that itself."""
        if isinstance(self.engine, FakeEngine):
            self.engine.hanging.add(call)


def as_shell(script: Script) -> str:
    """What a script says, for a shell."""
    steps = [
        f"mkdir -p {directory}; printf %s {shlex.quote(content.decode())} > {directory}/{name}"
        for directory, files in script.files.items()
        for name, content in files.items()
    ]
    steps += [
        f"touch -d @{int(time)} {directory}/{name}"
        for directory, files in script.files.items()
        for name, time in script.written.items()
        if name in files
    ]
    said = "; ".join(f"echo {shlex.quote(line)}" for line in script.last_lines) or ":"
    heed = f"{said}; exit {script.stop_code}" if script.heeds_stop else ""
    steps += [f"trap {shlex.quote(heed)} TERM"]
    steps += [f"echo {shlex.quote(line)}" for line in script.lines]
    forever = "while :; do sleep 60 & wait $!; done"
    return "\n".join([*steps, forever if script.exit_code is None else f"exit {script.exit_code}"])
