"""Addresses for a project's networks where the engine's own pools hold no more: small subnets that are free.

By default an engine has 31 subnets for networks, `docker0` included; a run of 50 workflows needs 50.
"""

import json
from collections.abc import Callable
from typing import Any, TypeVar

from fastflow.compose import ComposeProject
from fastflow.errors import AddressesExhaustedError, EngineCallError, SubnetInUseError
from fastflow.run.container import PROJECT
from fastflow.run.context import PhaseContext
from fastflow.run.shared_networks import make_missing_networks, missing_networks
from fastflow.run.subnets import free_subnets

_TRIES = 8
"""Two runs may choose the same subnet at once; the engine gives it to one, and the other looks again."""
_NETWORK = "com.docker.compose.network"
_HINT = (
    "remove unused networks (docker network prune), lower max_parallel, widen default-address-pools of dockerd, "
    "or give the networks of the application subnets: networks: { default: { ipam: ... } }"
)
T = TypeVar("T")


def with_addresses(context: PhaseContext, change: Callable[[ComposeProject], T]) -> T:
    """Change the phase's project, whose lock is held; where a network gets no addresses, choose some and try again.

    Networks with names of their own are made before, and made again where somebody removed one meanwhile.
    Raises as `change` does; AddressesExhaustedError with what to do where nothing is free, or not to be decided here.
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
    """Change the phase's project as the only one that does. Raises as `changing_project` and `with_addresses` do."""
    with context.changing_project():
        return with_addresses(context, change)


def has_network(context: PhaseContext, key: str) -> bool:
    """Whether the network that Compose makes for this key of the phase's project is on the engine."""
    return bool(context.engine.api.networks({PROJECT: context.project.name, _NETWORK: key}))


def _choose(context: PhaseContext, error: AddressesExhaustedError | SubnetInUseError) -> None:
    """Choose subnets for the networks that are not there yet; those that are must stay as they were made."""
    project = context.project
    networks = json.loads(context.engine.compose.config(project)).get("networks") or {}
    chosen = context.workflow.subnets
    open_ = [key for key, network in networks.items() if key in chosen or _is_open(network)]
    missing = [key for key in open_ if not has_network(context, key)]
    if not missing or (isinstance(error, SubnetInUseError) and not chosen):
        raise error  # what the file itself asks for
    places = len(context.workflow.plan.application.services) + len(context.workflow.plan.phases)
    free = free_subnets([*context.engine.api.subnets(), *chosen.values()], places, project.name)
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
