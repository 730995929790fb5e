"""What is asked of an engine itself, without Compose: the operations of the Engine API that a run needs."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from fastflow.engines.answer import Answer
from fastflow.engines.api import EngineApi, GoneError, segment
from fastflow.engines.copying import unpack
from fastflow.engines.inspection import container_of, event_of
from fastflow.engines.lease import ContainerLease, claim
from fastflow.engines.named_networks import DaemonNetworks
from fastflow.engines.objects import KeptObjects
from fastflow.engines.routes import routed
from fastflow.engines.stream import LineStream, Nothing
from fastflow.errors import EngineCallError
from fastflow.run.container import Container, ContainerEvent
from fastflow.run.engine import NamedNetworks

_LOCAL = re.compile(r"unix://|npipe://|tcp://(localhost|127\.[\d.]+|\[::1\])(:|/|$)")


@dataclass(frozen=True)
class DockerApi:
    """Implements `run.engine.Api` over HTTP. Raises EngineError if the engine does not answer, or refuses."""

    http: EngineApi

    @cached_property
    def named_networks(self) -> NamedNetworks:
        """The engine's networks by name."""
        return DaemonNetworks(self.http)

    @cached_property
    def kept(self) -> KeptObjects:
        """What the engine keeps."""
        return KeptObjects(self.http)

    @property
    def is_local(self) -> bool:
        """Whether the engine is on this machine."""
        return _LOCAL.match(self.http.address) is not None

    def version(self) -> str:
        """Return the version of the engine."""
        return str(self.http.get("/version").get("Version", "?"))

    def identity(self) -> str:
        """Return the engine's own id. Podman makes one up for each answer: there it is its machine and directory."""
        told = self.http.get("/info")
        facts = ("Name", "DockerRootDir") if self.http.is_podman else ("ID",)
        return " ".join(str(told.get(fact, "")) for fact in facts)

    # Containers
    def containers(self, labels: Mapping[str, str | None]) -> tuple[Container, ...]:
        """Return all containers, also stopped ones, that carry these labels."""
        return self.inspect(self.kept.listed("container", labels))

    def inspect(self, ids: Iterable[str]) -> tuple[Container, ...]:
        """Return the containers that (still) exist among `ids`."""
        found = (self._inspected(one) for one in ids)
        return tuple(container_of(entry, self.kept.is_podman) for entry in found if entry is not None)

    def _inspected(self, one: str) -> Any:
        try:
            return self.http.get(f"/containers/{segment(one)}/json")
        except GoneError:
            return None

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
        """Send a signal to a running container; all that watch events learn of it."""
        self.http.post(f"/containers/{segment(container_id)}/kill", signal=name)

    def rename(self, container_id: str, name: str) -> None:
        """Give a container another name, so that its own is free."""
        self.http.post(f"/containers/{segment(container_id)}/rename", name=name)

    def remove_containers(self, ids: Iterable[str]) -> None:
        """Kill and remove containers with their anonymous volumes; those that are gone are fine."""
        self.kept.remove("container", ids)

    def copy_from(self, container_id: str, path: str, target: Path) -> bool:
        """Copy what is in a directory of a container into `target`, links left out; False where it does not exist."""

        def consume(stream: IO[bytes]) -> None:
            target.mkdir(parents=True, exist_ok=True)
            unpack(stream, target)

        inside = f"{path.rstrip('/')}/."
        try:
            self.http.read(f"/containers/{segment(container_id)}/archive", consume, path=inside)
        except GoneError:
            return False
        return True

    def exec(self, container_id: str, command: Iterable[str], timeout: float) -> int:
        """Run a command in a running container and return its exit code."""
        body = {"Cmd": list(command), "AttachStdout": True, "AttachStderr": True}
        made = self.http.create(f"/containers/{segment(container_id)}/exec", body)["Id"]
        self.http.drain(f"/exec/{made}/start", {"Detach": False, "Tty": False}, timeout)
        return int(self.http.get(f"/exec/{made}/json")["ExitCode"] or 0)

    # What goes on
    def follow_logs(self, container_id: str, on_line: Callable[[str], None]) -> LineStream:
        """Give every line of a container's log from its first, as it comes."""
        return self._logs(container_id, on_line, is_followed=True)

    def read_logs(self, container_id: str, on_line: Callable[[str], None], until: str | None = None) -> None:
        """Give every line that a container has printed by now, or until a time; nothing if it is gone."""
        stream = self._logs(container_id, on_line, is_followed=False, until=until)
        if not stream.join(self.http.timeout):
            stream.close()

    def _logs(
        self, container_id: str, on_line: Callable[[str], None], *, is_followed: bool, until: str | None = None
    ) -> LineStream:
        entry = self._inspected(container_id)
        if entry is None:
            return LineStream(Nothing(), on_line)
        path, is_framed = f"/containers/{segment(container_id)}/logs", not entry["Config"].get("Tty")

        end = {"until": _unix(until)} if until else {}

        def answer(follow: str) -> Answer:
            return self.http.stream(path, is_framed=is_framed, stdout="1", stderr="1", follow=follow, **end)

        try:
            first = answer("1" if is_followed else "0")
        except GoneError:
            return LineStream(Nothing(), on_line)
        return LineStream(first, on_line, (lambda: answer("0")) if is_followed else None)

    def events(self, on_event: Callable[[ContainerEvent], None]) -> LineStream:
        """Give every container event of the engine from now on."""

        def on_line(line: str) -> None:
            if (event := event_of(line)) is not None:
                on_event(event)

        # By the engine's own clock, so that what happens before the stream is attached is given as well.
        since = str(self.http.clock())
        return LineStream(self.http.stream("/events", since=since, filters='{"type":["container"]}'), on_line)

    # What else the engine keeps
    def missing_images(self, images: Iterable[str]) -> tuple[str, ...]:
        """Return those of `images` that the engine does not have, in order, each once."""
        return tuple(image for image in dict.fromkeys(images) if not self.kept.exists("image", image))

    def networks(self, labels: Mapping[str, str | None]) -> tuple[str, ...]:
        """Return the ids of the networks that carry these labels."""
        return self.kept.listed("network", labels)

    def remove_networks(self, ids: Iterable[str]) -> None:
        """Remove networks; those that are gone are fine."""
        self.kept.remove("network", ids)

    def subnets(self) -> tuple[str, ...]:
        """Return the subnets (CIDR) that are taken: those of all networks, and where it is here, of its routes."""
        return (*self.kept.subnets(), *(routed() if self.is_local else ()))

    def volumes(self, labels: Mapping[str, str | None]) -> tuple[str, ...]:
        """Return the names of the volumes that carry these labels."""
        return self.kept.listed("volume", labels)

    def remove_volumes(self, names: Iterable[str]) -> None:
        """Remove volumes; those that are gone are fine."""
        self.kept.remove("volume", names)

    def images(self, labels: Mapping[str, str | None]) -> tuple[str, ...]:
        """Return the references of the images that carry these labels."""
        return self.kept.listed("image", labels)

    def remove_images(self, references: Iterable[str]) -> None:
        """Remove image references; those that are gone or in use are fine."""
        self.kept.remove("image", references)

    def labelled(self, label: str) -> tuple[Mapping[str, str], ...]:
        """Return the labels of every container, network, volume and image that carries a label."""
        return self.kept.labelled(label)

    def hold(self, name: str, image: str, labels: Mapping[str, str]) -> ContainerLease | None:
        """Take a container name for as long as this process lives; None where it is taken."""
        return claim(self.http, name, image, labels)


def _unix(time: str) -> str:
    """A time of the engine's (RFC 3339) as its own interface wants it: seconds since 1970, to the nanosecond."""
    fraction = re.search(r"\.(\d+)", time)
    return f"{int(datetime.fromisoformat(time).timestamp())}.{fraction[1] if fraction else '0':0<9}"
