"""What an engine says of its containers, and of what happens to them."""

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
    """What the engine says of a container. Times are the engine's own, RFC 3339 in UTC."""

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
    """What to do about that error, if it is known."""
    started_at: str | None = None
    finished_at: str | None = None
    ports: tuple[PublishedPort, ...] = ()
    image: str = ""
    restart_count: int = 0
    """How often the engine has restarted it by its restart policy."""
    probe: Probe | None = None
    """The last healthcheck that failed, as long as the engine remembers it."""
    token: str = field(default="", repr=False)
    """The token that the container was given, so that whoever shows its log can mask it."""

    @property
    def service(self) -> str | None:
        """The Compose service that this container belongs to."""
        return self.labels.get("com.docker.compose.service")

    @property
    def is_alive(self) -> bool:
        """Whether its process lives, be it paused or about to be started again."""
        return self.status in ("running", "paused", "restarting")

    @property
    def has_ended(self) -> bool:
        """Whether it has run, and does not any more."""
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
    """Read a time of an engine's (RFC 3339): only ever compared with other times of that engine."""
    return datetime.fromisoformat(time)
