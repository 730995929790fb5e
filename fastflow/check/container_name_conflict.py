"""container-name-conflict: one container name, twice on one host at one time."""

from collections import defaultdict
from collections.abc import Iterator

from fastflow.check.claims import Owner, coincide
from fastflow.check.facts import Facts, error, later_and_earlier
from fastflow.diagnostic import Diagnostic, Related
from fastflow.model.places import Place

RULE = "container-name-conflict"


def check(facts: Facts) -> Iterator[Diagnostic]:
    """Compare the fixed container names of nodes and applications."""
    if facts.graph.cycles:
        return
    by_name: dict[str, list[Owner]] = defaultdict(list)
    for name, owner in _claims(facts):
        if "$" in name:
            continue
        for other in by_name[name]:
            if coincide(facts, owner, other):
                yield _conflict(name, owner, other)
                break
        by_name[name].append(owner)


def _claims(facts: Facts) -> Iterator[tuple[str, Owner]]:
    for phase in facts.phases:
        if phase.node.container_name:
            place = facts.places.value(*phase.path, "container_name")
            yield phase.node.container_name, Owner(phase.workflow, place, phase)
    for workflow, application in facts.applications.items():
        if facts.spec.workflows[workflow].publish == "none":
            continue
        for service in application.services.values():
            if service.container_name and service.container_name_mark:
                yield service.container_name, Owner(workflow, Place(service.container_name_mark))


def _conflict(name: str, one: Owner, two: Owner) -> Diagnostic:
    place, earlier = later_and_earlier(one.place, two.place)
    if one.place == two.place:
        message = f"the container name `{name}` is claimed by {two.said} and {one.said}, which may run at the same time"
        return error(RULE, message, place, "set publish: none in both workflows, which drops container names")
    late, early = (one, two) if place == one.place else (two, one)
    message = f"the container name `{name}` of {late.said} is claimed by {early.said} too, at the same time"
    related = (Related(earlier.mark, "it is claimed here"),)
    return error(RULE, message, place, "drop container_name: fastflow makes names that are its own", related)
