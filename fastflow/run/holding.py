"""Which leases a run takes on which engines: for each token and BUILD_ID of its phases, and for contested aliases.

A recorder's alias on a network that several runs share is held by one run at a time, like a BUILD_ID: if two
containers have one name on a network, the engine resolves it to either, so each node would record the other's requests.
"""

import os
import platform
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from fastflow.errors import BuildIdInUseError, NameInUseError
from fastflow.model.compose_keys import LABEL
from fastflow.model.relations import ServiceSource
from fastflow.plan import PhasePlan, Plan
from fastflow.record.folder import RunFolder
from fastflow.run.at_once import at_once
from fastflow.run.container import Container
from fastflow.run.context import Host, RunContext, WorkflowRun
from fastflow.run.engine import Engine, Lease
from fastflow.run.interrupting import TIMEOUT
from fastflow.run.lease import (
    CANCELLABLE,
    EMULATED,
    LeaseKey,
    described,
    own_key,
    take_leases,
    take_name,
    token_fingerprint,
)
from fastflow.run.waiting_line import LeaseRequest, Patience
from fastflow.settings import RunSettings


def hold_all(run: RunContext, hosts: Iterable[Host]) -> list[Lease]:
    """Take the leases of a run on all its engines, or none; raises as `take_leases` does.

    If the run may wait for others or replace them, it does so on one engine after the other, in the same order for all
    runs. If it is cancelled meanwhile, it keeps the leases that it took until then.
    """
    patience = patience_of(run.settings, run.folder)
    taken: list[Lease] = []
    try:
        for host in (
            hosts if patience is None else sorted(hosts, key=lambda one: (one.engine.identity(), one.info.address))
        ):
            phases = _phases_on(run, host)
            image, labels = holder_image(run, phases), labels_of(run.settings)
            request = LeaseRequest(host.engine, tuple(keys_of(run.plan, run.settings, phases)), image, labels, run.note)
            try:
                taken += request.take()
            except BuildIdInUseError:
                if patience is None:
                    raise
                taken += request.wait(run.cancellation, patience)
            if run.cancellation.is_set:
                break
    except BaseException:
        release_all(taken)
        raise
    return taken


def patience_of(settings: RunSettings, folder: RunFolder) -> Patience | None:
    """How a run deals with others that are in its way; None if it ends then.

    A run replaces another only if that one is of the same file, or agrees: all users of the token share BUILD_IDs, and
    cancelling a stranger's run is worse than ending this one. `folder` is the run's own.
    """
    if settings.wait_lease is None and not settings.cancel_in_progress:
        return None

    def cancels(labels: Mapping[str, str]) -> bool:
        run = labels.get(f"{LABEL}.run", "?")
        is_own = labels.get(f"{LABEL}.spec") == settings.spec and folder.is_of_checkout(run)
        return settings.cancel_in_progress and (is_own or labels.get(CANCELLABLE) == "true")

    waits = settings.wait_lease is not None
    seconds = TIMEOUT if settings.wait_lease is None else settings.wait_lease
    limit = settings.wait_lease_by if waits else "cancel_in_progress"
    return Patience(time.monotonic() + seconds, waits, cancels, limit)


def mark(engine: Engine, settings: RunSettings, image: str, note: Callable[[str], None]) -> tuple[Lease, ...]:
    """Show others that a run is alive before it has its leases; nothing if they can see that already."""
    return take_leases(engine, [own_key(settings.run)], image=image, labels=labels_of(settings), note=note)


def mark_on(run: RunContext, host: Host) -> tuple[Lease, ...]:
    """Mark a run on one of its engines before it creates anything there, if an image for the mark is already there."""
    image = holder_image(run, _phases_on(run, host))
    return mark(host.engine, run.settings, image, run.note) if image not in run.built.values() else ()


def release_all(leases: Iterable[Lease]) -> None:
    """Release all leases; each takes as long as its container takes to end."""
    at_once(lambda lease: lease.release(), leases)


def _phases_on(run: RunContext, host: Host) -> list[PhasePlan]:
    return [phase for phase in run.plan.selected if run.plan.workflows[phase.workflow].host == host.name]


def keys_of(plan: Plan, settings: RunSettings, phases: Sequence[PhasePlan]) -> list[LeaseKey]:
    """The leases that phases need: one for each token and BUILD_ID; if there are none, one that is only this run's."""
    keys = []
    for phase in phases:
        workflow = plan.workflows[phase.workflow]
        if phase.traits.needs_lease:
            token = settings.tokens.get(workflow.cloud.token_name) or f"${{{workflow.cloud.token_name}}}"
            keys.append(LeaseKey(token_fingerprint(token), phase.build_id))
    return keys or [own_key(settings.run)]


