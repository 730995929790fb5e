"""container-name-conflict: one container name, twice on one host at one time."""

from collections import defaultdict
from collections.abc import Iterator

from fastflow.check.claims import Owner, at_one_time, conflicting_places
from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic, Related
from fastflow.model.places import Place

RULE = Rule(
    "container-name-conflict",
    "error",
    "one container name, twice on one host at one time",
    needs_order=True,
    needs_applications=True,
)


def check(facts: Facts) -> Iterator[Diagnostic]:
    """Compare the fixed container names of nodes and applications, engine by engine."""
    by_name: dict[tuple[str, str], list[Owner]] = defaultdict(list)
    for name, owner in _claims(facts):
        if "$" not in name:
            for engine in facts.engines_of(owner.workflow):
                by_name[engine, name].append(owner)
    reported = set()
    for (_, name), owners in by_name.items():
        for one, two in at_one_time(facts, owners):
            if (one, two) not in reported:
                reported.add((one, two))
                yield _conflict(facts, name, one, two)


def _claims(facts: Facts) -> Iterator[tuple[str, Owner]]:
    for phase in facts.phases:
        if phase.node.container_name:
            place = facts.places.value(*phase.path, "container_name")
            yield phase.node.container_name, Owner(phase.workflow, place, phase.id)
    for workflow, services in facts.started.items():
        if facts.spec.workflows[workflow].publish == "none":
            continue
        for service in services:
            if service.container_name and service.container_name_mark:
                yield service.container_name, Owner(workflow, Place(service.container_name_mark))


def _conflict(facts: Facts, name: str, one: Owner, two: Owner) -> Diagnostic:
    place, late, earlier, early = conflicting_places(facts, one, two)
    message = f"the container name `{name}` of {late.said} is claimed by {early.said} too, at the same time"
    hint = "drop container_name: fastflow makes names that are its own"
    related = [Related(earlier.mark, f"{early.said} claims it here")]
    if late.phase is None:
        hint = "set publish: none in the workflow, which drops the container names of its application"
        if place != late.place:
            related.append(Related(late.place.mark, "both applications have it from here"))
    return RULE.finding(message, place, hint, tuple(related))
