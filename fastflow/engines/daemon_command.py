"""The engine by way of the Docker command line, which knows the way to every engine."""

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import IO

from fastflow.engines.command_line import CommandLine
from fastflow.engines.daemon import IN_USE, REMOVAL_TIMEOUT, Kind
from fastflow.engines.image_names import short_name
from fastflow.engines.inspection import containers_of, subnets_of
from fastflow.engines.lease import ContainerLease, take
from fastflow.engines.stream import LineStream
from fastflow.errors import EngineCallError, EngineTimeoutError
from fastflow.run.ports import Container

_REMOVALS: Mapping[Kind, tuple[str, ...]] = {
    "container": ("rm", "--force", "--volumes"),
    "network": ("network", "rm"),
    "volume": ("volume", "rm"),
    "image": ("image", "rm"),
}
_LISTINGS: Mapping[Kind, tuple[tuple[str, ...], str]] = {
    "container": (("ps", "-a", "--no-trunc"), ".Config.Labels"),
    "network": (("network", "ls", "--no-trunc"), ".Labels"),
    "volume": (("volume", "ls"), ".Labels"),
    "image": (("images", "--no-trunc"), ".Config.Labels"),
}
"""For each kind how it is listed, and where `inspect` has its labels."""


@dataclass(frozen=True)
class CommandDaemon:
    """Implements `daemon.Daemon`. `context` is the Docker context that was asked for, `host` the address."""

    call: CommandLine
    context: str | None
    host: str | None

    def version(self) -> tuple[str, str]:
        """Return the version of the engine, and its address."""
        told = json.loads(self.call.docker("version", "--format", "{{json .}}"))
        version = str((told.get("Server") or {}).get("Version", "?"))
        if self.host:
            return version, self.host
        context = self.context or str((told.get("Client") or {}).get("Context") or "default")
        endpoint = "{{.Endpoints.docker.Host}}"
        return version, self.call.docker("context", "inspect", context, "--format", endpoint).strip()

    def containers(self, labels: Mapping[str, str | None]) -> tuple[Container, ...]:
        """Return all containers, also stopped ones, that carry these labels."""
        return self.inspect(self.listed("container", labels))

    def inspect(self, ids: Iterable[str]) -> tuple[Container, ...]:
        """Return the containers that (still) exist among `ids`."""
        wanted = list(ids)
        if not wanted:
            return ()
        try:
            return containers_of(self.call.docker("inspect", "--type", "container", *wanted), self._is_podman)
        except EngineCallError as error:
            if not is_gone(error):
                raise
        if len(wanted) == 1:
            return ()
        return tuple(container for one in wanted for container in self.inspect([one]))

    def _is_podman(self) -> bool:
        told = json.loads(self.call.docker("version", "--format", "{{json .Server.Components}}")) or ()
        return any(part.get("Name") == "Podman Engine" for part in told)

    def start(self, container_id: str) -> None:
        """Start a created container."""
        self.call.docker("start", container_id, is_change=True)

    def stop(self, container_id: str, seconds: int) -> None:
        """Send SIGTERM, then SIGKILL after so many seconds; a container that has ended or is gone is fine."""
        try:
            limit = self.call.timeout + seconds
            self.call.docker("stop", "-t", str(seconds), container_id, timeout=limit, is_short=False)
        except EngineCallError:
            if any(container.status in ("running", "paused") for container in self.inspect([container_id])):
                raise

    def copy(self, container_id: str, path: str, consume: Callable[[IO[bytes]], None]) -> bool:
        """Give what is in a directory of a container to `consume`, as a tar; False where it does not exist."""
        try:
            self.call.read(["cp", f"{container_id}:{path}", "-"], consume)
        except EngineCallError as error:
            if is_gone(error):
                return False
            raise
        return True

    def missing_images(self, images: Iterable[str]) -> tuple[str, ...]:
        """Return those of `images` that the engine does not have, in order, each once."""
        wanted = tuple(dict.fromkeys(images))
        if not wanted or exist(self.call, "image", *wanted):
            return ()
        return tuple(image for image in wanted if not exist(self.call, "image", image))

    def listed(self, kind: Kind, labels: Mapping[str, str | None]) -> tuple[str, ...]:
        """Return what carries these labels: ids of containers and networks, names of volumes and images."""
        if kind == "image":
            return tuple(dict.fromkeys(short_name(name, self._is_podman) for name in _images(self.call, labels)))
        return tuple(self.call.docker(*_LISTINGS[kind][0], "-q", *filters(labels)).split())

    def subnets(self) -> tuple[str, ...]:
        """Return the subnets (CIDR) of all networks."""
        ids = self.listed("network", {})
        told = _inspected(self.call, "network", ".IPAM.Config", list(ids)) if ids else ""
        return subnets_of(json.loads(line) for line in told.splitlines() if line.strip())

    def remove(self, kind: Kind, names: Iterable[str]) -> None:
        """Remove all at once; where that fails, one by one, so that none keeps another from going."""
        wanted = list(dict.fromkeys(names))
        if not wanted:
            return
        try:
            self.call.docker(*_REMOVALS[kind], *wanted)
        except EngineTimeoutError:
            raise
        except EngineCallError:
            faults = [fault for name in wanted if (fault := _fault_of_removal(self.call, kind, name))]
            if faults:
                raise faults[0] from None

    def hold(self, name: str, image: str, labels: Mapping[str, str]) -> ContainerLease | None:
        """Take a container name for as long as this process lives; None where it is taken."""
        return take(self.call, self, name, image, labels)

    def logs(
        self, container_id: str, on_line: Callable[[str], None], *, is_followed: bool, until: str | None = None
    ) -> LineStream:
        """Give every line of a container's log from its first, as it comes or until a time; nothing if it is gone."""
        if is_followed:
            return self.call.stream(["logs", "--follow", container_id], on_line, ["logs", container_id])
        return self.call.stream(["logs", *(("--until", until) if until else ()), container_id], on_line)

    def events(self, on_line: Callable[[str], None]) -> LineStream:
        """Give every event of a container from now on, each as JSON."""
        # By the engine's own clock, so that what happens before the stream is attached is given as well.
        now = json.loads(self.call.docker("info", "--format", "{{json .SystemTime}}"))
        options = ["--format", "{{json .}}", "--filter", "type=container", "--since", now]
        return self.call.stream(["events", *options], on_line)


