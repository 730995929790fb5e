"""What the projects of a fake engine keep besides containers: networks with their subnets, volumes, built images."""

import threading
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network

from fastflow.errors import AddressesExhaustedError, EngineCallError, SubnetInUseError
from tests.fakes.containers import carries
from tests.fakes.project import FakeProject

Labels = dict[str, str]


class Subnets:
    """The subnets of networks: from `pools`, which a test may make smaller, or as a project wants them.

    The pools are those of Docker Engine (moby, libnetwork/ipamutils), without the one of `docker0`.
    """

    def __init__(self) -> None:
        self.pools = [f"172.{number}.0.0/16" for number in range(18, 32)]
        self.pools += [f"192.168.{number}.0/20" for number in range(0, 256, 16)]
        self.taken: dict[str, str] = {}
        self._wanted: dict[str, str | None] = {}
        self._lock = threading.Lock()

    def take(self, network: str, wanted: str | None) -> None:
        """Give a network its subnet, unless it has one; raise what an engine says where there is none.

        Compose makes a network anew whose project has changed, with all containers on it: here, that is an error.
        """
        with self._lock:
            if network not in self.taken:
                self.taken[network] = self._found(wanted)
                self._wanted[network] = wanted
            elif self._wanted.get(network) != wanted:
                raise EngineCallError(f"network {network} needs to be recreated: its subnet has changed", None, "fake")

    def _found(self, wanted: str | None) -> str:
        subnet = wanted or next((pool for pool in self.pools if self._is_free(pool)), None)
        if subnet is None:
            said = "could not find an available, non-overlapping IPv4 address pool among the defaults"
            raise AddressesExhaustedError(said, "remove unused networks", "fake", 1, said)
        if not self._is_free(subnet):
            said = "Pool overlaps with other one on this address space"
            raise SubnetInUseError(said, None, "fake", 1, said)
        return subnet

    def _is_free(self, subnet: str) -> bool:
        return not any(IPv4Network(subnet).overlaps(IPv4Network(other)) for other in self.taken.values())


def keep(kept: Mapping[str, dict[str, Labels]], subnets: Subnets, read: FakeProject, service: str) -> None:
    """Create the networks and volumes of a service that are not there yet."""
    declared = read.service(service)
    for name in read.joined(service) - kept["networks"].keys():
        raise EngineCallError(f"network {name} declared as external, but could not be found", None, "fake", 1)
    for key in declared.networks:
        for name, labels in read.own("networks", [key]).items():
            subnets.take(name, read.subnet(key))
            kept["networks"].setdefault(name, labels)
    for name, labels in read.own("volumes", declared.volumes).items():
        kept["volumes"].setdefault(name, labels)


def matching(kept: Mapping[str, Labels], wanted: Mapping[str, str | None]) -> tuple[str, ...]:
    """The names of what carries these labels."""
    return tuple(name for name, labels in kept.items() if carries(labels, wanted))


def drop(kept: dict[str, Labels], names: Iterable[str], subnets: dict[str, str] | None = None) -> None:
    """Remove what is there of these, and free their subnets."""
    for name in list(names):
        kept.pop(name, None)
        (subnets or {}).pop(name, None)
