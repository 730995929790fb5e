"""subnet-conflict: fixed subnets that overlap, on one host at the same time."""

import itertools
from collections import defaultdict
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import NamedTuple

from fastflow.application.model import Application, Subnet
from fastflow.application.needs import source_services
from fastflow.check.claims import Owner, at_one_time, conflict_of
from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic
from fastflow.model.places import Place

_HINT = (
    "override the subnet of one workflow with a second document under `compose`, "
    "or run one after the other with depends_on"
)
_Network = IPv4Network | IPv6Network


class _SubnetClaim(NamedTuple):
    """`network` is the network that asks for the subnet: one with an explicit name is the same in all workflows."""

    owner: Owner
    subnet: _Network
    written: str
    network: str


@Rule(
    "subnet-conflict",
    "error",
    "fixed subnets that overlap on one host at once",
    needs_order=True,
    needs_applications=True,
).for_each_spec
def subnet_conflict(facts: Facts) -> Iterator[Diagnostic]:
    """Compare the fixed subnets of applications, engine by engine."""
    by_engine: dict[tuple[str, int], list[_SubnetClaim]] = defaultdict(list)
    for claim in _claims(facts):
        for engine in facts.engines_of(claim.owner.workflow):
            by_engine[engine, claim.subnet.version].append(claim)
    reported = set()
    for claims in by_engine.values():
        for meeting in _meeting(claims):
            for one, two in _at_one_time(facts, meeting):
                pair = frozenset((one.owner.workflow, two.owner.workflow))
                if pair not in reported:
                    reported.add(pair)
                    yield _conflict(facts, one, two)


def _claims(facts: Facts) -> Iterator[_SubnetClaim]:
    for workflow, application in facts.applications.items():
        for key in _made(facts, workflow, application):
            network = application.networks.get(key)
            name = f"named {network.name}" if network and network.name else f"{key} of {workflow}"
            for subnet in network.subnets if network else ():
                parsed = _parsed(subnet)
                if parsed is not None:
                    yield _SubnetClaim(Owner(workflow, Place(subnet.mark)), parsed, subnet.text, name)


def _made(facts: Facts, workflow: str, application: Application) -> tuple[str, ...]:
    """The networks that a run makes for a workflow: a node joins all that services use, unless it names its own."""
    nodes = [phase.node for phase in facts.by_workflow[workflow]]
    if any(node.networks is None for node in nodes):
        return application.networks_of(application.services)
    used = (*(service.name for service in facts.started[workflow]), *source_services(nodes))
    named = (key for node in nodes for key in node.networks or ())
    return tuple(dict.fromkeys((*application.networks_of(used), *named)))


def _parsed(subnet: Subnet) -> _Network | None:
    """None for a text that contains a variable, or is not a subnet, which Compose refuses."""
    try:
        return ip_network(subnet.text, strict=False)
    except ValueError:
        return None


def _meeting(claims: list[_SubnetClaim]) -> Iterator[list[_SubnetClaim]]:
    """Yield those that overlap: one of two overlapping subnets contains the other's first address."""
    active: list[_SubnetClaim] = []
    for claim in sorted(claims, key=lambda claim: (int(claim.subnet.network_address), claim.subnet.prefixlen)):
        active = [other for other in active if claim.subnet.network_address in other.subnet]
        active.append(claim)
        if len({other.network for other in active}) > 1:
            yield list(active)


def _at_one_time(facts: Facts, claims: list[_SubnetClaim]) -> Iterator[tuple[_SubnetClaim, _SubnetClaim]]:
    """Yield pairs of claims that may be held at the same time, except those on one network."""
    by_owner = {claim.owner: claim for claim in claims}
    if len({claim.network for claim in claims}) == len(claims):
        pairs = at_one_time(facts, by_owner)
    else:  # in one chain, workflows that share a network would hide others
        both = itertools.combinations(by_owner, 2)
        pairs = (pair for one in both for pair in at_one_time(facts, one))
    for one, two in pairs:
        if by_owner[one].network != by_owner[two].network:
            yield by_owner[one], by_owner[two]


def _conflict(facts: Facts, one: _SubnetClaim, two: _SubnetClaim) -> Diagnostic:
    found = conflict_of(facts, one.owner, two.owner)
    later, former = (one, two) if found.late == one.owner else (two, one)
    overlap = f"overlaps with {former.written} of {found.early.said}"
    claim = f"is also claimed by {found.early.said}" if later.subnet == former.subnet else overlap
    message = f"the subnet {later.written} of {found.late.said} {claim}, at the same time"
    return subnet_conflict.finding(message, found.place, _HINT, found.related)
