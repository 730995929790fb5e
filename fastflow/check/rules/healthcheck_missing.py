"""healthcheck-missing: no way to know when the application under test is up."""

from collections.abc import Iterator

from fastflow.application.model import Service
from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic, Related
from fastflow.model.node import TesterNode
from fastflow.model.phases import Phase
from fastflow.model.target import target_of

RULE = Rule(
    "healthcheck-missing", "warning", "no way to know when the application under test is up", needs_applications=True
)


def check(facts: Facts) -> Iterator[Diagnostic]:
    """A service that `test_run_uri` leads to has a healthcheck, or a `log` under `services`."""
    seen = set()
    for phase, node in facts.testers:
        for service in _attacked(facts, phase, node):
            need = (node.services or {}).get(service.name)
            is_known = service.has_healthcheck or (need is not None and need.log is not None)
            if is_known or (phase.workflow, service.name) in seen:
                continue
            seen.add((phase.workflow, service.name))
            message = f"`{service.name}` has no healthcheck, so fastflow cannot know when it is up"
            hint = f"add a healthcheck, or name a line of its log: services: {{ {service.name}: {{ log: REGEX }} }}"
            related = (Related(service.mark, "the service is here"),)
            yield RULE.finding(message, facts.places.value(*phase.path, "test_run_uri"), hint, related)


def _attacked(facts: Facts, phase: Phase, node: TesterNode) -> Iterator[Service]:
    """The services of a phase that answer to the host in `test_run_uri`; none if that cannot be known."""
    application, target = facts.application_of(phase), target_of(node.test_run_uri)
    if application is None or target is None or facts.lost.has(phase, "services"):
        return
    needed = facts.services_of(phase)
    yield from (service for service in application.answering(target.host) if service.name in needed)
