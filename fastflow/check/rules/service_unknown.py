"""service-unknown: a source, a needed or a fresh service that the application does not have."""

from collections.abc import Iterator

from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic, did_you_mean
from fastflow.model.phases import Phase
from fastflow.model.places import Place
from fastflow.model.relations import ServiceSource

RULE = Rule("service-unknown", "error", "a service that the application does not have", needs_applications=True)


def check(facts: Facts) -> Iterator[Diagnostic]:
    """Look at every service that a node names."""
    for phase in facts.phases:
        application = facts.applications.get(phase.workflow)
        if application is None:
            if facts.spec.workflows[phase.workflow].compose is None and not facts.lost.has(phase, "compose"):
                for name, place in _named(facts, phase):
                    message = f"there is no service `{name}`: workflow {phase.workflow} has no `compose`"
                    yield RULE.finding(message, place, "name its Compose file: compose: docker-compose.yml")
        elif application.is_complete:
            for name, place in _named(facts, phase):
                if name in application.left_out:
                    message = f"`{name}` is a FAST service, which fastflow's nodes replace"
                    yield RULE.finding(message, place, "remove it here, because the node is always there")
                elif name not in application.services and "$" not in name:
                    hint = did_you_mean(name, application.services)
                    yield RULE.finding(f"the application has no service `{name}`", place, hint)


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
