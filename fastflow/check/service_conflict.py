"""service-conflict: two containers that answer to one name on one network."""

from collections import defaultdict
from collections.abc import Iterator

from fastflow.application.model import Application
from fastflow.check.facts import Facts, error, later_and_earlier
from fastflow.diagnostic import Diagnostic, Related
from fastflow.model.phases import Phase
from fastflow.model.places import Place

RULE = "service-conflict"


def check(facts: Facts) -> Iterator[Diagnostic]:
    """Compare aliases of nodes with the application's names, and of recorders with each other."""
    for phase in facts.phases:
        application = facts.applications.get(phase.workflow)
        if application is not None:
            yield from _with_services(facts, phase, application)
    yield from _between_recorders(facts)


def _with_services(facts: Facts, phase: Phase, application: Application) -> Iterator[Diagnostic]:
    alias = phase.node.network_alias
    networks = set(_networks(facts, phase))
    for name, service in application.services.items():
        shared = networks & set(service.networks)
        clash = name == alias or any(alias in service.networks[network].aliases for network in shared)
        if shared and clash:
            what = f"service `{name}`" if name == alias else f"an alias of service `{name}`"
            message = f"the alias `{alias}` of {phase.id} is {what} too: a request to it may reach either"
            hint = "give the node another one: alias: fast-proxy"
            yield error(RULE, message, _place(facts, phase), hint, (Related(service.mark, "the service is here"),))
            return


def _place(facts: Facts, phase: Phase) -> Place:
    if phase.node.alias is not None:
        return facts.places.value(*phase.path, "alias")
    return facts.node_place(phase)


def _networks(facts: Facts, phase: Phase) -> tuple[str, ...]:
    application = facts.applications.get(phase.workflow)
    if phase.node.networks is not None:
        return phase.node.networks
    return (application.networks_of(application.services) if application else ()) or ("default",)


def _engine_networks(facts: Facts, phase: Phase) -> Iterator[str]:
    """The node's networks by what they are on an engine: an external one is the same for all workflows."""
    application = facts.applications.get(phase.workflow)
    for key in _networks(facts, phase):
        network = application.networks.get(key) if application else None
        if network is not None and (network.is_external or network.name) and network.name:
            yield f"named {network.name}"
        else:
            yield f"of {phase.workflow}: {key}"


def _between_recorders(facts: Facts) -> Iterator[Diagnostic]:
    if facts.graph.cycles:
        return
    by_name: dict[tuple[str, str], list[Phase]] = defaultdict(list)
    for phase, _ in facts.recorders:
        for network in _engine_networks(facts, phase):
            by_name[network, phase.node.network_alias].append(phase)
    seen = set()
    for (network, alias), phases in by_name.items():
        for at, later in enumerate(phases):
            for earlier in phases[:at]:
                if (
                    later.id in seen
                    or not facts.graph.may_overlap(earlier.id, later.id)
                    or not facts.share_a_host(earlier.workflow, later.workflow)
                ):
                    continue
                seen.add(later.id)
                place, other = later_and_earlier(_place(facts, earlier), _place(facts, later))
                shown = network.partition(" ")[2].partition(": ")[2] or network.partition(" ")[2]
                message = (
                    f"{later.id} and {earlier.id} may record at the same time as `{alias}` on the network {shown}: "
                    "each would record requests of the other"
                )
                hint = "give one of them another alias, or let one depend on the other"
                yield error(RULE, message, place, hint, (Related(other.mark, "the other one is here"),))