def holder_image(run: RunContext, phases: Sequence[PhasePlan]) -> str:
    """An image that the engine of these phases has, for containers that hold a name there: that of a node."""
    in_cloud = [phase for phase in phases if phase.traits.uses_cloud]
    if run.settings.emulation and in_cloud:
        return run.settings.emulation.image
    pulled = (phase.image for phase in phases if phase.id not in run.built)
    return next(pulled, None) or run.built[phases[0].id]


def labels_of(settings: RunSettings) -> dict[str, str]:
    """The labels of a run's leases. Host and process are for people: they never decide whether a run is alive."""
    own = {"run": settings.run, "spec": settings.spec, "host": platform.node(), "pid": str(os.getpid())}
    emulated = {EMULATED: "true"} if settings.emulation else {}
    cancellable = {CANCELLABLE: "true"} if settings.cancel_in_progress else {}
    return {f"{LABEL}.{key}": value for key, value in own.items()} | emulated | cancellable


def hold_aliases(run: RunContext, workflows: Iterable[WorkflowRun]) -> Sequence[Lease]:
    """Take all contested aliases, or none; raises NameInUseError if another live run has one."""
    wanted = {(found[0].host.name, *found[1:]): found[0] for one in workflows for found in _at_stake(one)}
    taken: list[Lease] = []
    try:
        for (_, network, alias), workflow in sorted(wanted.items(), key=lambda entry: entry[0]):
            phases = workflow.plan.selected
            what, image = f"alias {alias} on network {network}", holder_image(run, phases)
            lease = take_name(workflow.host.engine, what, image=image, labels=labels_of(run.settings))
            if not isinstance(lease, Container):
                taken.append(lease)
            elif lease.labels.get(f"{LABEL}.run") != run.settings.run:  # else another name of this engine
                raise _in_use(alias, network, lease)
    except BaseException:
        release_all(taken)
        raise
    return taken


def _at_stake(workflow: WorkflowRun) -> Iterator[tuple[WorkflowRun, str, str]]:
    """The networks with explicit names on which the workflow's clients reach a recorder by its alias."""
    for phase in workflow.plan.selected:
        alias = phase.node.network_alias
        if phase.traits.is_proxy and alias:
            services = workflow.plan.application.services
            clients = (services[name] for name in _clients(workflow, phase, alias) if name in services)
            reached = {key for client in clients for key in client.networks}
            for key, network in workflow.resolved.shared.items():
                if key in reached and key in phase.networks:
                    yield workflow, network.name, alias.lower()


def _clients(workflow: WorkflowRun, phase: PhasePlan, alias: str) -> Iterator[str]:
    """The services that send requests through the node: its sources, and those with its alias in a variable."""
    named = re.compile(rf"(?<![\w.-]){re.escape(alias)}(?![\w-])", re.IGNORECASE)
    yield from (source.service for source in phase.sources if isinstance(source, ServiceSource))
    for name, service in workflow.plan.application.services.items():
        if any(named.search(value or "") for value in service.environment.values()):
            yield name


def note_namesakes(run: RunContext, workflows: Iterable[WorkflowRun]) -> None:
    """Note which services of others answer to this run's names on a shared network."""
    for workflow in workflows:
        services = workflow.plan.application.services
        for key, network in workflow.resolved.shared.items():
            own = {name for name, service in services.items() if key in service.networks}
            for other in _running_on(workflow.host.engine, network.name):
                if other.service in own:
                    run.note_once(
                        f"{other.name} also answers to `{other.service}` on the network {network.name}: requests may "
                        "reach it instead of this run's own service; stop it to be sure"
                    )


def _running_on(engine: Engine, network: str) -> tuple[Container, ...]:
    api = engine.api
    users = api.inspect(user for one in api.network_ids(network) for user in api.network_users(one))
    return tuple(user for user in users if user.is_alive)


def _in_use(alias: str, network: str, holder: Container) -> NameInUseError:
    return NameInUseError(
        f"the alias `{alias}` on the network {network} is in use by {described(holder)}",
        f"wait for that run, or give this one its own alias, such as alias: {alias}${{FASTFLOW_CI_ID}}",
    )
