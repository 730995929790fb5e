"""Docker Engine and Docker Compose v2: the operations for a run, by the command line's library and the Engine API."""

import re
from collections.abc import Mapping
from functools import cached_property

from fastflow.engines.api import EngineApi
from fastflow.engines.calls import Calls
from fastflow.engines.cli import DockerCli
from fastflow.engines.client_config import uses_default_context
from fastflow.engines.compose import UPDATE_COMPOSE, ComposeCli
from fastflow.engines.connection import UNIX, DialledRoute, Route, SocketRoute
from fastflow.engines.docker_api import DockerApi
from fastflow.engines.ssh import host_of
from fastflow.errors import EngineError, EngineTimeoutError
from fastflow.run.engine import EngineInfo

OLDEST_COMPOSE = (2, 24, 6)
"""The first version with `!override`, and in which a later file can change what an earlier one includes."""
OLDEST_COMPOSE_SINCE_25 = (2, 24, 7)
"""The same for Docker Engine 25 and newer: there, older versions connect a container to only one network."""
CALL_TIMEOUT = 60.0
_DEFAULT_ADDRESS = "unix:///var/run/docker.sock"


class DockerEngine:
    """The engine that the environment, a context or an address points to. Implements `run.engine.Engine`.

    `environment` is exactly what every call gets; `call_timeout` is in seconds and applies to calls without their own;
    `max_calls` calls are made at once, not counting those that wait for something. An engine on a socket of this
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
            raise ValueError("name a context or an address of an engine, not both")
        self._environment = dict(environment)
        if context is not None or docker_host is not None:
            self._environment.pop("DOCKER_CONTEXT", None)
            self._environment.pop("DOCKER_HOST", None)
        if docker_host is not None:
            self._environment["DOCKER_HOST"] = docker_host
        self._timeout = call_timeout
        self._calls = Calls(max_calls)
        self._by_socket = by_socket
        self.cli = DockerCli(self._environment, context, self._calls, call_timeout, self._answers)
        """The operations that need the user's contexts and credentials."""
        self.compose = ComposeCli(self.cli, self._find)
        """The operations of Compose."""

    def _answers(self) -> bool:
        """Whether the engine answers; one that hangs counts as there."""
        try:
            self.api.version()
        except EngineTimeoutError:
            return True
        except EngineError:
            return False
        return True

    def _find(self, name: str) -> str | None:
        return next((found.id for found in self.api.inspect([name])), None)

    @cached_property
    def api(self) -> DockerApi:
        """The operations of the engine itself."""
        return DockerApi(EngineApi(self._route, self._calls, self._timeout))

    @property
    def environment(self) -> Mapping[str, str]:
        """An environment in which Docker's command line reaches this engine."""
        return {**self._environment, **({"DOCKER_CONTEXT": self.cli.context} if self.cli.context else {})}

    @cached_property
    def _route(self) -> Route:
        address = self._address
        if self._by_socket and address.startswith(UNIX):
            return SocketRoute(address.removeprefix(UNIX))
        context = ["--context", self.cli.context] if self.cli.context else []
        return DialledRoute(["docker", *context], self._environment, address)

    @property
    def _address(self) -> str:
        host = self._environment.get("DOCKER_HOST")
        if self.cli.context is None and host:
            return host
        if self.cli.context is None and uses_default_context(self._environment):
            return _DEFAULT_ADDRESS
        return self.cli.address()

    # Identity
    def info(self) -> EngineInfo:
        """Return which engine answers; raise EngineError if no engine or no Compose v2 does."""
        return self._info

    @cached_property
    def _info(self) -> EngineInfo:
        self.cli.require()
        version, http = self.api.version(), self.api.http
        remote = None if http.is_local else host_of(http.address, self._environment)
        compose = self.compose_version()
        if _numbers(version) >= (25,):
            _require(compose, OLDEST_COMPOSE_SINCE_25, f" for Docker Engine {version}")
        return EngineInfo(version, compose, http.address, http.is_local, remote)

    def identity(self) -> str:
        """Name the engine, equally for every caller and address; engines of one machine may share a name."""
        return self.api.identity()

    def compose_version(self) -> str:
        """Return the version of Docker Compose; raise EngineError if it is missing or too old. Asks no engine."""
        version = self.compose.version()
        _require(version, OLDEST_COMPOSE)
        return version


def _require(version: str, oldest: tuple[int, ...], why: str = "") -> None:
    """Raise EngineError if a version of Docker Compose is older than `oldest`; one without numbers is not."""
    numbers = _numbers(version)
    if numbers and numbers < oldest:
        wanted = ".".join(map(str, oldest))
        raise EngineError(f"Docker Compose {version} is too old{why}; {wanted} or newer is needed", UPDATE_COMPOSE)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
