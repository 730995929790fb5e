"""container-name-conflict: the same container name twice on one host at once."""

from collections import defaultdict
from collections.abc import Iterator

from fastflow.check.claims import Owner, conflicts
from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic
from fastflow.model.places import Place

RULE = Rule(
    "container-name-conflict",
    "error",
    "the same container name twice on one host at once",
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
    for name, found in conflicts(facts, ((name, owners) for (_, name), owners in by_name.items())):
        hint = "remove container_name: fastflow makes a unique name for each run"
        if found.late.phase is None:
            hint = "set publish: none in the workflow, which drops the container names of its application"
        yield RULE.finding(f"the container name `{name}` {found.said}", found.place, hint, found.related)


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
