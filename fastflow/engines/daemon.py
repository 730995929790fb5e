"""What is asked of an engine itself, without Compose: the operations of the Engine API that a run needs."""

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, Literal, TypeAlias

from fastflow.engines.answer import Answer
from fastflow.engines.api import EngineApi, GoneError, label_filter, segment
from fastflow.engines.image_names import short_name
from fastflow.engines.inspection import container_of, subnets_of
from fastflow.engines.lease import ContainerLease, claim
from fastflow.engines.stream import LineStream, Nothing
from fastflow.errors import EngineCallError, EngineTimeoutError
from fastflow.run.ports import Container

Kind: TypeAlias = Literal["container", "network", "volume", "image"]
_REMOVAL_TIMEOUT = 15.0
"""Seconds until what somebody else removes must be gone."""
_IN_USE = re.compile(r"is being used|is using|conflict|dependent child", re.IGNORECASE)
"""What an engine says of an image that it does not remove because it is in use."""
_AT_ONCE = 8
_PAUSE = 0.03
"""Seconds between two looks at what somebody else is removing: the engine has nothing to wait for that with."""
_UNDER_WAY = re.compile(r"already in progress", re.IGNORECASE)


@dataclass(frozen=True)
class Daemon:
    """An engine, asked over `api`. Raises EngineError if it does not answer, or refuses."""

    api: EngineApi

    def version(self) -> tuple[str, str]:
        """Return the version of the engine, and its address."""
        return str(self.api.get("/version").get("Version", "?")), self.api.address

    def identity(self) -> str:
        """Return the engine's own id."""
        return str(self.api.get("/info").get("ID", ""))

    def containers(self, labels: Mapping[str, str | None]) -> tuple[Container, ...]:
        """Return all containers, also stopped ones, that carry these labels."""
        return self.inspect(self.listed("container", labels))

    def inspect(self, ids: Iterable[str]) -> tuple[Container, ...]:
        """Return the containers that (still) exist among `ids`."""
        found = (self._inspected(one) for one in ids)
        return tuple(container_of(entry, self._is_podman) for entry in found if entry is not None)

    def _is_podman(self) -> bool:
        return self.api.is_podman

    def _inspected(self, one: str) -> Any:
        try:
            return self.api.get(f"/containers/{segment(one)}/json")
        except GoneError:
            return None

    def start(self, container_id: str) -> None:
        """Start a created container."""
        self.api.post(f"/containers/{segment(container_id)}/start", is_change=True)

    def stop(self, container_id: str, seconds: int) -> None:
        """Send SIGTERM, then SIGKILL after so many seconds; a container that has ended or is gone is fine."""
        try:
            self.api.post(f"/containers/{segment(container_id)}/stop", longer=seconds, t=str(seconds))
        except GoneError:
            pass
        except EngineCallError:
            if any(container.status in ("running", "paused") for container in self.inspect([container_id])):
                raise

    def signal(self, container_id: str, name: str) -> None:
        """Send a signal to a running container; all that watch events learn of it."""
        self.api.post(f"/containers/{segment(container_id)}/kill", signal=name)

    def rename(self, container_id: str, name: str) -> None:
        """Give a container another name, so that its own is free."""
        self.api.post(f"/containers/{segment(container_id)}/rename", name=name)

    def execute(self, container_id: str, command: Iterable[str], timeout: float) -> tuple[int, str]:
        """Run a command in a running container; return its exit code, and what it printed."""
        body = {"Cmd": list(command), "AttachStdout": True, "AttachStderr": True}
        made = self.api.create(f"/containers/{segment(container_id)}/exec", body)["Id"]
        said = self.api.output(f"/exec/{made}/start", {"Detach": False, "Tty": False}, timeout)
        return int(self.api.get(f"/exec/{made}/json")["ExitCode"] or 0), said

    def copy(self, container_id: str, path: str, consume: Callable[[IO[bytes]], None]) -> bool:
        """Give what is in a directory of a container to `consume`, as a tar; False where it does not exist."""
        try:
            self.api.read(f"/containers/{segment(container_id)}/archive", consume, path=path)
        except GoneError:
            return False
        return True

    def missing_images(self, images: Iterable[str]) -> tuple[str, ...]:
        """Return those of `images` that the engine does not have, in order, each once."""
        return tuple(image for image in dict.fromkeys(images) if not self._exists("image", image))

    def listed(self, kind: Kind, labels: Mapping[str, str | None]) -> tuple[str, ...]:
        """Return what carries these labels: ids of containers and networks, names of volumes and images."""
        selected = label_filter(labels)
        if kind == "container":
            return tuple(entry["Id"] for entry in self.api.get("/containers/json", all="1", filters=selected))
        if kind == "network":
            return tuple(entry["Id"] for entry in self.api.get("/networks", filters=selected))
        if kind == "volume":
            return tuple(sorted(entry["Name"] for entry in self.api.get("/volumes", filters=selected)["Volumes"] or ()))
        entries = self.api.get("/images/json", filters=selected)
        names = [name for entry in entries for name in _names_of(entry)]
        return tuple(dict.fromkeys(short_name(name, self._is_podman) for name in names))

    def labelled(self, label: str) -> tuple[Mapping[str, str], ...]:
        """Return the labels of every container, network, volume and image that carries a label."""
        selected = label_filter({label: None})
        entries = [
            *self.api.get("/containers/json", all="1", filters=selected),
            *self.api.get("/networks", filters=selected),
            *(self.api.get("/volumes", filters=selected)["Volumes"] or ()),
            *self.api.get("/images/json", filters=selected),
        ]
        return tuple(entry.get("Labels") or {} for entry in entries)

    def subnets(self) -> tuple[str, ...]:
        """Return the subnets (CIDR) of all networks."""
        return subnets_of((entry.get("IPAM") or {}).get("Config") for entry in self.api.get("/networks"))

    def remove(self, kind: Kind, names: Iterable[str]) -> None:
        """Remove all at once, so that none keeps another from going.

        What is gone is fine, and so is an image that is in use. Raises the first other error when all were tried.
        """
        wanted = list(dict.fromkeys(names))
        if len(wanted) == 1:
            faults = [self._fault_of_removal(kind, wanted[0])]
        else:
            with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="removal") as pool:
                faults = list(pool.map(lambda name: self._fault_of_removal(kind, name), wanted))
        for fault in faults:
            if fault is not None:
                raise fault

    def _fault_of_removal(self, kind: Kind, name: str) -> EngineCallError | None:
        deadline = time.monotonic() + _REMOVAL_TIMEOUT
        pause = threading.Event()
        while True:
            try:
                self.api.delete(
                    f"/{kind}s/{segment(name)}", **({"force": "1", "v": "1"} if kind == "container" else {})
                )
            except (GoneError, EngineTimeoutError) as error:
                return error if isinstance(error, EngineTimeoutError) else None
            except EngineCallError as error:
                if kind == "image" and _IN_USE.search(error.output):
                    return None
                if not _UNDER_WAY.search(error.output) or time.monotonic() > deadline:
                    return error
                pause.wait(_PAUSE)
                if not self._exists(kind, name):
                    return None
            else:
                return None

    def _exists(self, kind: Kind, name: str) -> bool:
        json = "/json" if kind in ("container", "image") else ""
        try:
            self.api.get(f"/{kind}s/{segment(name)}{json}")
        except GoneError:
            return False
        return True

    def hold(self, name: str, image: str, labels: Mapping[str, str]) -> ContainerLease | None:
        """Take a container name for as long as this process lives; None where it is taken."""
        return claim(self.api, name, image, labels)

    def logs(
        self, container_id: str, on_line: Callable[[str], None], *, is_followed: bool, until: str | None = None
    ) -> LineStream:
        """Give every line of a container's log from its first, as it comes or until now, or until an earlier time.

        Gives nothing if the container is gone. The time is the engine's own, RFC 3339.
        """
        entry = self._inspected(container_id)
        if entry is None:
            return LineStream(Nothing(), on_line)
        path, is_framed = f"/containers/{segment(container_id)}/logs", not entry["Config"].get("Tty")

        end = {"until": _unix(until)} if until else {}

        def answer(follow: str) -> Answer:
            return self.api.stream(path, is_framed=is_framed, stdout="1", stderr="1", follow=follow, **end)

        try:
            first = answer("1" if is_followed else "0")
        except GoneError:
            return LineStream(Nothing(), on_line)
        return LineStream(first, on_line, (lambda: answer("0")) if is_followed else None)

    def events(self, on_line: Callable[[str], None]) -> LineStream:
        """Give every event of a container from now on, each as JSON."""
        # By the engine's own clock, so that what happens before the stream is attached is given as well.
        since = str(self.api.clock())
        return LineStream(self.api.stream("/events", since=since, filters='{"type":["container"]}'), on_line)


def _unix(time: str) -> str:
    """A time of the engine's (RFC 3339) as its own interface wants it: seconds since 1970, to the nanosecond."""
    fraction = re.search(r"\.(\d+)", time)
    return f"{int(datetime.fromisoformat(time).timestamp())}.{fraction[1] if fraction else '0':0<9}"


def _names_of(image: Mapping[str, Any]) -> list[str]:
    names = [str(name) for name in image.get("RepoTags") or () if "<none>" not in name]
    return names or [str(image["Id"])]
