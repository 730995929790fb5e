"""Services of the application: unknown names, and names that a service shares with a node."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from fastflow.application.model import NO_APPLICATION, Application, Service
from fastflow.application.needs import networks_of_node
from fastflow.check.claims import Owner, at_one_time, conflict_of
from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic, Related, did_you_mean
from fastflow.model.phases import Phase
from fastflow.model.places import Place
from fastflow.model.relations import ServiceSource


@Rule("service-unknown", "error", "a service that the application does not have", needs_applications=True).for_each_spec
def service_unknown(facts: Facts) -> Iterator[Diagnostic]:
    """Check every service that a node names."""
    for phase in facts.phases:
        application = facts.applications.get(phase.workflow)
        if application is None:
            if facts.spec.workflows[phase.workflow].compose is None and not facts.lost.has(phase, "compose"):
                for name, place in _named(facts, phase):
                    message = f"there is no service `{name}`: workflow {phase.workflow} has no `compose`"
                    yield service_unknown.finding(message, place, "name its Compose file: compose: docker-compose.yml")
        elif application.is_complete:
            for name, place in _named(facts, phase):
                if name in application.left_out:
                    message = f"`{name}` is a FAST service, which fastflow's nodes replace"
                    yield service_unknown.finding(message, place, "remove it here, because the node is always there")
                elif name not in application.services and "$" not in name:
                    hint = did_you_mean(name, application.services)
                    yield service_unknown.finding(f"the application has no service `{name}`", place, hint)


def _named(facts: Facts, phase: Phase) -> Iterator[tuple[str, Place]]:
    node = phase.node
    for name in node.services or {}:
        yield name, facts.places.entry(name, *phase.path, "services")
    for name in node.fresh if isinstance(node.fresh, tuple) else ():
        yield name, facts.places.entry(name, *phase.path, "fresh")
    single = facts.places.node(*phase.path, "source", "service") is not None
    for at, source in enumerate(node.sources):
        if isinstance(source, ServiceSource):
            step: tuple[str | int, ...] = ("source", "service") if single else ("source", at, "service")
            yield source.service, facts.places.value(*phase.path, *step)


@Rule(
    "service-conflict",
    "error",
    "two containers with the same name on one network",
    needs_order=True,
    needs_applications=True,
).for_each_spec
def service_conflict(facts: Facts) -> Iterator[Diagnostic]:
    """Compare aliases of nodes with the application's names, and of recorders with each other."""
    for phase in facts.phases:
        application = facts.applications.get(phase.workflow)
        if application is not None and not facts.lost.has(phase, "alias", "networks"):
            yield from _with_services(facts, phase, application)
    yield from _between_nodes(facts)


def _with_services(facts: Facts, phase: Phase, application: Application) -> Iterator[Diagnostic]:
    same = application.services.get(phase.service)
    if same is not None:
        message = f"`{same.name}` is the Compose service of {phase.id}, and also a service of the application"
        related = Related(same.mark, "the service is here")
        yield service_conflict.finding(message, facts.node_place(phase), "rename the node or the service", (related,))
    networks = networks_of_node(application, phase.node)
    for name in _names(facts, phase):
        if same is None or name.text != same.name:
            for service, what in _answering(application, networks, name.text.lower()):
                message = (
                    f"the {name.kind} `{name.text}` of {phase.id} is also {what}: a request to it may reach either"
                )
                yield service_conflict.finding(
                    message, name.place, name.hint, (Related(service.mark, "the service is here"),)
                )


class _Name(NamedTuple):
    """A name that a node answers to on its networks."""

    kind: str
    text: str
    place: Place
    hint: str


def _names(facts: Facts, phase: Phase) -> Iterator[_Name]:
    if phase.node.network_alias is not None:
        hint = "choose another alias for the node, such as alias: fast-proxy"
        yield _Name("alias", phase.node.network_alias, _place(facts, phase), hint)
    hint = "rename the node, or give the service another alias"
    yield _Name("Compose service", phase.service, facts.node_place(phase), hint)


