"""Recorded and attacked targets: unknown hosts and ports, every host, one application twice at once."""

import re
from collections.abc import Iterator, Sequence

from fastflow.application.model import Application, ServicePort
from fastflow.application.needs import source_services
from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic, Related, did_you_mean
from fastflow.model.node import Node
from fastflow.model.phases import Phase
from fastflow.model.places import Place
from fastflow.model.target import Target, hosts_in, target_of
from fastflow.spec.document import Scalar, YamlList, YamlMap

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_LOOPBACK = re.compile(r"localhost|127(\.\d+){3}|0\.0\.0\.0|::1?")


@Rule("target-unknown", "warning", "a host or port that the phase does not have", needs_applications=True).for_each_spec
def target_unknown(facts: Facts) -> Iterator[Diagnostic]:
    """Check `test_run_uri` and the plain names in `allowed_hosts`."""
    for phase, tester in facts.testers:
        target = target_of(tester.test_run_uri)
        if target is not None and not target.is_symbolic:
            place = facts.places.value(*phase.path, "test_run_uri")
            yield from _host(facts, phase, target.host, place)
            yield from _port(facts, phase, target, place)
    for phase, recorder in facts.recorders:
        for name in hosts_in(recorder.allowed_hosts):
            if "$" not in name and (_NAME.fullmatch(name) or _LOOPBACK.fullmatch(name)):
                place = facts.places.entry(name, *phase.path, "allowed_hosts")
                yield from _host(facts, phase, name, place)


def _host(facts: Facts, phase: Phase, host: str, place: Place) -> Iterator[Diagnostic]:
    if _LOOPBACK.fullmatch(host):
        hint = "name the service as the node sees it, such as http://app:3000"
        yield target_unknown.finding(f"`{host}` is the node's own container, not the application", place, hint)
        return
    if "." in host or ":" in host:
        return
    known = None if facts.lost.has(phase, "services", "container", "compose") else _known(facts, phase)
    if known is not None and host.lower() not in {name.lower() for name in known}:
        message = f"`{host}` is not a service, alias, container name or extra host of {phase.id}"
        yield target_unknown.finding(message, place, _instead(facts, phase, host, known))


def _instead(facts: Facts, phase: Phase, host: str, known: frozenset[str]) -> str | None:
    application = facts.applications.get(phase.workflow)
    if application is None:
        return "name the application: compose: docker-compose.yml"
    dropped = next((one.name for one in application.answering(host) if one.name in known), None)
    if dropped is not None:
        return f"name the service, `{dropped}`, because publish: none drops its container name"
    return did_you_mean(host, known)


def _known(facts: Facts, phase: Phase) -> frozenset[str] | None:
    """The names that the phase's containers can reach; None if they cannot be known."""
    own = _extra_hosts(phase.node)
    application = facts.application_of(phase)
    if application is None:
        return own if facts.spec.workflows[phase.workflow].compose is None else None
    services = (*facts.services_of(phase), *source_services([phase.node]))
    keeps = facts.spec.workflows[phase.workflow].publish != "none"
    names = own | application.names_of(services, with_container_names=keeps)
    return None if any("$" in name for name in names) else names


def _port(facts: Facts, phase: Phase, target: Target, place: Place) -> Iterator[Diagnostic]:
    """Check that the port is among those that the service exposes or publishes, if it has any."""
    application = facts.application_of(phase)
    if application is None or target.port is None or facts.lost.has(phase, "services", "compose"):
        return
    needed = facts.services_of(phase)
    services = [service for service in application.answering(target.host) if service.name in needed]
    known = [ports for service in services if (ports := _listening(application, service.name)) is not None]
    if not services or len(known) < len(services):
        return
    ranges = sorted({port.container for ports in known for port in ports})
    if not any(first <= target.port <= last for first, last in ranges):
        name = services[0].name
        message = f"`{name}` neither exposes nor publishes port {target.port}"
        numbers = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)
        related = (Related(known[0][0].mark, f"`{name}` names its ports here"),)
        yield target_unknown.finding(message, place, f"name the port that it listens on: {numbers}", related)


def _listening(application: Application, name: str) -> tuple[ServicePort, ...] | None:
    """The TCP ports on which a service listens by its Compose file; None if that does not list them, or not all."""
    found: list[ServicePort] = []
    for service in application.sharing_the_network_of(name):
        own = [port for port in (*service.ports, *service.exposes) if port.protocol == "tcp"]
        if service.name != name and not own:
            return None
        found += own
    return None if not found or any(port.has_variable for port in found) else tuple(found)


def _extra_hosts(node: Node) -> frozenset[str]:
    """Hosts that the node's own Compose keys add."""
    tree = node.container.get("extra_hosts") if node.container is not None else None
    if isinstance(tree, YamlMap):
        return frozenset(key.text for key, _ in tree)
    items = tree.items if isinstance(tree, YamlList) else ()
    texts = (item.text for item in items if isinstance(item, Scalar))
    return frozenset(re.split("[:=]", text, maxsplit=1)[0] for text in texts)


@Rule("scope-open", "warning", "a test run that attacks every recorded host").for_each_spec
def scope_open(facts: Facts) -> Iterator[Diagnostic]:
    """A tester without `test_run_uri` is as narrow as its recorder's `allowed_hosts`."""
    for phase, node in facts.testers:
        if node.test_run_uri is not None or facts.lost.has(phase, "test_run_uri"):
            continue
        for edge in facts.graph.dependencies[phase.id]:
            recorder = facts.recorders_by_id.get(edge.before)
            if edge.reason == "depends_on" or recorder is None or recorder.allowed_hosts is not None:
                continue
            if facts.lost.has(facts.graph.phases[edge.before], "allowed_hosts"):
                continue
            message = (
                f"{phase.id} has no test_run_uri and {edge.before} no allowed_hosts: every recorded host is attacked"
            )
            place = facts.node_place(phase)
            related = Related(
                facts.node_place(facts.graph.phases[edge.before]).mark, "it tests the record of this node"
            )
            yield scope_open.finding(message, place, "set test_run_uri here, or allowed_hosts there", (related,))


@Rule("shared-target", "warning", "two testers that attack one application at once", needs_order=True).for_each_spec
def shared_target(facts: Facts) -> Iterator[Diagnostic]:
    """Check workflows with a non-FAST scanner; testers of FAST share an account and its test runs anyway."""
    for phases in facts.by_workflow.values():
        testers = [phase for phase in phases if phase.traits.needs == "record" and facts.is_ordered(phase)]
        if all(phase.traits.uses_cloud for phase in testers):
            continue  # thousands of them need no comparison
        for at, phase in enumerate(testers):
            if (rival := _rival(facts, phase, testers[:at])) is not None:
                message = (
                    f"{phase.id} may attack the application while {rival.id} does: "
                    "each may report problems that the other caused"
                )
                hint = f"run one after the other with depends_on: [{rival.name}], or give each its own workflow"
                related = Related(facts.node_place(rival).mark, f"{rival.id} is here")
                yield shared_target.finding(message, facts.node_place(phase), hint, (related,))


def _rival(facts: Facts, phase: Phase, earlier: Sequence[Phase]) -> Phase | None:
    for other in earlier:
        if not (phase.traits.uses_cloud and other.traits.uses_cloud) and facts.graph.may_overlap(phase.id, other.id):
            return other
    return None
