"""Services, networks and volumes of an application, each with the place of its declaration."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

from fastflow.diagnostic import Mark

DEFAULT_NETWORK = "default"
PROJECT_NAME = "COMPOSE_PROJECT_NAME"
"""The variable that Compose always sets to the project's name, whatever the environment and `.env` files contain."""
NAMED_BY_PROJECT = re.compile(rf"\$\{{?{PROJECT_NAME}\b")
"""Present in texts that differ from project to project: offline, the variable is never replaced."""
_CONTAINER = "container:"  # in `volumes_from`: a container that is not a service


class ServicePort(NamedTuple):
    """A port that a service publishes.

    `host` is None for any free port, `has_variable` means that it is not known yet, and `unread` is the text of an
    entry that Compose does not accept as a port.
    """

    host: tuple[int, int] | None
    container: tuple[int, int]
    address: str | None
    protocol: str
    mark: Mark
    has_variable: bool = False
    unread: str | None = None


class Attachment(NamedTuple):
    """A service on a network, with its aliases there."""

    aliases: tuple[str, ...]
    mark: Mark


@dataclass(frozen=True, slots=True)
class Service:
    """A service as declared by the merged Compose files; texts are as written if no values were given."""

    name: str
    mark: Mark
    image: str | None = None
    has_build: bool = False
    environment: Mapping[str, str | None] = field(default_factory=dict, repr=False)
    """Not shown, because with values the token may be among them."""
    ports: tuple[ServicePort, ...] = ()
    container_name: str | None = None
    container_name_mark: Mark | None = None
    hostname: str | None = None
    networks: Mapping[str, Attachment] = field(default_factory=dict)
    network_mode: str | None = None
    depends_on: Mapping[str, str] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    """Those of `depends_on` that are optional while their profiles are not active."""
    lists_dependencies: bool = False
    """Whether `depends_on` is a list of names only."""
    links: tuple[str, ...] = ()
    volumes_from: tuple[str, ...] = ()
    joined: Mapping[str, str] = field(default_factory=dict)
    """The services whose namespaces it shares, by `network_mode`, `ipc` or `pid`."""
    cut: tuple[str, ...] = ()
    """Its keys that named a service that was left out."""
    has_healthcheck: bool = False
    profiles: tuple[str, ...] = ()
    extra_hosts: tuple[str, ...] = ()
    volumes: Mapping[str, Mark] = field(default_factory=dict)
    restart: str | None = None
    command: tuple[str, ...] = ()
    """The words of its entrypoint and command, or the shell's line."""
    has_containers: bool = True
    """False if its `scale` or `deploy.replicas` is 0."""
    exposes: tuple[ServicePort, ...] = ()
    """The ports that it exposes only to other containers."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names by which other containers reach it: its name, aliases, container name and host name."""
        known = (self.name, *self.aliases, self.container_name, self.hostname)
        return tuple(dict.fromkeys(name for name in known if name))

    @property
    def aliases(self) -> tuple[str, ...]:
        """Its aliases on all networks."""
        return tuple(alias for attachment in self.networks.values() for alias in attachment.aliases)

    @property
    def needs(self) -> tuple[str, ...]:
        """The services that start before it, including optional ones."""
        lent = (source for source in self.volumes_from if not source.startswith(_CONTAINER))
        linked = (_target(link) for link in (*self.links, *lent))
        return tuple(dict.fromkeys((*self.depends_on, *linked, *self.joined.values())))


class Subnet(NamedTuple):
    """A subnet (CIDR, as written) that a network asks for, and its place."""

    text: str
    mark: Mark


class Network(NamedTuple):
    """A network of the project. `name` is its name on the engine, unless that is derived from the project's."""

    key: str
    is_internal: bool = False
    is_external: bool = False
    name: str | None = None
    subnets: tuple[Subnet, ...] = ()


class Volume(NamedTuple):
    """A named volume of the project. `name` is its name on the engine, unless that is derived from the project's."""

    key: str
    mark: Mark
    is_external: bool = False
    name: str | None = None


