"""Networks with an explicit `name`: used as they are where they exist, else made once by whoever comes first.

A network that a run made goes when no container is on it any more: with the run that made it, or with the last one that
used it.
"""

from collections.abc import Iterable, Mapping

from fastflow.application.resolved import SharedNetwork
from fastflow.compose import LABEL
from fastflow.errors import AddressesExhaustedError, EngineCallError, EngineError
from fastflow.run.context import PhaseContext
from fastflow.run.engine import Engine
from fastflow.run.holding import holder_image, labels_of
from fastflow.run.names import holding_name
from fastflow.run.subnets import free_subnets

ROLE = "network"
_KEY = "com.docker.compose.network"
"""Compose refuses a network whose label holds another key than its own file has for it."""
_PATIENCE = 60.0


def missing_networks(context: PhaseContext) -> tuple[tuple[str, SharedNetwork], ...]:
    """The networks with names of their own that the phase's project uses and that do not exist, by their keys.

    Raises EngineError, also where there are several of one name: neither Compose nor the engine then knows which.
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
    """Make them, each once whatever other workflows and runs do at the same time. Raises EngineError."""
    for key, network in missing_networks(context):
        run, phases = context.run, [phase for phase in context.workflow.plan.phases if phase.is_selected]
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
    """Remove those of these networks on which nobody is. Raises EngineError."""
    for one in ids:
        if engine.api.network_users(one):
            continue
        try:
            engine.api.remove_networks([one])
        except EngineCallError:
            if not engine.api.network_users(one):  # somebody joined it just now
                raise


def made_networks(engine: Engine, names: Iterable[str]) -> tuple[str, ...]:
    """The ids of those networks of these names that a run made, whichever it was."""
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
    if len(ids) > 1:  # what asks nobody, such as `docker compose up` by hand, made it at the same moment
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
        places = len(context.workflow.plan.application.services) + len(context.workflow.plan.phases)
        subnet = next(free_subnets(context.engine.api.subnets(), places, network.name), None)
        if settings.get("ipam") or settings.get("driver") not in (None, "", "bridge") or subnet is None:
            raise
        create(network.name, {**settings, "ipam": {"config": [{"subnet": str(subnet)}]}}, labels)
