"""What is asked of an engine itself, without Compose. There are two ways to it: its command line, and its socket."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import IO, Literal, Protocol, TypeAlias

from fastflow.run.ports import Container, Lease, Stream

Kind: TypeAlias = Literal["container", "network", "volume", "image"]
REMOVAL_TIMEOUT = 15.0
"""Seconds until what somebody else removes must be gone."""
IN_USE = re.compile(r"is being used|is using|conflict|dependent child", re.IGNORECASE)
"""What an engine says of an image that it does not remove because it is in use."""
NAME_TAKEN = re.compile(r"is already in use by", re.IGNORECASE)
"""What an engine says of a container's name that is taken: "by container ID" (Docker), "by ID" (Podman 4.3 to 5.8).

A status would say it as well, but Podman 4.3 answers 500 where Docker answers 409.
"""


class Daemon(Protocol):
    """What every way offers. Raises EngineError where the engine does not answer, or refuses."""

    def version(self) -> tuple[str, str]:
        """Return the version of the engine, and its address."""

    def containers(self, labels: Mapping[str, str | None]) -> tuple[Container, ...]:
        """Return all containers, also stopped ones, that carry these labels."""

    def inspect(self, ids: Iterable[str]) -> tuple[Container, ...]:
        """Return the containers that (still) exist among `ids`."""

    def start(self, container_id: str) -> None:
        """Start a created container."""

    def stop(self, container_id: str, seconds: int) -> None:
        """Send SIGTERM, then SIGKILL after so many seconds; a container that has ended or is gone is fine."""

    def copy(self, container_id: str, path: str, consume: Callable[[IO[bytes]], None]) -> bool:
        """Give what is in a directory of a container to `consume`, as a tar; False where it does not exist."""

    def missing_images(self, images: Iterable[str]) -> tuple[str, ...]:
        """Return those of `images` that the engine does not have, in order, each once."""

    def listed(self, kind: Kind, labels: Mapping[str, str | None]) -> tuple[str, ...]:
        """Return what carries these labels: ids of containers and networks, names of volumes and images."""

    def subnets(self) -> tuple[str, ...]:
        """Return the subnets (CIDR) of all networks."""

    def remove(self, kind: Kind, names: Iterable[str]) -> None:
        """Remove all at once; what is gone is fine, and so is an image that is in use.

        Raises the first other error when all were tried.
        """

    def hold(self, name: str, image: str, labels: Mapping[str, str]) -> Lease | None:
        """Take a container name for as long as this process lives; None where it is taken."""

    def logs(
        self, container_id: str, on_line: Callable[[str], None], *, is_followed: bool, until: str | None = None
    ) -> Stream:
        """Give every line of a container's log from its first, as it comes or until now, or until an earlier time.

        Gives nothing if the container is gone. The time is the engine's own, RFC 3339.
        """

    def events(self, on_line: Callable[[str], None]) -> Stream:
        """Give every event of a container from now on, each as JSON."""