@dataclass(frozen=True)
class Application:
    """An application under test.

    `unread` says what could not be read offline, and is empty if everything was. `profiles` are those that the caller's
    COMPOSE_PROFILES activates.
    """

    services: Mapping[str, Service]
    networks: Mapping[str, Network]
    volumes: Mapping[str, Volume]
    unread: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    profiles: frozenset[str] = frozenset()

    @property
    def cut_off(self) -> tuple[str, ...]:
        """Links of services to one that was left out, as `KEY of SERVICE`, without mere dependencies."""
        shared = ("volumes_from", "network_mode", "ipc", "pid")
        return tuple(f"{key} of {one.name}" for one in self.services.values() for key in one.cut if key in shared)

    @property
    def is_complete(self) -> bool:
        """Whether everything in the application could be read offline."""
        return not self.unread

    def closure(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the services `names` with everything that they need, in the order of the files."""
        wanted: set[str] = set()
        pending = [name for name in names if name in self.services]
        while pending:
            name = pending.pop()
            if name not in wanted:
                wanted.add(name)
                pending.extend(self.needs_of(name))
        return tuple(name for name in self.services if name in wanted)

    @cached_property
    def enabled(self) -> tuple[str, ...]:
        """The services that `docker compose up` would start."""
        return tuple(name for name in self.services if self._is_enabled(name, self.profiles))

    def needs_of(self, name: str) -> tuple[str, ...]:
        """Return the services that start before a service; using a service activates its profiles."""
        service = self.services[name]
        active = self.profiles | set(service.profiles)
        known = (other for other in service.needs if other in self.services)
        return tuple(other for other in known if other not in service.optional or self._is_enabled(other, active))

    def _is_enabled(self, name: str, active: Iterable[str]) -> bool:
        profiles = self.services[name].profiles
        return not profiles or "*" in active or not set(active).isdisjoint(profiles)

    def networks_of(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the networks that these services are on, in order, each once."""
        services = (self.services[name] for name in names if name in self.services)
        return tuple(dict.fromkeys(network for service in services for network in service.networks))

    @cached_property
    def used_networks(self) -> tuple[str, ...]:
        """The networks that services use, or the project's own."""
        return self.networks_of(self.services) or (DEFAULT_NETWORK,)

    @cached_property
    def networks_of_nodes(self) -> tuple[str, ...]:
        """The networks of a node that names none: those in use, and `default` if all of these are internal."""
        used = self.used_networks
        is_inside = all(name in self.networks and self.networks[name].is_internal for name in used)
        return (*used, DEFAULT_NETWORK) if is_inside and DEFAULT_NETWORK not in used else used

    def makes_network(self, name: str) -> bool:
        """Whether Compose makes a network for its project, declared or not, or joins one."""
        return name not in self.networks or not (self.networks[name].is_external or self.networks[name].name)

    def names_of(self, names: Iterable[str], *, with_container_names: bool = True) -> frozenset[str]:
        """Return every name by which these services, or hosts that they know, can be reached."""
        services = [self.services[name] for name in names if name in self.services]
        if not with_container_names:
            services = [replace(service, container_name=None) for service in services]
        return frozenset(known for service in services for known in (*service.names, *service.extra_hosts))

    def answering(self, host: str) -> tuple[Service, ...]:
        """Return the services that a host name leads to, in the order of the files; host names are case-insensitive."""
        wanted = host.lower()
        return tuple(
            service for service in self.services.values() if wanted in (name.lower() for name in service.names)
        )

    def sharing_the_network_of(self, name: str) -> tuple[Service, ...]:
        """Return a service and those that share its network: all of them answer at its address."""
        return tuple(
            service
            for service in self.services.values()
            if service.name == name or service.joined.get("network_mode") == name
        )

    def without(self, names: Iterable[str]) -> "Application":
        """Return the application without these services and without all dependencies on them."""
        gone = set(names)
        services = {name: _cut_off(service, gone) for name, service in self.services.items() if name not in gone}
        return replace(self, services=services, left_out=tuple(name for name in self.services if name in gone))


NO_APPLICATION = Application({}, {}, {})
"""The application of a workflow without `compose`."""


def _target(link: str) -> str:
    return link.partition(":")[0]


def _cut_off(service: Service, gone: set[str]) -> Service:
    kept: dict[str, Any] = {
        "depends_on": {other: how for other, how in service.depends_on.items() if other not in gone},
        "links": tuple(link for link in service.links if _target(link) not in gone),
        "volumes_from": tuple(source for source in service.volumes_from if _target(source) not in gone),
    }
    cut = [key for key, value in kept.items() if len(value) != len(getattr(service, key))]
    cut += [key for key, other in service.joined.items() if other in gone]
    if not cut:
        return service
    if "network_mode" in cut:  # without the key, a service is on the project's own network
        kept |= {"network_mode": None, "networks": {DEFAULT_NETWORK: Attachment((), service.mark)}}
    joined = {key: other for key, other in service.joined.items() if other not in gone}
    return replace(service, **kept, joined=joined, cut=tuple(cut))
