"""fixed-name: a fixed port or container name, although the BUILD_ID shows that concurrent runs are intended."""

from collections.abc import Iterable, Iterator

from fastflow.application.model import Service
from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic, Mark
from fastflow.model.places import Place

RULE = Rule(
    "fixed-name",
    "warning",
    "a fixed port or name despite concurrent runs",
    needs_symbols=True,
    needs_applications=True,
)
_DROP = "remove container_name: fastflow makes a unique name for each run"


def check(facts: Facts) -> Iterator[Diagnostic]:
    """Look at workflows whose BUILD_ID has a variable."""
    for name, workflow in facts.spec.workflows.items():
        if not any(facts.is_template(phase) for phase in facts.by_workflow[name]):
            continue
        for phase in facts.by_workflow[name]:
            for at, port in enumerate(phase.node.ports or ()):
                if port.host and port.symbolic is None:
                    place = facts.places.value(*phase.path, "ports", at)
                    yield _finding(f"host port {port.host[0]} of {phase.id}", place, 'let fastflow choose: "8080"')
            if phase.node.container_name and "$" not in phase.node.container_name:
                place = facts.places.value(*phase.path, "container_name")
                yield _finding(f"the container name `{phase.node.container_name}`", place, _DROP)
        if workflow.publish != "none":
            for what, mark in _fixed(facts.started.get(name, ())):
                yield _finding(what, Place(mark), "set publish: none in the workflow, or put a variable into it")


def _fixed(services: Iterable[Service]) -> Iterator[tuple[str, Mark]]:
    for service in services:
        for port in service.ports:
            if port.host and not port.has_variable:
                yield f"host port {port.host[0]} of service `{service.name}`", port.mark
        if service.container_name and service.container_name_mark and "$" not in service.container_name:
            yield f"the container name `{service.container_name}`", service.container_name_mark


def _finding(what: str, place: Place, hint: str) -> Diagnostic:
    return RULE.finding(f"{what} is fixed, so a second pipeline on this host cannot run at the same time", place, hint)
