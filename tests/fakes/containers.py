"""The containers of a fake engine: they say, end and are removed when they are told to, in the calling thread."""

import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial

from fastflow.errors import EngineCallError
from fastflow.run.container import Container, ContainerEvent, Health, Probe, PublishedPort


@dataclass(frozen=True, slots=True)
class Script:
    """How the containers of a service behave.

    They say `lines` when they start and end with `exit_code` at once, or run until they are stopped where it is
    None. On SIGTERM they say `last_lines` and end with `stop_code`; one that does not heed it ends with 137.
    """

    lines: tuple[str, ...] = ()
    exit_code: int | None = None
    health: Health | None = None
    last_lines: tuple[str, ...] = ()
    stop_code: int = 0
    heeds_stop: bool = True
    exec_code: int = 0
    files: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    """Directory → name of a file below it → content."""
    written: Mapping[str, float] = field(default_factory=dict)
    """When files of such a name were written, in seconds since 1970; the others are written when they are copied."""
    error: str | None = None
    """Starting such a container fails with this message."""
    on_start: Callable[[Container], None] | None = None
    ports: tuple[PublishedPort, ...] = ()
    """What is published while it runs."""


class FakeStream:
    """A stream of a fake engine."""

    def __init__(self, give: Callable[[str], None] | Callable[[ContainerEvent], None], leave: Callable[[], None]):
        self._give = give
        self._leave = leave
        self._ended = threading.Event()
        self.is_closed = False

    def give(self, value: str | ContainerEvent) -> None:
        """Hand over a line or an event."""
        if not self.is_closed:
            self._give(value)  # type: ignore[arg-type]  # a stream of lines is given lines only

    def end(self) -> None:
        """Come to the stream's own end."""
        self._ended.set()

    def close(self) -> None:
        """End the stream now."""
        self.is_closed = True
        self._leave()
        self._ended.set()

    def join(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for the stream's end."""
        return self._ended.wait(timeout)


@dataclass
class Box:
    """One container with its log and those that follow it."""

    container: Container
    script: Script
    networks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    attached: frozenset[str] = frozenset()
    """The names on the engine of the networks that it is on."""
    environment: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] | None = None
    got: dict[str, bytes] = field(default_factory=dict)
    """What was copied to it, by path; of a directory that was made, nothing."""
    lines: list[str] = field(default_factory=list)
    times: list[str] = field(default_factory=list)
    """When each line was printed."""
    followers: list[FakeStream] = field(default_factory=list)

    def given(self, directory: str) -> dict[str, bytes]:
        """The files that were copied to a directory, by name."""
        start = f"{directory}/"
        return {path.removeprefix(start): content for path, content in self.got.items() if path.startswith(start)}

    def has(self, directory: str) -> bool:
        """Whether a directory is there."""
        return directory in self.script.files or directory in self.got or bool(self.given(directory))


