"""Networks and their addresses: networks with explicit names, and small subnets once the engine's pools are exhausted.

A network with an explicit `name` is used as it is if it exists, else made once by the first run that needs it. A
network that a run made is removed when no container is on it any more: with the run that made it, or with the last one
that used it. By default an engine has 31 subnets for networks, `docker0` included; a run of 50 workflows needs 50.
"""

import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from ipaddress import IPv4Network
from typing import Any, TypeVar

from fastflow.application.resolved import SharedNetwork
from fastflow.compose import ComposeProject
from fastflow.errors import AddressesExhaustedError, EngineCallError, EngineError, SubnetInUseError
from fastflow.model.compose_keys import LABEL
from fastflow.run.container import PROJECT
from fastflow.run.context import PhaseContext
from fastflow.run.engine import Engine
from fastflow.run.holding import holder_image, labels_of
from fastflow.run.lease import holding_name

ROLE = "network"
_KEY = "com.docker.compose.network"
"""Compose refuses a network whose label holds a key other than the one in its own file."""
_PATIENCE = 60.0
_TRIES = 8
"""Two runs may choose the same subnet at once; the engine gives it to one, and the other searches again."""
_HINT = (
    "remove unused networks (docker network prune), lower max_parallel, widen default-address-pools of dockerd, "
    "or give the networks of the application subnets: networks: { default: { ipam: ... } }"
)
RANGES = tuple(IPv4Network(text) for text in ("10.208.0.0/12", "172.16.0.0/12", "192.168.0.0/16", "198.18.0.0/15"))
"""Ranges to search for free subnets, in turn: private ones (RFC 1918), and the one for benchmarks (RFC 2544)."""
_SMALLEST = 6
"""Prefix length in bits: 64 addresses, of which 61 are for containers."""
T = TypeVar("T")


def missing_networks(context: PhaseContext) -> tuple[tuple[str, SharedNetwork], ...]:
    """The networks with explicit names that the phase's project uses and that do not exist, by their keys.

    Raises EngineError, also if several have one name: neither Compose nor the engine then knows which is meant.
    """
    missing = []
    for key, network in context.workflow.resolved.made:
        ids = context.engine.api.network_ids(network.name)
        if len(ids) > 1:
            hint = f"remove all but one: docker network rm {' '.join(one[:12] for one in ids[1:])}"
            raise EngineError(f"the engine has {len(ids)} networks named {network.name}", hint)
        if not ids:
            missing.append((key, network))
    return tuple(missing)


def make_missing_networks(context: PhaseContext) -> None:
    """Make them, each only once even if other workflows and runs try at the same time. Raises EngineError."""
    for key, network in missing_networks(context):
        run, phases = context.run, context.workflow.plan.selected
        with holding_name(
            context.engine,
            f"network {network.name}",
            image=holder_image(run, phases),
            labels=labels_of(run.settings),
            until=context.within(_PATIENCE),
            check=context.check,
        ):
            _make(context, key, network)


def remove_unused(engine: Engine, ids: Iterable[str]) -> None:
    """Remove those of these networks that have no containers. Raises EngineError."""
    for one in ids:
        if engine.api.network_users(one):
            continue
        try:
            engine.api.remove_networks([one])
        except EngineCallError:
            if not engine.api.network_users(one):  # a container joined it just now
                raise


def made_networks(engine: Engine, names: Iterable[str]) -> tuple[str, ...]:
    """The ids of those networks with these names that any run made."""
    wanted = tuple(dict.fromkeys(names))
    made = engine.api.networks({f"{LABEL}.role": ROLE}) if wanted else ()
    return tuple(one for name in wanted for one in engine.api.network_ids(name) if one in made)


