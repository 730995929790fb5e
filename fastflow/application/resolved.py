"""A workflow's project as Docker Compose resolves it, as far as a run needs it: images and networks by name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from fastflow.application.built import Build, builds_of, images_of
from fastflow.application.model import NAMED_BY_PROJECT


class SharedNetwork(NamedTuple):
    """A network with the same name in all projects. `settings` are those of the Compose file, for creating it.

    An external one has none, because it must exist already.
    """

    name: str
    settings: Mapping[str, Any] | None = None

    @property
    def is_external(self) -> bool:
        """Whether the user has to create it."""
        return self.settings is None


@dataclass(frozen=True, slots=True)
class Resolved:
    """The project's services as Compose resolves them, and the consequences for a run.

    `images` are the images of the run by the services that run one, `shared` the networks with the same name in all
    projects by their keys. Without `is_interpolated` texts contain variables, as in a Compose file.
    """

    services: Mapping[str, Any] = field(default_factory=dict)
    builds: Mapping[str, Build] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    shared: Mapping[str, SharedNetwork] = field(default_factory=dict)
    is_interpolated: bool = True

    @property
    def made(self) -> tuple[tuple[str, SharedNetwork], ...]:
        """The shared networks to create if they are missing, with their keys."""
        return tuple((key, network) for key, network in self.shared.items() if not network.is_external)

    def written_to(self, directory: Path) -> "Resolved":
        """Write the Dockerfiles that differ from the user's into a directory, for a build."""
        return replace(self, builds={name: build.written_to(directory) for name, build in self.builds.items()})

    def with_others(self, builds: Iterable[Build]) -> "Resolved":
        """Let services run images that other workflows of the run build, if they name them."""
        return replace(self, images=images_of(self.services, self.builds, builds))


def resolve(config: Mapping[str, Any], project: str, *, is_interpolated: bool = True) -> Resolved:
    """Read the output of `docker compose config` for a project."""
    services = {name: service for name, service in (config.get("services") or {}).items() if isinstance(service, dict)}
    builds = builds_of(services, project)
    networks = {key: _shared(key, network or {}, project) for key, network in (config.get("networks") or {}).items()}
    shared = {key: network for key, network in networks.items() if network is not None}
    return Resolved(services, builds, images_of(services, builds), shared, is_interpolated)


def _shared(key: str, network: Mapping[str, Any], project: str) -> SharedNetwork | None:
    """None for a network of the project: Compose puts the project's name into its name, unless the file does."""
    name = str(network.get("name") or "")
    if network.get("external"):
        return SharedNetwork(name or key)
    is_own = not name or project in name or NAMED_BY_PROJECT.search(name)
    return None if is_own else SharedNetwork(name, network)
