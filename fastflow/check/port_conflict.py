"""port-conflict: one host port, twice on one host at one time."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from fastflow.check.claims import Owner, coincide
from fastflow.check.facts import Facts, error, later_and_earlier
from fastflow.diagnostic import Diagnostic, Related
from fastflow.model.places import Place

RULE = "port-conflict"
_EVERYWHERE = (None, "0.0.0.0", "::")  # noqa: S104  # compared, not bound


@dataclass(frozen=True, slots=True)
class _Claim:
    owner: Owner
    ports: tuple[int, int]
    address: str | None
    protocol: str


def check(facts: Facts) -> Iterator[Diagnostic]:
    """Compare the fixed host ports of nodes and applications, port by port."""
    if facts.graph.cycles:
        return
    by_port: dict[tuple[int, str], list[_Claim]] = defaultdict(list)
    reported: set[tuple[Place, Place]] = set()
    for claim in _claims(facts):
        for port in range(claim.ports[0], claim.ports[1] + 1):
            others = by_port[port, claim.protocol]
            for other in others:
                if _meet(claim, other) and coincide(facts, claim.owner, other.owner):
                    places = later_and_earlier(claim.owner.place, other.owner.place)
                    if places not in reported:
                        reported.add(places)
                        yield _conflict(claim, other, port)
                    break
            others.append(claim)


def _claims(facts: Facts) -> Iterator[_Claim]:
    for phase in facts.phases:
        for at, port in enumerate(phase.node.ports or ()):
            if port.host and port.symbolic is None:
                place = facts.places.value(*phase.path, "ports", at)
                # Without an address a node binds loopback on a local engine, but all on a remote one.
                yield _Claim(Owner(phase.workflow, place, phase), port.host, port.address, port.protocol)
    for name, application in facts.applications.items():
        if facts.spec.workflows[name].publish == "none":
            continue
        for service in application.services.values():
            for published in service.ports:
                if published.host and published.host != (0, 0) and not published.has_variable:
                    owner = Owner(name, Place(published.mark))
                    yield _Claim(owner, published.host, published.address, published.protocol)


def _meet(one: _Claim, two: _Claim) -> bool:
    return one.address == two.address or one.address in _EVERYWHERE or two.address in _EVERYWHERE


def _conflict(claim: _Claim, other: _Claim, port: int) -> Diagnostic:
    place, earlier = later_and_earlier(claim.owner.place, other.owner.place)
    late, early = (claim, other) if place == claim.owner.place else (other, claim)
    if claim.owner.place == other.owner.place:
        who = f"{other.owner.said} and {claim.owner.said}"
        message = f"host port {port} is claimed by {who}, which name one Compose file and may run at the same time"
        hint = "set publish: none in both workflows: nothing on the host needs these ports"
        return error(RULE, message, place, hint)
    message = f"host port {port} of {late.owner.said} is claimed by {early.owner.said} too, at the same time"
    hint = 'choose another host port, or let fastflow choose: "8080"'
    return error(RULE, message, place, hint, (Related(earlier.mark, "it is claimed here"),))
