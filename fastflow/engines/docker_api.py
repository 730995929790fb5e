"""Operations of an engine itself, without Compose: those of the Engine API that a run needs."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from fastflow.engines.answer import Answer
from fastflow.engines.api import GoneError, segment
from fastflow.engines.copying import packed, unpack
from fastflow.engines.inspection import container_of, event_of
from fastflow.engines.lease import ContainerLease, claim
from fastflow.engines.messages import failed
from fastflow.engines.objects import EngineObjects
from fastflow.engines.stream import Ended, LineStream
from fastflow.errors import EngineCallError
from fastflow.run.container import Container, ContainerEvent
from fastflow.run.engine import Stream


@dataclass(frozen=True)
class DockerApi(EngineObjects):
    """Implements `run.engine.Api` over HTTP. Raises EngineError if the engine does not answer, or refuses."""

    def version(self) -> str:
        """Return the version of the engine."""
        return str(self.http.get("/version").get("Version", "?"))

    def identity(self) -> str:
        """Return the engine's own id. Podman makes one up for each answer; use its machine and directory instead."""
        info = self.http.get("/info")
        facts = ("Name", "DockerRootDir") if self.http.is_podman else ("ID",)
        return " ".join(str(info.get(fact, "")) for fact in facts)

    def root(self) -> str:
        """Return the directory on its machine in which the engine stores everything."""
        return str(self.http.get("/info").get("DockerRootDir", ""))

    # Containers
    def containers(self, labels: Mapping[str, str | None]) -> tuple[Container, ...]:
        """Return all containers, including stopped ones, that carry these labels."""
        return self.inspect(self._listed("container", labels))

    def inspect(self, ids: Iterable[str]) -> tuple[Container, ...]:
        """Return the containers that (still) exist among `ids`."""
        found = (self._inspected(one) for one in ids)
        return tuple(container_of(entry, is_podman=self.http.is_podman) for entry in found if entry is not None)

    def _inspected(self, one: str) -> Any:
        try:
            return self.http.get(f"/containers/{segment(one)}/json")
        except GoneError:
            return None

    def create_container(self, settings: Mapping[str, Any], name: str | None = None) -> str:
        """Create a container with the settings of the Engine API (ContainerCreate); return its id."""
        return str(self.http.create("/containers/create", settings, **({"name": name} if name else {}))["Id"])

    def run(self, image: str, command: Sequence[str]) -> tuple[str, ...]:
        """Run a command in a container without a network, and remove that; return the lines that it printed."""
        program, *rest = command
        one = self.create_container(
            {"Image": image, "Entrypoint": [program], "Cmd": rest, "HostConfig": {"NetworkMode": "none"}}
        )
        lines: list[str] = []
        try:
            self.start(one)
            self.http.wait(f"/containers/{one}/wait", self.http.timeout)
            self.read_logs(one, lines.append)
        finally:
            self.remove_containers([one])
        return tuple(lines)

    def start(self, container_id: str) -> None:
        """Start a created container."""
        self.http.post(f"/containers/{segment(container_id)}/start", is_change=True)

    def stop(self, container_id: str, grace: float) -> None:
        """Send SIGTERM, then SIGKILL after `grace` seconds; a container that has ended or is gone is fine."""
        seconds = max(0, math.ceil(grace))
        try:
            self.http.post(f"/containers/{segment(container_id)}/stop", longer=seconds, t=str(seconds))
        except GoneError:
            pass
        except EngineCallError:
            if any(container.status in ("running", "paused") for container in self.inspect([container_id])):
                raise

    def signal(self, container_id: str, name: str) -> None:
        """Send a signal to a running container; all watchers of events see it."""
        self.http.post(f"/containers/{segment(container_id)}/kill", signal=name)

    def rename(self, container_id: str, name: str) -> None:
        """Rename a container, to free its name."""
        self.http.post(f"/containers/{segment(container_id)}/rename", name=name)

    def remove_containers(self, ids: Iterable[str]) -> None:
        """Kill and remove containers with their anonymous volumes; those that are gone are fine."""
        self._remove("container", ids)

    def copy_from(self, container_id: str, path: str, target: Path) -> bool:
        """Copy the content of a container's directory into `target`, without links; False if it does not exist."""

        def consume(stream: IO[bytes]) -> None:
            target.mkdir(parents=True, exist_ok=True)
            unpack(stream, target)

        inside = f"{path.rstrip('/')}/."
        try:
            self.http.read(f"/containers/{segment(container_id)}/archive", consume, path=inside)
        except GoneError:
            return False
        return True

    def copy_to(self, container_id: str, path: str, source: Path) -> None:
        """Copy a file to `path` in a container, readable by all its users; directories are created as needed."""
        with source.open("rb") as content:
            self._put(container_id, packed(path, content))

    def make_directory(self, container_id: str, path: str) -> None:
        """Make a directory in a container that all its users can write to; an existing one is left as it is."""
        try:
            self.http.read(f"/containers/{segment(container_id)}/archive", lambda _: None, path=path)
        except GoneError:
            self._put(container_id, packed(path))

    def _put(self, container_id: str, archive: bytes) -> None:
        self.http.put(f"/containers/{segment(container_id)}/archive", archive, path="/")

    def exec(self, container_id: str, command: Iterable[str], timeout: float) -> int:
        """Run a command in a running container and return its exit code."""
        return self._executed(container_id, command, timeout)[0]

    def output_of(self, container_id: str, command: Sequence[str]) -> str:
        """Run a command in a running container and return its output; raise EngineCallError if it fails."""
        code, said = self._executed(container_id, command, self.http.timeout)
        if code:
            raise failed(f"docker exec {command[0]}", said, exit_code=code)
        return said

    def _executed(self, container_id: str, command: Iterable[str], timeout: float) -> tuple[int, str]:
        body = {"Cmd": list(command), "AttachStdout": True, "AttachStderr": True}
        made = self.http.create(f"/containers/{segment(container_id)}/exec", body)["Id"]
        said = self.http.drain(f"/exec/{made}/start", {"Detach": False, "Tty": False}, timeout)
        return int(self.http.get(f"/exec/{made}/json")["ExitCode"] or 0), said

    # Streams
    def follow_logs(self, container_id: str, on_line: Callable[[str], None]) -> Stream:
        """Pass on every line of a container's log from the first, as it arrives."""
        return self._logs(container_id, on_line, is_followed=True)

    def read_logs(self, container_id: str, on_line: Callable[[str], None], until: str | None = None) -> None:
        """Pass on every line that a container has printed so far, or until a time; nothing if it is gone."""
        stream = self._logs(container_id, on_line, is_followed=False, until=until)
        if not stream.join(self.http.timeout):
            stream.close()

    def _logs(
        self, container_id: str, on_line: Callable[[str], None], *, is_followed: bool, until: str | None = None
    ) -> Stream:
        path, end = f"/containers/{segment(container_id)}", {"until": _unix(until)} if until else {}

        def answer(follow: str) -> Answer:
            return self.http.stream(f"{path}/logs", is_framed=is_framed, stdout="1", stderr="1", follow=follow, **end)

        try:
            is_framed = not self.http.get(f"{path}/json")["Config"].get("Tty")
            first = answer("1" if is_followed else "0")
        except GoneError:
            return Ended()
        return LineStream(first, on_line, (lambda: answer("0")) if is_followed else None)

    def events(self, on_event: Callable[[ContainerEvent], None]) -> LineStream:
        """Pass on every container event of the engine from now on."""

        def on_line(line: str) -> None:
            if (event := event_of(line)) is not None:
                on_event(event)

        # By the engine's own clock, so that events before the stream is attached are included.
        since = str(self.http.clock())
        return LineStream(self.http.stream("/events", since=since, filters='{"type":["container"]}'), on_line)

    def hold(self, name: str, image: str, labels: Mapping[str, str]) -> ContainerLease | None:
        """Take a container name for as long as this process lives; None if it is taken."""
        return claim(self.http, name, image, labels)


def _unix(time: str) -> str:
    """A time of the engine (RFC 3339) in the form that its API takes: seconds since 1970, to the nanosecond."""
    fraction = re.search(r"\.(\d+)", time)
    return f"{int(datetime.fromisoformat(time).timestamp())}.{fraction[1] if fraction else '0':0<9}"
