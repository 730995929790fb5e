"""Aliases of recording nodes on networks that several runs are on: one run at a time has one, as with a BUILD_ID.

The engine answers a name that two containers have on one network with either: each node would record requests of the
other run.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from fastflow.compose import LABEL
from fastflow.errors import NameInUseError
from fastflow.model.source import ServiceSource
from fastflow.plan import PhasePlan
from fastflow.run.container import Container
from fastflow.run.context import RunContext, WorkflowRun
from fastflow.run.engine import Engine, Lease
from fastflow.run.holding import holder_image, labels_of, release_all
from fastflow.run.names import take_name


def hold_aliases(run: RunContext, workflows: Iterable[WorkflowRun]) -> Sequence[Lease]:
    """Take all aliases at stake, or none; raises NameInUseError where another live run has one."""
    wanted = {(found[0].host.name, *found[1:]): found[0] for one in workflows for found in _at_stake(one)}
    taken: list[Lease] = []
    try:
        for (_, network, alias), workflow in sorted(wanted.items(), key=lambda entry: entry[0]):
            phases = [phase for phase in workflow.plan.phases if phase.is_selected]
            what, image = f"alias {alias} on network {network}", holder_image(run, phases)
            lease = take_name(workflow.host.engine, what, image=image, labels=labels_of(run.settings))
            if not isinstance(lease, Container):
                taken.append(lease)
            elif lease.labels.get(f"{LABEL}.run") != run.settings.run:  # else by another name of the same engine
                raise _in_use(alias, network, lease)
    except BaseException:
        release_all(taken)
        raise
    return taken


def _at_stake(workflow: WorkflowRun) -> Iterator[tuple[WorkflowRun, str, str]]:
    """The networks with names of their own on which something of the workflow reaches a recorder by its alias."""
    for phase in workflow.plan.phases:
        alias = phase.node.network_alias
        if phase.is_selected and phase.traits.is_proxy and alias:
            reached = {key for name in _clients(workflow, phase, alias) for key in _networks_of(workflow, name)}
            for key, network in workflow.resolved.shared.items():
                if key in reached and key in phase.networks:
                    yield workflow, network.name, alias.lower()


def _clients(workflow: WorkflowRun, phase: PhasePlan, alias: str) -> Iterator[str]:
    """The services that send requests through the node: its sources, and whoever has its alias in a variable."""
    named = re.compile(rf"(?<![\w.-]){re.escape(alias)}(?![\w-])", re.IGNORECASE)
    yield from (source.service for source in phase.sources if isinstance(source, ServiceSource))
    for name, service in workflow.plan.application.services.items():
        if any(named.search(value or "") for value in service.environment.values()):
            yield name


def _networks_of(workflow: WorkflowRun, service: str) -> Iterable[str]:
    found = workflow.plan.application.services.get(service)
    return found.networks if found is not None else ()


def note_namesakes(run: RunContext, workflows: Iterable[WorkflowRun]) -> None:
    """Tell which services of others answer to names of the run's own on a network that both are on."""
    for workflow in workflows:
        services = workflow.plan.application.services
        for key, network in workflow.resolved.shared.items():
            own = {name for name, service in services.items() if key in service.networks}
            for other in _running_on(workflow.host.engine, network.name):
                if other.service in own:
                    run.note_once(
                        f"{other.name} answers to `{other.service}` on the network {network.name}, too: requests may "
                        "reach it instead of this run's own service; stop it to be sure"
                    )


def _running_on(engine: Engine, network: str) -> tuple[Container, ...]:
    api = engine.api
    users = api.inspect(user for one in api.network_ids(network) for user in api.network_users(one))
    return tuple(user for user in users if user.is_alive)


def _in_use(alias: str, network: str, holder: Container) -> NameInUseError:
    run, host = holder.labels.get(f"{LABEL}.run", "?"), holder.labels.get(f"{LABEL}.host", "?")
    since = (holder.started_at or "?").split(".")[0].removesuffix("Z")
    return NameInUseError(
        f"the alias `{alias}` on the network {network} is in use by run {run} (started on {host}, since {since}Z)",
        f"wait for that run, or give this one an alias of its own, such as alias: {alias}${{FASTFLOW_CI_ID}}",
    )
