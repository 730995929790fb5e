"""Addresses for a project's networks where the engine's own pools hold no more: small subnets that are free.

By default an engine has 31 subnets for networks, `docker0` included; a run of 50 workflows needs 50.
"""

import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from ipaddress import IPv4Network
from typing import Any, TypeVar

from fastflow.compose import ComposeProject
from fastflow.errors import AddressesExhaustedError, SubnetInUseError
from fastflow.run.context import PhaseContext
from fastflow.run.ports import PROJECT

RANGES = tuple(IPv4Network(text) for text in ("10.208.0.0/12", "172.16.0.0/12", "192.168.0.0/16", "198.18.0.0/15"))
"""Where subnets are looked for, in turn: private ones (RFC 1918), and the one of benchmarks (RFC 2544)."""
_TRIES = 8
"""Two runs may choose the same subnet at once; the engine gives it to one, and the other looks again."""
_SMALLEST = 6
"""Bits: 64 addresses, of which 61 are for containers."""
_NETWORK = "com.docker.compose.network"
_HINT = (
    "remove unused networks (docker network prune), lower max_parallel, widen default-address-pools of dockerd, "
    "or give the networks of the application subnets: networks: { default: { ipam: ... } }"
)
T = TypeVar("T")


def with_addresses(context: PhaseContext, change: Callable[[ComposeProject], T]) -> T:
    """Change the phase's project, whose lock is held; where a network gets no addresses, choose some and try again.

    Raises as `change` does; AddressesExhaustedError with what to do where nothing is free, or not to be decided here.
    """
    for _ in range(_TRIES):
        try:
            return change(context.project)
        except (AddressesExhaustedError, SubnetInUseError) as error:
            context.check()
            _choose(context, error)
    return change(context.project)


def change_project(context: PhaseContext, change: Callable[[ComposeProject], T]) -> T:
    """Change the phase's project as the only one that does. Raises as `changing_project` and `with_addresses` do."""
    with context.changing_project():
        return with_addresses(context, change)


def has_network(context: PhaseContext, key: str) -> bool:
    """Whether the network that Compose makes for this key of the phase's project is on the engine."""
    return bool(context.engine.networks({PROJECT: context.project.name, _NETWORK: key}))


def _choose(context: PhaseContext, error: AddressesExhaustedError | SubnetInUseError) -> None:
    """Choose subnets for the networks that are not there yet; those that are must stay as they were made."""
    project = context.project
    networks = json.loads(context.engine.config(project)).get("networks") or {}
    chosen = context.workflow.subnets
    open_ = [key for key, network in networks.items() if key in chosen or _is_open(network)]
    missing = [key for key in open_ if not has_network(context, key)]
    if not missing or (isinstance(error, SubnetInUseError) and not chosen):
        raise error  # what the file itself asks for
    places = len(context.workflow.plan.application.services) + len(context.workflow.plan.phases)
    free = free_subnets([*context.engine.subnets(), *chosen.values()], places, project.name)
    for key in missing:
        subnet = next(free, None)
        if subnet is None:
            raise AddressesExhaustedError(f"no subnet is free for network {key}: {error.message}", _HINT)
        chosen[key] = str(subnet)
    context.run.note_once("the engine has no addresses left for networks: fastflow gives those of the run free subnets")


def _is_open(network: Any) -> bool:
    """Whether the file leaves the network's addresses to who makes it; as Compose resolves it, `ipam` may be empty."""
    network = network or {}
    return not network.get("external") and not network.get("ipam") and network.get("driver") in (None, "", "bridge")


def free_subnets(taken: Iterable[str], places: int, seed: str) -> Iterator[IPv4Network]:
    """Yield subnets with room for twice `places` containers that overlap with none that is `taken` (CIDR).

    Where the search begins depends on `seed`, so that two runs at once seldom choose the same.
    """
    bits = max(_SMALLEST, (2 * places + 2).bit_length())
    others = [IPv4Network(text, strict=False) for text in taken if ":" not in text]
    for area in RANGES:
        within = [network for network in others if network.overlaps(area)]
        if any(area.subnet_of(network) for network in within):
            continue
        count = area.num_addresses >> bits
        first = zlib.crc32(seed.encode())
        for number in range(count):
            begin = int(area.network_address) + ((first + number) % count << bits)
            candidate = IPv4Network((begin, area.max_prefixlen - bits))
            if not any(candidate.overlaps(network) for network in within):
                within.append(candidate)
                yield candidate