def is_gone(error: EngineCallError) -> bool:
    """Whether the engine says that what was asked for is not there."""
    return re.search(r"no such|not found|could not find|not a directory", error.output, re.IGNORECASE) is not None


def filters(labels: Mapping[str, str | None]) -> list[str]:
    """The options that select by label; None stands for any value."""
    pairs = (key if value is None else f"{key}={value}" for key, value in labels.items())
    return [word for pair in pairs for word in ("--filter", f"label={pair}")]


def exist(docker: CommandLine, kind: str, *names: str) -> bool:
    """Whether the engine has all of these."""
    try:
        docker.docker(kind, "inspect", "--format", "ok", *names)
    except EngineCallError as error:
        if is_gone(error):
            return False
        raise
    return True


def labelled(docker: CommandLine, label: str) -> tuple[Mapping[str, str], ...]:
    """Return the labels of everything that carries `label`."""
    found: list[Mapping[str, str]] = []
    for kind, (listing, labels) in _LISTINGS.items():
        ids = dict.fromkeys(docker.docker(*listing, "-q", *filters({label: None})).split())
        if ids:
            told = _inspected(docker, kind, labels, list(ids))
            found += [json.loads(line) or {} for line in told.splitlines() if line.strip()]
    return tuple(found)


def _inspected(docker: CommandLine, kind: Kind, field: str, ids: list[str]) -> str:
    """Ask for a field of several at once, a line each; where one has just gone, for that of each of the others."""
    ask = (kind, "inspect", "--format", f"{{{{json {field}}}}}")
    try:
        return docker.docker(*ask, *ids)
    except EngineCallError as error:
        if not is_gone(error):
            raise
    return "\n".join(_inspected(docker, kind, field, [one]) for one in ids) if len(ids) > 1 else ""


def _images(docker: CommandLine, labels: Mapping[str, str | None]) -> tuple[str, ...]:
    """Return the references of images, `name:tag`, or the id of one that has no name."""
    told = docker.docker("images", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}", *filters(labels))
    pairs = (line.split() for line in told.splitlines())
    return tuple(image if "<none>" in name else name for name, image in pairs)


def _fault_of_removal(docker: CommandLine, kind: Kind, name: str) -> EngineCallError | None:
    deadline = time.monotonic() + REMOVAL_TIMEOUT
    while True:
        try:
            docker.docker(*_REMOVALS[kind], name)
        except EngineCallError as error:
            if (kind == "image" and IN_USE.search(error.output)) or not exist(docker, kind, name):
                return None
            # Somebody else is removing it: asked again until it is gone, each time some 30 ms.
            if "already in progress" not in error.output or time.monotonic() > deadline:
                return error
        else:
            return None