class Containers:
    """Creates, starts, ends and removes containers, and tells the streams in the order in which it happens."""

    def __init__(self) -> None:
        self.boxes: dict[str, Box] = {}
        self.listeners: list[FakeStream] = []
        self.lock = threading.RLock()
        self._numbers = itertools.count(1)
        self._outbox: deque[Callable[[], None]] = deque()
        self._delivery = threading.Lock()
        self._depth = 0

    def find(self, reference: str) -> Box:
        """Return a container by id, beginning of the id, or name; raise EngineCallError where it is not there."""
        for box in list(self.boxes.values()):
            if reference == box.container.name or box.container.id.startswith(reference):
                return box
        raise _error(f"No such container: {reference}")

    def matching(self, labels: Mapping[str, str | None]) -> tuple[Container, ...]:
        """Return the containers that carry these labels."""
        found = (box.container for box in list(self.boxes.values()))
        return tuple(container for container in found if carries(container.labels, labels))

    def create(self, name: str, labels: Mapping[str, str], image: str, script: Script) -> Box:
        """Create a container; its name must be free."""
        with self._changing():
            for other in self.boxes.values():
                if other.container.name == name:
                    used = (
                        f'Conflict. The container name "/{name}" is already in use by container "{other.container.id}"'
                    )
                    raise _error(used, "remove that container, or remove container_name (publish: none does)")
            container = Container(f"{next(self._numbers):064x}", name, dict(labels), "created", 0, image=image)
            box = self.boxes[container.id] = Box(container, script)
            self._event(box, "create")
        return box

    def start(self, box: Box) -> None:
        """Start a container that does not run; one that ends by itself has ended when this returns."""
        script = box.script
        if script.error is not None:
            raise _error(script.error)
        with self._changing():
            if box.container.status == "running":
                return
            health: Health | None = None if script.health is None else "starting"
            self._set(box, status="running", exit_code=0, started_at=self._now(), finished_at=None, health=health)
            self._set(box, ports=script.ports)
            self._event(box, "start")
            if script.on_start is not None:
                self._outbox.append(partial(script.on_start, box.container))
            self.say(box, *script.lines)
            if script.health not in (None, "starting"):
                self.set_health(box, script.health)
            if script.exit_code is not None:
                self.end(box, script.exit_code)

    def say(self, box: Box, *lines: str) -> None:
        """Add lines to a container's log."""
        with self._changing():
            box.lines += lines
            box.times += [self._now() for _ in lines]
            pairs = itertools.product(lines, box.followers)
            self._outbox.extend(partial(follower.give, line) for line, follower in pairs)

    def set_health(self, box: Box, health: Health | None, probe: Probe | None = None) -> None:
        """Change what a container's healthcheck says."""
        with self._changing():
            self._set(box, health=health, probe=probe)
            self._event(box, f"health_status: {health}")

    def stop(self, box: Box) -> None:
        """Send SIGTERM, and SIGKILL to one that does not heed it."""
        with self._changing():
            if box.container.status == "running" and box.script.heeds_stop:
                self.say(box, *box.script.last_lines)
            self.end(box, box.script.stop_code if box.script.heeds_stop else 137)

    def signal(self, box: Box, name: str) -> None:
        """Send a signal that a container does not heed."""
        with self._changing():
            if box.container.status != "running":
                raise _error(f"Container {box.container.id} is not running")
            event = ContainerEvent(box.container.id, "kill", None, {**box.container.labels, "signal": name})
            self._outbox.extend(partial(listener.give, event) for listener in self.listeners)

    def end(self, box: Box, exit_code: int) -> None:
        """End a container, where it runs."""
        with self._changing():
            if box.container.status == "running":
                self._set(box, status="exited", exit_code=exit_code, finished_at=self._now(), ports=())
                self._event(box, "die", exit_code)
                self._end_followers(box)

    def restart(self, box: Box, exit_code: int) -> None:
        """End a container, and start it again as its restart policy does: it says its lines again, and runs on."""
        with self._changing():
            count = box.container.restart_count + 1
            self._set(box, status="restarting", exit_code=exit_code, restart_count=count, finished_at=self._now())
            self._event(box, "die", exit_code)
            self._set(box, status="running", exit_code=0, started_at=self._now())
            self._event(box, "start")
            self.say(box, *box.script.lines)

    def run_out_of_memory(self, box: Box) -> None:
        """Tell that the memory limit has killed a process; the container runs on."""
        with self._changing():
            self._event(box, "oom")

    def remove(self, box: Box) -> None:
        """Kill and remove a container."""
        with self._changing():
            self.end(box, 137)
            if self.boxes.pop(box.container.id, None):
                self._event(box, "destroy")

    def follow(self, box: Box, on_line: Callable[[str], None]) -> FakeStream:
        """Give a container's log from its first line; ends with the container."""
        stream = FakeStream(on_line, lambda: _leave(box.followers, stream))
        with self._changing():
            self._outbox.extend(partial(stream.give, line) for line in box.lines)
            box.followers.append(stream)
            if box.container.status != "running":
                self._end_followers(box)
        return stream

    def listen(self, on_event: Callable[[ContainerEvent], None]) -> FakeStream:
        """Give every event from now on."""
        stream = FakeStream(on_event, lambda: _leave(self.listeners, stream))
        self.listeners.append(stream)
        return stream

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with self.lock:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
            is_outermost = self._depth == 0
        if is_outermost:
            self._deliver()

    def _deliver(self) -> None:
        """Give what is due, in order and without the lock. Who comes while another delivers leaves it to that one."""
        while self._outbox and self._delivery.acquire(blocking=False):
            try:
                while self._outbox:
                    self._outbox.popleft()()
            finally:
                self._delivery.release()

    def _set(self, box: Box, **changes: object) -> None:
        box.container = replace(box.container, **changes)  # type: ignore[arg-type]  # named fields of Container

    def _event(self, box: Box, action: str, exit_code: int | None = None) -> None:
        event = ContainerEvent(box.container.id, action, exit_code, box.container.labels, self._now())
        self._outbox.extend(partial(listener.give, event) for listener in self.listeners)

    def _end_followers(self, box: Box) -> None:
        self._outbox.extend(follower.end for follower in box.followers)
        box.followers.clear()

    def _now(self) -> str:
        number = next(self._numbers)
        return f"2024-01-01T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}.000000000Z"


def carries(labels: Mapping[str, str], wanted: Mapping[str, str | None]) -> bool:
    """Whether all of `wanted` is among `labels`; None stands for any value."""
    return all(key in labels and value in (None, labels[key]) for key, value in wanted.items())


def _leave(streams: list[FakeStream], stream: FakeStream) -> None:
    with suppress(ValueError):
        streams.remove(stream)


def _error(message: str, hint: str | None = None) -> EngineCallError:
    return EngineCallError(message, hint, "fake", 1, f"Error response from daemon: {message}")
