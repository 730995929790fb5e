"""Containers and their events, as an engine reports them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

PROJECT = "com.docker.compose.project"
"""The label by which Compose knows what belongs to a project."""

Status = Literal["created", "running", "paused", "restarting", "removing", "exited", "dead"]
Health = Literal["starting", "healthy", "unhealthy"]


@dataclass(frozen=True, slots=True)
class PublishedPort:
    """A port of a container as it is published on its host."""

    container_port: int
    protocol: str
    address: str
    host_port: int


@dataclass(frozen=True, slots=True)
class Probe:
    """A healthcheck that failed: its exit code (-1 if it took too long) and what it printed."""

    exit_code: int
    output: str


@dataclass(frozen=True, slots=True)
class Container:
    """A container as the engine reports it. Times are the engine's own, RFC 3339 in UTC."""

    id: str
    name: str
    labels: Mapping[str, str]
    status: Status
    exit_code: int
    health: Health | None = None
    oom_killed: bool = False
    error: str = ""
    """Why the engine did not start it."""
    advice: str | None = None
    """The hint for that error, if it is known."""
    started_at: str | None = None
    finished_at: str | None = None
    ports: tuple[PublishedPort, ...] = ()
    image: str = ""
    restart_count: int = 0
    """How often the engine has restarted it by its restart policy."""
    probe: Probe | None = None
    """The last healthcheck that failed, as long as the engine remembers it."""
    token: str = field(default="", repr=False)
    """The token that the container was given, to be masked wherever its log is shown."""

    @property
    def service(self) -> str | None:
        """The Compose service that this container belongs to."""
        return self.labels.get("com.docker.compose.service")

    @property
    def is_alive(self) -> bool:
        """Whether its process lives, even if it is paused or about to restart."""
        return self.status in ("running", "paused", "restarting")

    @property
    def has_ended(self) -> bool:
        """Whether it has run, and no longer does."""
        return self.status in ("exited", "dead")

    @property
    def is_done(self) -> bool:
        """Whether it has done its work and ended with 0."""
        return self.status == "exited" and self.exit_code == 0


@dataclass(frozen=True, slots=True)
class ContainerEvent:
    """Something happened to a container: `start`, `die`, `destroy`, `health_status: healthy`, ...

    `time` is the engine's own, RFC 3339 in UTC.
    """

    id: str
    action: str
    exit_code: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    time: str | None = None


def moment(time: str) -> datetime:
    """Parse a time from an engine (RFC 3339); compare it only with other times from that engine."""
    return datetime.fromisoformat(time)
