"""One unit as its dispatcher sees it: turns its agent's messages into events and results, whatever happens to it."""

import base64
import shutil
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from fastflow import __version__
from fastflow.cluster.bundle import unpack_results
from fastflow.cluster.cluster import Unit
from fastflow.cluster.wire import Message, Reader
from fastflow.errors import ExitCode
from fastflow.files import is_directory
from fastflow.record.events import Event, LogLine, Note, PhaseChanged, Progress, now
from fastflow.record.history import event_of
from fastflow.record.result import PhaseResult

RUN_PATH, SPEC_PATH = "fastflow-run:", "fastflow-spec:"
"""Prefixes that agents write for paths in their run's folder and in the spec's directory."""
CANCELLED = "interrupted by SIGTERM"
"""An agent's reason for phases that its SIGTERM ends; the sender of the signal knows the real one."""
_INTERRUPTED = (ExitCode.INTERRUPTED, ExitCode.TERMINATED, ExitCode.HANGUP)
REBUILD = "build the image of this version and load it on the nodes: fastflow agent build"


@dataclass
class UnitWatch:
    """Follows one unit. `id` is the cluster's, `number` the unit's own; `results` are those of its phases so far.

    `folder` and `directory` replace the prefixes of its paths here: the run's folder, and the spec's directory.
    """

    number: int
    id: str
    host: str
    results: dict[str, PhaseResult]
    folder: Path
    directory: Path
    say: Callable[[Event], None]
    log_line: Callable[[str, str], None]
    reader: Reader = field(default_factory=Reader)
    node: str | None = None
    code: int | None = None
    """Its agent's exit code, once it has reported it."""
    refusal: str | None = None
    """Why nothing of it was started."""
    is_over: bool = False
    leftovers: tuple[str, ...] = ()
    heard: float = field(default_factory=time.monotonic)
    """The time of the last line (monotonic)."""
    _pieces: list[str] = field(default_factory=list)

    def take(self, line: str) -> None:
        """Take one line of the unit's log."""
        for message in self.reader.take(line):
            self.heard = time.monotonic()
            if not self.is_over:
                self._take(message)

    def _take(self, message: Message) -> None:
        kind = message["type"]
        if kind == "hello":
            self.node = str(message["node"])
            if message["version"] != __version__:
                self.fail(f"its agent is fastflow {message['version']}, but this is {__version__}", REBUILD)
            self._place()
        elif kind == "event":
            self._event(message["event"])
        elif kind == "file":
            self._pieces.append(str(message["data"]))
        elif kind == "end":
            self._end(message)

    def _place(self) -> None:
        where = f"{self.host}/{self.node}"
        self.results = {name: replace(result, host=where) for name, result in self.results.items()}

    def _event(self, written: Mapping[str, Any]) -> None:
        event = event_of(self._here(written))
        if isinstance(event, PhaseChanged):
            self._changed(event)
        elif isinstance(event, LogLine):
            if event.phase in self.results:
                self.log_line(event.phase, event.line)
                self.say(event)
        elif isinstance(event, (Note, Progress)):
            self.say(event)

    def _changed(self, event: PhaseChanged) -> None:
        known = self.results.get(event.phase)
        if known is None or event.is_kept:
            return
        started = known.started or (event.time if event.state == "starting" else None)
        facts = {name: getattr(event, name) for name in ("hint", "evidence", "test_record", "test_run")}
        more = {name: value for name, value in facts.items() if value}
        made = replace(known, state=event.state, reason=event.reason, started=started, **more)
        if made.has_ended:
            made = replace(made, ended=event.time, vulnerabilities=event.vulnerabilities)
        self.results[event.phase] = made
        self.say(event)

    def _here(self, value: Any) -> Any:
        """Convert the agent's paths to those of its files here."""
        if isinstance(value, str):
            if value.startswith(RUN_PATH):
                return str(self.folder) + value.removeprefix(RUN_PATH)
            return str(self.directory) + value.removeprefix(SPEC_PATH) if value.startswith(SPEC_PATH) else value
        if isinstance(value, Mapping):
            return {key: self._here(inner) for key, inner in value.items()}
        return [self._here(inner) for inner in value] if isinstance(value, list) else value

    def _end(self, message: Message) -> None:
        """Take the files and the results that the agent has sent."""
        self.is_over, self.code = True, int(message["code"])
        self.refusal = message.get("refusal")
        self.leftovers = tuple(f"{line}  # on node {self.node}" for line in message.get("leftovers", ()))
        if self._pieces:
            content = base64.b64decode("".join(self._pieces))
            self._pieces.clear()
            self._unpack(content)
        for result in TypeAdapter(tuple[PhaseResult, ...]).validate_python(self._here(message.get("phases") or [])):
            known = self.results.get(result.id)
            if known is not None:
                self.results[result.id] = replace(result, host=known.host)
        if self.refusal is not None and self.is_interrupted:
            self.cancel(self.refusal)
        elif self.refusal is not None:
            self.fail(self.refusal, message.get("hint"))

    def _unpack(self, content: bytes) -> None:
        try:
            with tempfile.TemporaryDirectory(prefix="fastflow-") as scratch:
                unpack_results(content, Path(scratch))
                for name, target in (("run", self.folder), ("spec", self.directory)):
                    if is_directory(Path(scratch) / name):
                        shutil.copytree(Path(scratch) / name, target, dirs_exist_ok=True)
        except (tarfile.TarError, OSError, EOFError) as error:
            self.say(Note(f"logs and reports of unit {self.number} could not be written: {error}"))

    @property
    def is_interrupted(self) -> bool:
        """Whether its agent was told to stop, by its last message or by its earlier messages about phases."""
        if self.code is None:
            return any(result.state == "cancelled" for result in self.results.values())
        return self.code in _INTERRUPTED

    def blame_node(self) -> None:
        """Count phases that were cut short as failed: nobody cancelled them, but the node was drained or shut down."""
        for result in tuple(self.results.values()):
            if result.state == "cancelled":
                reason = f"node {self.node} was drained, cut off or shut down (infrastructure)"
                self.results[result.id] = replace(result, state="failed", reason=reason)
                self.say(PhaseChanged.of(self.results[result.id]))

    def unfinished(self) -> Iterator[PhaseResult]:
        """The phases that have not ended yet."""
        return (result for result in self.results.values() if not result.has_ended)

    def fail(self, reason: str, hint: str | None = None) -> None:
        """End unfinished phases as failed: the unit sends nothing more, or nothing usable."""
        self.is_over = True
        self._set_aside(PhaseChangedTo("failed", reason, hint))

    def cancel(self, reason: str) -> None:
        """End unfinished phases as cancelled."""
        self.is_over = True
        self._set_aside(PhaseChangedTo("cancelled", reason, None))

    def _set_aside(self, to: "PhaseChangedTo") -> None:
        for result in tuple(self.unfinished()):
            end = now() if result.started else None
            ended = replace(result, state=to.state, reason=to.reason, hint=to.hint, ended=end)
            self.results[result.id] = ended
            self.say(PhaseChanged.of(ended, hint=to.hint))

    def judge(self, unit: Unit) -> None:
        """End a unit that is over by the cluster's report, but not by its agent's."""
        if unit.is_cancelled and unit.node is None:
            self.cancel(f"{CANCELLED}, while waiting")
            return
        said = "; ".join(line for line in self.reader.stray if line.strip())[-300:]
        code = f" with exit code {unit.exit_code}" if unit.exit_code is not None else ""
        where = f" on node {unit.node}" if unit.node else ""
        why = said or unit.message or "it printed nothing"
        self.fail(f"its agent ended{code}{where}: {why}", _hint(why))


@dataclass(frozen=True, slots=True)
class PhaseChangedTo:
    """The end of phases without further messages."""

    state: Any
    reason: str
    hint: str | None


def _hint(why: str) -> str:
    """The hint for a cluster's message about a task."""
    if "o such image" in why:
        return "push the agent's image for the nodes: fastflow agent build --push, and name it: image: REGISTRY/NAME"
    return "see the engine of that node; `fastflow down` removes what is left there"
