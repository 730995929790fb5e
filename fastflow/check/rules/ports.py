"""Published ports: the port of a recording node's proxy, and host ports that are published twice."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

from fastflow.application.model import Service, ServicePort
from fastflow.check.claims import Owner, conflicts
from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic, Severity
from fastflow.model.node_parts import PROXY_PORT
from fastflow.model.places import Place


@Rule("proxy-port", "error", "a recording node whose ports leave out its proxy").for_each_spec
def proxy_port(facts: Facts) -> Iterator[Diagnostic]:
    """Check the recording nodes that declare ports."""
    for phase, node in facts.recorders:
        if not node.ports or any(
            port.symbolic is not None
            or (port.protocol == "tcp" and port.container[0] <= PROXY_PORT <= port.container[1])
            for port in node.ports
        ):
            continue
        message = f"the ports of {phase.id} leave out {PROXY_PORT}, the port of its proxy"
        hint = f'write "8080:{PROXY_PORT}", or "{PROXY_PORT}" for any free host port'
        yield proxy_port.finding(message, facts.places.value(*phase.path, "ports"), hint)


_Address = IPv4Address | IPv6Address


class _PortClaim(NamedTuple):
    owner: Owner
    ports: tuple[int, int]
    address: _Address | None
    protocol: str


@Rule(
    "port-conflict",
    "error",
    "the same host port twice on one host at once",
    needs_order=True,
    needs_applications=True,
).for_each_spec
def port_conflict(facts: Facts) -> Iterator[Diagnostic]:
    """Compare the fixed host ports of nodes and applications, engine by engine."""
    by_engine: dict[tuple[str, str], list[_PortClaim]] = defaultdict(list)
    publishing: dict[str, set[str]] = defaultdict(set)
    for claim in _claims(facts):
        for engine in facts.engines_of(claim.owner.workflow):
            by_engine[engine, claim.protocol].append(claim)
            publishing[engine].add(claim.owner.said)
    yield from _unread(facts, publishing)
    meetings = (meeting for claims in by_engine.values() for meeting in _meeting(claims))
    for port, found in conflicts(facts, meetings):
        hint = 'choose another host port, or let fastflow choose: "8080"'
        if found.late.phase is None:
            hint = "choose another host port, or set publish: none in the workflow if nothing on the host needs it"
        yield port_conflict.finding(f"host port {port} {found.said}", found.place, hint, found.related)


def _claims(facts: Facts) -> Iterator[_PortClaim]:
    for phase in facts.phases:
        for at, port in enumerate(phase.node.ports or ()):
            if port.host and port.symbolic is None:
                place = facts.places.value(*phase.path, "ports", at)
                # Without an address a node binds loopback on a local engine, but all on a remote one.
                owner = Owner(phase.workflow, place, phase.id)
                yield _PortClaim(owner, port.host, _parsed(port.address), port.protocol)
    for workflow, _, published in _published(facts):
        if published.host:
            owner = Owner(workflow, Place(published.mark))
            yield _PortClaim(owner, published.host, _parsed(published.address), published.protocol)


def _published(facts: Facts) -> Iterator[tuple[str, Service, ServicePort]]:
    """Yield the ports that services publish, each with its workflow."""
    for workflow, services in facts.started.items():
        if facts.spec.workflows[workflow].publish != "none":
            yield from ((workflow, service, port) for service in services for port in service.ports)


def _unread(facts: Facts, publishing: Mapping[str, set[str]]) -> Iterator[Diagnostic]:
    """Report entries that Compose does not accept as a port, which are thus not compared, each once.

    `publishing` names, by engine, the owners that claim ports there: without others there is nothing to compare.
    """
    found: dict[ServicePort, str] = {}
    for workflow, service, port in _published(facts):
        others = {other for engine in facts.engines_of(workflow) for other in publishing.get(engine, ())}
        if port.unread is not None and others - {Owner(workflow, Place(port.mark)).said}:
            found[port] = service.name
    for port, name in found.items():
        message = f"`{port.unread}` of service `{name}` cannot be compared: Docker Compose cannot read it as a port"
        hint = 'write "8080:80", "127.0.0.1:8080:80" or { target: 80, published: 8080 }'
        yield port_conflict.finding(message, Place(port.mark), hint, severity=Severity.WARNING)


def _parsed(address: str | None) -> _Address | None:
    try:
        return ip_address(address) if address else None
    except ValueError:
        return None


def _meeting(claims: list[_PortClaim]) -> Iterator[tuple[int, list[Owner]]]:
    """Yield the owners of each port that several claim: two overlapping ranges share the first port of one of them."""
    by_first: dict[int, list[_PortClaim]] = defaultdict(list)
    for claim in claims:
        by_first[claim.ports[0]].append(claim)
    active: list[_PortClaim] = []
    for port in sorted(by_first):
        active = [claim for claim in active if claim.ports[1] >= port] + by_first[port]
        for owners in _by_address(active):
            if len(owners) > 1:
                yield port, owners


def _by_address(claims: list[_PortClaim]) -> Iterator[list[Owner]]:
    """Yield the owners of each address: no address counts as all, and 0.0.0.0 and :: as all of their kind."""
    takers: dict[_Address | None, list[int]] = defaultdict(list)
    for at, claim in enumerate(claims):
        takers[claim.address].append(at)
    every = {address.version: at for address, at in takers.items() if address is not None and address.is_unspecified}
    for address in sorted((address for address in takers if address is not None), key=str) or (None,):
        found = {*takers[address], *takers.get(None, ())}
        if address is not None:
            found.update(every.get(address.version, ()))
        yield [claims[at].owner for at in sorted(found)]
