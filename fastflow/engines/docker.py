"""Docker Engine and Docker Compose v2: what a run asks of them, by the command line's library and by the Engine API."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import IO

from fastflow.compose import ComposeProject
from fastflow.engines.api import EngineApi
from fastflow.engines.calls import Calls
from fastflow.engines.client_config import uses_default_context
from fastflow.engines.compose import UPDATE_COMPOSE, ComposeCli
from fastflow.engines.connection import UNIX, DialledRoute, Route, SocketRoute
from fastflow.engines.copying import unpack
from fastflow.engines.daemon import Daemon
from fastflow.engines.inspection import event_of
from fastflow.engines.named_networks import DaemonNetworks
from fastflow.engines.process import call
from fastflow.engines.routes import routed
from fastflow.engines.ssh import host_of
from fastflow.errors import EngineError, EngineTimeoutError
from fastflow.run.ports import Container, ContainerEvent, EngineInfo, Lease, NamedNetworks, Stream

OLDEST_COMPOSE = (2, 24, 6)
"""The first version that knows `!override` and lets a later file change what an earlier one includes."""
CALL_TIMEOUT = 60.0
_DEFAULT_ADDRESS = "unix:///var/run/docker.sock"


class DockerEngine:
    """The engine that the environment, a context or an address leads to. Implements `run.ports.Engine`.

    `environment` is exactly what every call gets; `call_timeout` is in seconds and holds for a call that has none of
    its own; `max_calls` calls are made at once, without those that wait for something. An engine on a socket of this
    machine is asked there, unless `by_socket` is false.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        context: str | None = None,
        docker_host: str | None = None,
        max_calls: int = 8,
        call_timeout: float = CALL_TIMEOUT,
        by_socket: bool = True,
    ) -> None:
        if context is not None and docker_host is not None:
            raise ValueError("an engine is reached by a context or by an address, not by both")
        self._environment = dict(environment)
        if context is not None or docker_host is not None:
            self._environment.pop("DOCKER_CONTEXT", None)
            self._environment.pop("DOCKER_HOST", None)
        if docker_host is not None:
            self._environment["DOCKER_HOST"] = docker_host
        self._context = context
        self._timeout = call_timeout
        self._calls = Calls(max_calls)
        self._by_socket = by_socket
        self.compose = ComposeCli(self._environment, context, self._calls, call_timeout, self._answers)

    def _answers(self) -> bool:
        """Whether the engine answers; one that hangs is there."""
        try:
            self._daemon.version()
        except EngineTimeoutError:
            return True
        except EngineError:
            return False
        return True

    @cached_property
    def _daemon(self) -> Daemon:
        return Daemon(EngineApi(self._route, self._calls, self._timeout))

    @cached_property
    def _route(self) -> Route:
        address = self._address
        if self._by_socket and address.startswith(UNIX):
            return SocketRoute(address.removeprefix(UNIX))
        words = ["docker", *(["--context", self._context] if self._context else [])]
        return DialledRoute(words, self._environment, address)

    @property
    def _address(self) -> str:
        host = self._environment.get("DOCKER_HOST")
        if self._context is None and host:
            return host
        if self._context is None and uses_default_context(self._environment):
            return _DEFAULT_ADDRESS
        return self.compose.address()

    def docker(self, arguments: Iterable[str], *, timeout: float | None = None) -> str:
        """Call the Docker command line; for what is not part of a run, such as the emulator's own container."""
        words = ["docker", *(["--context", self._context] if self._context else []), *arguments]
        return call(words, self._environment, self._timeout if timeout is None else timeout)

    def command(self, words: Sequence[str], timeout: float) -> str:
        """Run a command that itself calls Docker, and reaches this engine by its environment."""
        more = {"DOCKER_CONTEXT": self._context} if self._context else {}
        return call(words, {**self._environment, **more}, timeout)

    # What answers
    def info(self) -> EngineInfo:
        """Tell what answers; raise EngineError where no engine or no Compose v2 does."""
        return self._info

    @cached_property
    def _info(self) -> EngineInfo:
        self.compose.require_docker()
        version, address = self._daemon.version()
        is_local = re.match(r"unix://|npipe://|tcp://(localhost|127\.[\d.]+|\[::1\])(:|/|$)", address) is not None
        remote = None if is_local else host_of(address, self._environment)
        return EngineInfo(version, self.compose_version(), address, is_local, remote)

    def compose_version(self) -> str:
        """Return the version of Docker Compose; raise EngineError where it is missing or too old. Asks no engine."""
        version = self.compose.version()
        numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
        if numbers and numbers < OLDEST_COMPOSE:
            wanted = ".".join(map(str, OLDEST_COMPOSE))
            raise EngineError(f"Docker Compose {version} is too old; {wanted} or newer is needed", UPDATE_COMPOSE)
        return version

    def identity(self) -> str:
        """Name the engine alike to whoever asks, by whatever address; engines of one machine may have one name."""
        return self._daemon.identity()

    # Images
    def missing_images(self, images: Iterable[str]) -> tuple[str, ...]:
        """Return those of `images` that the engine does not have, in order, each once."""
        return self._daemon.missing_images(images)

    def pull(self, image: str, timeout: float) -> None:
        """Pull an image."""
        self.compose.pull(image, timeout)

    # Compose
    def config(self, project: ComposeProject, *, interpolate: bool = True) -> str:
        """Return the project as Compose resolves it, as JSON."""
        return self.compose.config(project, interpolate=interpolate)

    def config_text(self, project: ComposeProject, *, interpolate: bool = False) -> str:
        """Return the project as one YAML document, with its variables left as references or replaced."""
        return self.compose.config_text(project, interpolate=interpolate)

    def build(self, project: ComposeProject, services: Iterable[str], timeout: float) -> None:
        """Build the images of these services."""
        self.compose.build(project, services, timeout)

    def up(
        self,
        project: ComposeProject,
        services: Iterable[str],
        *,
        with_dependencies: bool,
        timeout: float,
        may_wait: bool = False,
    ) -> None:
        """Create and start services that do not run, never recreate one that exists, and do not wait for health."""
        self.compose.up(project, services, with_dependencies=with_dependencies, timeout=timeout, may_wait=may_wait)

    def create(self, project: ComposeProject, services: Iterable[str], timeout: float) -> None:
        """Create the containers of services, without what they depend on, and do not start them."""
        self.compose.create(project, services, timeout)

    def run_detached(
        self,
        project: ComposeProject,
        service: str,
        *,
        name: str,
        command: Iterable[str] | None,
        environment: Mapping[str, str],
        labels: Mapping[str, str],
        timeout: float,
    ) -> str:
        """Start a one-off container of a service under its aliases, without ports or dependencies; return its id."""
        self.compose.run_detached(
            project, service, name=name, command=command, environment=environment, labels=labels, timeout=timeout
        )
        found = self.inspect([name])
        if not found:
            raise EngineError(f"Compose started {name}, but it is not there")
        return found[0].id

    # Containers
    def containers(self, labels: Mapping[str, str | None]) -> tuple[Container, ...]:
        """Return all containers, also stopped ones, that carry these labels."""
        return self._daemon.containers(labels)

    def inspect(self, ids: Iterable[str]) -> tuple[Container, ...]:
        """Return the containers that (still) exist among `ids`."""
        return self._daemon.inspect(ids)

    def start(self, container_id: str) -> None:
        """Start a created container."""
        self._daemon.start(container_id)

    def stop(self, container_id: str, grace: float) -> None:
        """Send SIGTERM, then SIGKILL after `grace` seconds; a container that has ended or is gone is fine."""
        self._daemon.stop(container_id, max(0, math.ceil(grace)))

    def signal(self, container_id: str, name: str) -> None:
        """Send a signal to a running container; all that watch events learn of it."""
        self._daemon.signal(container_id, name)

    def rename(self, container_id: str, name: str) -> None:
        """Give a container another name, so that its own is free."""
        self._daemon.rename(container_id, name)

    def remove_containers(self, ids: Iterable[str]) -> None:
        """Kill and remove containers with their anonymous volumes; those that are gone are fine."""
        self._daemon.remove("container", ids)

    def copy_from(self, container_id: str, path: str, target: Path) -> bool:
        """Copy what is in a directory of a container into `target`, links left out; False where it does not exist."""

        def consume(stream: IO[bytes]) -> None:
            target.mkdir(parents=True, exist_ok=True)
            unpack(stream, target)

        return self._daemon.copy(container_id, f"{path.rstrip('/')}/.", consume)

    def exec(self, container_id: str, command: Iterable[str], timeout: float) -> int:
        """Run a command in a running container and return its exit code."""
        return self._daemon.execute(container_id, command, timeout)[0]

    def follow_logs(self, container_id: str, on_line: Callable[[str], None]) -> Stream:
        """Give every line of a container's log from its first, as it comes."""
        return self._daemon.logs(container_id, on_line, is_followed=True)

    def read_logs(self, container_id: str, on_line: Callable[[str], None], until: str | None = None) -> None:
        """Give every line that a container has printed by now, or until a time; nothing if it is gone."""
        stream = self._daemon.logs(container_id, on_line, is_followed=False, until=until)
        if not stream.join(self._timeout):
            stream.close()

    def events(self, on_event: Callable[[ContainerEvent], None]) -> Stream:
        """Give every container event of the engine from now on."""

        def on_line(line: str) -> None:
            if (event := event_of(line)) is not None:
                on_event(event)

        return self._daemon.events(on_line)

    # What else a project leaves behind
    def networks(self, labels: Mapping[str, str | None]) -> tuple[str, ...]:
        """Return the ids of the networks that carry these labels."""
        return self._daemon.listed("network", labels)

    def remove_networks(self, ids: Iterable[str]) -> None:
        """Remove networks; those that are gone are fine."""
        self._daemon.remove("network", ids)

    def subnets(self) -> tuple[str, ...]:
        """Return the subnets (CIDR) that are taken: those of all networks, and where it is here, of its routes."""
        return (*self._daemon.subnets(), *(routed() if self.info().is_local else ()))

    @cached_property
    def named_networks(self) -> NamedNetworks:
        """The engine's networks by name."""
        return DaemonNetworks(self._daemon.api)

    def volumes(self, labels: Mapping[str, str | None]) -> tuple[str, ...]:
        """Return the names of the volumes that carry these labels."""
        return self._daemon.listed("volume", labels)

    def remove_volumes(self, names: Iterable[str]) -> None:
        """Remove volumes; those that are gone are fine."""
        self._daemon.remove("volume", names)

    def images(self, labels: Mapping[str, str | None]) -> tuple[str, ...]:
        """Return the references of the images that carry these labels."""
        return self._daemon.listed("image", labels)

    def labelled(self, label: str) -> tuple[Mapping[str, str], ...]:
        """Return the labels of every container, network, volume and image that carries a label."""
        return self._daemon.labelled(label)

    def remove_images(self, references: Iterable[str]) -> None:
        """Remove image references; those that are gone or in use are fine."""
        self._daemon.remove("image", references)

    # The lease
    def hold(self, name: str, image: str, labels: Mapping[str, str]) -> Lease | None:
        """Take a container name that only one can hold, for as long as this process lives; None where it is taken."""
        return self._daemon.hold(name, image, labels)

    # Interruption
    def interrupt(self) -> None:
        """End every build, pull, up and run that is under way; they raise EngineCallError. Later calls work."""
        self._calls.interrupt()

    def settle(self) -> bool:
        """Wait a second for what the engine still makes of calls that were broken off; False where none was."""
        return self._calls.settle()