def _make(context: PhaseContext, key: str, network: SharedNetwork) -> None:
    api, run = context.engine.api, context.run
    own = {f"{LABEL}.run": run.settings.run, f"{LABEL}.spec": run.settings.spec, f"{LABEL}.role": ROLE}
    if api.network_ids(network.name):
        return  # made while this run waited for its turn
    try:
        _create(context, network, {**own, _KEY: key})
    except EngineCallError:
        if not api.network_ids(network.name):
            raise
    ids = api.network_ids(network.name)
    if len(ids) > 1:  # something that takes no lock, such as `docker compose up` by hand, made it at the same moment
        api.remove_networks(set(ids) & set(api.networks(own)))


def _create(context: PhaseContext, network: SharedNetwork, labels: Mapping[str, str]) -> None:
    users: Mapping[str, str] = (network.settings or {}).get("labels") or {}
    settings = {
        **(network.settings or {}),
        "labels": {key: value for key, value in users.items() if not key.startswith(f"{LABEL}.")},
    }
    create = context.engine.api.create_network
    try:
        create(network.name, settings, labels)
    except AddressesExhaustedError:
        subnet = next(_free(context, (), network.name), None)
        if not _is_open(settings) or subnet is None:
            raise
        create(network.name, {**settings, "ipam": {"config": [{"subnet": str(subnet)}]}}, labels)


def with_addresses(context: PhaseContext, change: Callable[[ComposeProject], T]) -> T:
    """Change the phase's project, whose lock is held; if a network gets no addresses, choose some and try again.

    Networks with explicit names are made first, and made again if one was removed meanwhile. Raises as `change` does,
    and AddressesExhaustedError with a hint if no subnet is free, or if the choice cannot be made here.
    """
    for _ in range(_TRIES):
        make_missing_networks(context)
        try:
            return change(context.project)
        except (AddressesExhaustedError, SubnetInUseError) as error:
            context.check()
            _choose(context, error)
        except EngineCallError:
            context.check()
            if not missing_networks(context):
                raise
    return change(context.project)


def change_project(context: PhaseContext, change: Callable[[ComposeProject], T]) -> T:
    """Change the phase's project with exclusive access. Raises as `changing_project` and `with_addresses` do."""
    with context.changing_project():
        return with_addresses(context, change)


def has_network(context: PhaseContext, key: str) -> bool:
    """Whether the engine has the network that Compose makes for this key of the phase's project."""
    return bool(context.engine.api.networks({PROJECT: context.project.name, _KEY: key}))


def _choose(context: PhaseContext, error: AddressesExhaustedError | SubnetInUseError) -> None:
    """Choose subnets for the networks that do not exist yet; existing ones must stay as they were made."""
    project = context.project
    networks = json.loads(context.engine.compose.config(project)).get("networks") or {}
    chosen = context.workflow.subnets
    open_ = [key for key, network in networks.items() if key in chosen or _is_open(network)]
    missing = [key for key in open_ if not has_network(context, key)]
    if not missing or (isinstance(error, SubnetInUseError) and not chosen):
        raise error  # those that the file itself asks for
    free = _free(context, chosen.values(), project.name)
    for key in missing:
        subnet = next(free, None)
        if subnet is None:
            raise AddressesExhaustedError(f"no subnet is free for network {key}: {error.message}", _HINT)
        chosen[key] = str(subnet)
    context.run.note_once(
        "the engine has no addresses left for networks, so fastflow assigns free subnets to the networks of the run"
    )


def _free(context: PhaseContext, taken: Iterable[str], seed: str) -> Iterator[IPv4Network]:
    places = len(context.workflow.plan.application.services) + len(context.workflow.plan.phases)
    return free_subnets([*context.engine.api.subnets(), *taken], places, seed)


def _is_open(network: Any) -> bool:
    """Whether the file leaves the network's addresses open; as Compose resolves it, `ipam` may be empty."""
    network = network or {}
    return not network.get("external") and not network.get("ipam") and network.get("driver") in (None, "", "bridge")


def free_subnets(taken: Iterable[str], places: int, seed: str) -> Iterator[IPv4Network]:
    """Yield subnets with room for twice `places` containers that overlap none of `taken` (CIDR).

    The start of the search depends on `seed`, so that two runs at once seldom choose the same.
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
