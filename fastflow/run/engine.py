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
    """The engine that answers: its and Compose's versions, where it is, and whether that is this machine.

    `remote` is the host of an engine on another machine, as this machine reaches it.
    """

    engine_version: str
    compose_version: str
    address: str
    is_local: bool
    remote: str | None = None

    @property
    def host(self) -> str:
        """The host at which this machine reaches the ports that the engine publishes."""
        return "127.0.0.1" if self.is_local else self.remote or "127.0.0.1"


@dataclass(frozen=True, slots=True)
class ImageIdentity:
    """The identity of an image, independent of its names.

    `content` is a digest of its layers and of what it runs: images that differ only in labels have the same content,
    and so does one image on engines that give it different ids. `digest` is its digest in a registry.
    """

    id: str
    content: str
    digest: str | None = None


class Stream(Protocol):
    """A stream that runs in the background until it ends by itself or is closed."""

    def close(self) -> None:
        """End the stream now; no callback comes after this returns."""

    def join(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for the stream to end by itself; return whether it did."""


class Lease(Protocol):
    """A name on the engine, held as long as this process lives."""

    @property
    def container_id(self) -> str:
        """The id of the container that stands for the lease."""

    def start(self) -> None:
        """Make it count as alive; until then it only keeps others waiting. Raises EngineError."""

    def release(self) -> None:
        """Release the name. Never raises."""


class Compose(Protocol):
    """Docker Compose v2, and other operations that need Docker's command line with the user's credentials."""

    def pull(self, image: str, timeout: float, platform: str | None = None) -> None:
        """Pull an image, for the given platform (`linux/amd64`) or else the engine's own."""

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
        """Create and start services that do not run, without recreating existing ones or waiting for health.

        It may wait if one depends on the health or the end of another; other calls then do not queue behind it.
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
        """Wait until the engine has finished the work of interrupted calls; False if none was interrupted."""


class Api(Protocol):
    """The Engine API: the objects of an engine, and operations on a container."""

    def missing_images(self, images: Iterable[str]) -> tuple[str, ...]:
        """Return those of `images` that the engine does not have, in order, each once."""

    def identify_images(self, images: Iterable[str]) -> Mapping[str, ImageIdentity]:
        """Return the identities of those of `images` that the engine has, by the names given."""

    def containers(self, labels: Mapping[str, str | None]) -> tuple[Container, ...]:
        """Return all containers, including stopped ones, that carry these labels (None: any value)."""

    def inspect(self, ids: Iterable[str]) -> tuple[Container, ...]:
        """Return the containers that (still) exist among `ids`."""

    def start(self, container_id: str) -> None:
        """Start a created container."""

    def stop(self, container_id: str, grace: float) -> None:
        """Send SIGTERM, then SIGKILL after `grace` seconds; a container that has ended or is gone is fine."""

    def signal(self, container_id: str, name: str) -> None:
        """Send a signal (`USR1`) to a running container; all watchers of events see it."""

    def rename(self, container_id: str, name: str) -> None:
        """Rename a container, to free its name."""

    def remove_containers(self, ids: Iterable[str]) -> None:
        """Kill and remove containers with their anonymous volumes; those that are gone are fine."""

    def copy_from(self, container_id: str, path: str, target: Path) -> bool:
        """Copy the content of a container's directory into `target`; False if it does not exist.

        Files keep the time (the engine's) at which they were written.
        """

    def copy_to(self, container_id: str, path: str, source: Path) -> None:
        """Copy a file to `path` in a container, even one that has not started; directories are created as needed.

        All its users can read it.
        """

    def make_directory(self, container_id: str, path: str) -> None:
        """Make a directory in a container that all its users can write to; an existing one is left as it is."""

    def exec(self, container_id: str, command: Iterable[str], timeout: float) -> int:
        """Run a command in a running container and return its exit code."""

    def follow_logs(self, container_id: str, on_line: Callable[[str], None]) -> Stream:
        """Pass on every line of a container's log from the first, as it arrives, from one of the engine's threads."""

    def read_logs(self, container_id: str, on_line: Callable[[str], None], until: str | None = None) -> None:
        """Pass on every line that a container has printed so far, or until a time (the engine's, RFC 3339).

        Nothing if the container is gone.
        """

    def events(self, on_event: Callable[[ContainerEvent], None]) -> Stream:
        """Pass on every container event of the engine from now on, from one of the engine's threads."""

    def networks(self, labels: Mapping[str, str | None]) -> tuple[str, ...]:
        """Return the ids of the networks that carry these labels."""

    def network_ids(self, name: str) -> tuple[str, ...]:
        """Return the ids of the networks with exactly this name: engines before version 25 allow several."""

    def create_network(self, name: str, settings: Mapping[str, object], labels: Mapping[str, str]) -> None:
        """Create a network with the settings of a Compose file, as Compose resolves them."""

    def network_users(self, network_id: str) -> tuple[str, ...]:
        """Return the ids of the containers on a network, including those that do not run; none if it is gone."""

    def remove_networks(self, ids: Iterable[str]) -> None:
        """Remove networks; those that are gone are fine."""

    def subnets(self) -> tuple[str, ...]:
        """Return the subnets (CIDR) that are taken: those of all networks and, on a local engine, of local routes."""

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
        """Take a container name, which only one can hold, for as long as this process lives; None if it is taken."""


class Engine(Protocol):
    """A Docker Engine with Docker Compose v2: two collaborators, and the engine's identity."""

    @property
    def compose(self) -> Compose:
        """The operations of Compose."""

    @property
    def api(self) -> Api:
        """The operations of the engine itself."""

    def info(self) -> EngineInfo:
        """Return which engine answers; raise EngineError if no engine or no Compose v2 does."""

    def identity(self) -> str:
        """Name the engine, equally for every caller and address; engines of one machine may share a name."""