def _answering(application: Application, networks: Iterable[str], name: str) -> Iterator[tuple[Service, str]]:
    """Yield the first service that answers to a name, in lower case, on these networks, and by which of its names."""
    for service in application.services.values():
        shared = set(networks) & set(service.networks)
        aliases = {alias.lower() for network in shared for alias in service.networks[network].aliases}
        is_its_name = service.name.lower() == name
        if shared and (is_its_name or name in aliases):
            yield service, f"service `{service.name}`" if is_its_name else f"an alias of service `{service.name}`"
            return


def _place(facts: Facts, phase: Phase) -> Place:
    if phase.node.alias is not None:
        return facts.places.value(*phase.path, "alias")
    return facts.node_place(phase)


def _engine_networks(facts: Facts, phase: Phase) -> Iterator[str]:
    """The node's networks by their identity on an engine: an external one is the same for all workflows."""
    application = facts.applications.get(phase.workflow, NO_APPLICATION)
    for key in networks_of_node(application, phase.node):
        network = application.networks.get(key)
        if network is not None and network.name:
            yield f"named {network.name}"
        else:
            yield f"of {phase.workflow}: {key}"


def _between_nodes(facts: Facts) -> Iterator[Diagnostic]:
    by_name: dict[tuple[str, str, str], list[Owner]] = defaultdict(list)
    for phase in facts.phases:
        alias = phase.node.network_alias
        if alias is None or facts.lost.has(phase, "alias", "networks", "compose"):
            continue
        owner = Owner(phase.workflow, _place(facts, phase), phase.id)
        for network in _engine_networks(facts, phase):
            for engine in facts.engines_of(phase.workflow):
                by_name[engine, network, alias.lower()].append(owner)
    reported: set[tuple[str, str]] = set()
    for (_, network, name), owners in by_name.items():
        recorders = (owner for owner in owners if owner.phase in facts.recorders_by_id)
        for one, two in (*at_one_time(facts, recorders), *_beside_recorders(facts, owners)):
            if (one.said, two.said) not in reported:
                reported.add((one.said, two.said))
                yield _between(facts, network, name, one, two)


def _beside_recorders(facts: Facts, owners: Sequence[Owner]) -> Iterator[tuple[Owner, Owner]]:
    """Yield pairs of a node of another mode and a recorder that it may overlap: it may get the recorder's requests.

    In topological order, only the recorders next to a node need a comparison if recorders run one after the other; if
    they do not, they are reported themselves.
    """
    phases = facts.graph.phases
    sure = [owner for owner in owners if owner.phase and _is_bound(facts, phases[owner.phase])]
    sure.sort(key=lambda owner: facts.graph.rank[str(owner.phase)])
    for ordered in (sure, sure[::-1]):
        recorder: Owner | None = None
        for owner in ordered:
            if owner.phase in facts.recorders_by_id:
                recorder = owner
            elif recorder and facts.graph.may_overlap(str(owner.phase), str(recorder.phase)):
                yield owner, recorder


def _is_bound(facts: Facts, phase: Phase) -> bool:
    """Whether the node's data comes from the phases before it, so that its possible overlaps are certain."""
    reasons = {edge.reason for edge in facts.graph.dependencies[phase.id]}
    is_loose = phase.needs_test_runs and "report" not in reasons
    has_record = not phase.needs_own_record or "build_id" in reasons
    return has_record and not is_loose and facts.is_ordered(phase)


def _between(facts: Facts, network: str, alias: str, one: Owner, two: Owner) -> Diagnostic:
    place, later, other, earlier = conflict_of(facts, one, two)
    shown = network.partition(" ")[2].partition(": ")[2] or network.partition(" ")[2]
    idle = next((owner for owner in (one, two) if owner.phase not in facts.recorders_by_id), None)
    outcome = (
        f"{idle.said} may get requests that the other should record"
        if idle
        else "each would record requests of the other"
    )
    message = (
        f"{later.said} and {earlier.said} may {'run' if idle else 'record'} at the same time as `{alias}` "
        f"on the network {shown}: {outcome}"
    )
    hint = "give one of them another alias, or make one depend on the other"
    return service_conflict.finding(message, place, hint, (Related(other.mark, f"{earlier.said} is here"),))
