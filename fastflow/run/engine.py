"""The narrow interface through which a run speaks to Docker Engine and Docker Compose.

`fastflow.engines.docker` implements it for real, `tests.fakes.engine` for tests; both pass one suite
(`tests/e2e/test_engine_suite.py`). Every call may raise EngineError (or its subclasses); times are seconds.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fastflow.compose import ComposeProject
from fastflow.run.container import Container, ContainerEvent


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What answers: the engine's and Compose's versions, where the engine is, and whether that is here.

    `remote` is the host of an engine that is elsewhere, as this machine reaches it.
    """

    engine_version: str
    compose_version: str
    address: str
    is_local: bool
    remote: str | None = None

    @property
    def host(self) -> str:
        """Where this machine reaches the ports that the engine publishes."""
        return "127.0.0.1" if self.is_local else self.remote or "127.0.0.1"


@dataclass(frozen=True, slots=True)
class ImageIdentity:
    """What an image is, whatever its names.

    `content` is a digest of its layers and of what it runs: two images that differ in labels alone have one content,
    and so has one image in engines that name it by other ids. `digest` is that under which a registry has it.
    """

    id: str
    content: str
    digest: str | None = None


class Stream(Protocol):
    """A stream that goes on in the background until it ends by itself or is closed."""

    def close(self) -> None:
        """End the stream now; no callback comes after this returns."""

    def join(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for the stream's own end; tell whether it came."""


class Lease(Protocol):
    """A name on the engine that is held as long as this process lives."""

    @property
    def container_id(self) -> str:
        """The id of the container that stands for the lease."""

    def start(self) -> None:
        """Let it count as alive; until then it only keeps others waiting. Raises EngineError."""

    def release(self) -> None:
        """Give the name back. Never raises."""


class Compose(Protocol):
    """Docker Compose v2, and what else needs the command line of Docker with the user's credentials."""

    def pull(self, image: str, timeout: float, platform: str | None = None) -> None:
        """Pull an image, for a platform (`linux/amd64`) other than the engine's own if it is given."""

    def config(self, project: ComposeProject, *, interpolate: bool = True) -> str:
        """Return the project as Compose resolves it, as JSON (`docker compose config --format json`)."""

    def build(self, project: ComposeProject, services: Iterable[str], timeout: float) -> None:
        """Build the images of these services."""

    def up(
        self,
        project: ComposeProject,
        services: Iterable[str],
        *,
        with_dependencies: bool,
        timeout: float,
        may_wait: bool = False,
    ) -> None:
        """Create and start services that do not run, never recreate one that exists, and do not wait for health.

        It may wait where one depends on the health or the end of another; then others do not queue behind it.
        """

    def create(self, project: ComposeProject, services: Iterable[str], timeout: float) -> None:
        """Create the containers of services, without what they depend on, and do not start them."""

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

    def interrupt(self) -> None:
        """End every build, pull, up and run that is under way; they raise EngineError. Later calls work."""

    def settle(self) -> bool:
        """Wait until the engine is done with what calls asked for that were broken off; False where none was."""


class Api(Protocol):
    """The Engine API: what an engine has, and what is done with a container."""

    def missing_images(self, images: Iterable[str]) -> tuple[str, ...]:
        """Return those of `images` that the engine does not have, in order, each once."""

    def identify_images(self, images: Iterable[str]) -> Mapping[str, ImageIdentity]:
        """Return what those of `images` are that the engine has, by the names that were given."""

    def containers(self, labels: Mapping[str, str | None]) -> tuple[Container, ...]:
        """Return all containers, also stopped ones, that carry these labels (None: whatever the value)."""

    def inspect(self, ids: Iterable[str]) -> tuple[Container, ...]:
        """Return the containers that (still) exist among `ids`."""

    def start(self, container_id: str) -> None:
        """Start a created container."""

    def stop(self, container_id: str, grace: float) -> None:
        """Send SIGTERM, then SIGKILL after `grace` seconds; a container that has ended or is gone is fine."""

    def signal(self, container_id: str, name: str) -> None:
        """Send a signal (`USR1`) to a running container; all that watch events learn of it."""

    def rename(self, container_id: str, name: str) -> None:
        """Give a container another name, so that its own is free."""

    def remove_containers(self, ids: Iterable[str]) -> None:
        """Kill and remove containers with their anonymous volumes; those that are gone are fine."""

    def copy_from(self, container_id: str, path: str, target: Path) -> bool:
        """Copy what is in a directory of a container into `target`; False where it does not exist.

        Files keep the time (the engine's) at which they were written.
        """

    def copy_to(self, container_id: str, path: str, source: Path) -> None:
        """Copy a file to `path` in a container, also in one that has not started; directories are made as needed.

        All its users can read it.
        """

    def make_directory(self, container_id: str, path: str) -> None:
        """Make a directory in a container that all its users can write to; one that is there stays as it is."""

    def exec(self, container_id: str, command: Iterable[str], timeout: float) -> int:
        """Run a command in a running container and return its exit code."""

    def follow_logs(self, container_id: str, on_line: Callable[[str], None]) -> Stream:
        """Give every line of a container's log from its first, as it comes, from a thread of the engine's."""

    def read_logs(self, container_id: str, on_line: Callable[[str], None], until: str | None = None) -> None:
        """Give every line that a container has printed by now, or until a time of the engine's (RFC 3339).

        Gives nothing if the container is gone.
        """

    def events(self, on_event: Callable[[ContainerEvent], None]) -> Stream:
        """Give every container event of the engine from now on, from a thread of the engine's."""

    def networks(self, labels: Mapping[str, str | None]) -> tuple[str, ...]:
        """Return the ids of the networks that carry these labels."""

    def network_ids(self, name: str) -> tuple[str, ...]:
        """Return the ids of the networks of exactly this name: before version 25, engines allow several."""

    def create_network(self, name: str, settings: Mapping[str, object], labels: Mapping[str, str]) -> None:
        """Create a network with the settings of a Compose file, as Compose resolves them."""

    def network_users(self, network_id: str) -> tuple[str, ...]:
        """Return the ids of the containers on a network, also of those that do not run; none where it is gone."""

    def remove_networks(self, ids: Iterable[str]) -> None:
        """Remove networks; those that are gone are fine."""

    def subnets(self) -> tuple[str, ...]:
        """Return the subnets (CIDR) that are taken: those of all networks, and where it is here, of its routes."""

    def volumes(self, labels: Mapping[str, str | None]) -> tuple[str, ...]:
        """Return the names of the volumes that carry these labels."""

    def remove_volumes(self, names: Iterable[str]) -> None:
        """Remove volumes; those that are gone are fine."""

    def images(self, labels: Mapping[str, str | None]) -> tuple[str, ...]:
        """Return the references (`name:tag`, or ids of untagged ones) of the images that carry these labels."""

    def labelled(self, label: str) -> tuple[Mapping[str, str], ...]:
        """Return the labels of every container, network, volume and image that carries a label."""

    def remove_images(self, references: Iterable[str]) -> None:
        """Remove image references; those that are gone or in use are fine."""

    def hold(self, name: str, image: str, labels: Mapping[str, str]) -> Lease | None:
        """Take a container name that only one can hold, for as long as this process lives; None where it is taken."""


class Engine(Protocol):
    """A Docker Engine with Docker Compose v2: two collaborators, and what answers."""

    @property
    def compose(self) -> Compose:
        """What is done by Compose."""

    @property
    def api(self) -> Api:
        """What is asked of the engine itself."""

    def info(self) -> EngineInfo:
        """Tell what answers; raise EngineError if no engine or no Compose v2 does."""

    def identity(self) -> str:
        """Name the engine alike to whoever asks, by whatever address; engines of one machine may have one name."""
