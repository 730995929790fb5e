"""healthcheck-missing: nothing tells when the application under test is up."""

from collections.abc import Iterator

from fastflow.application.needs import host_of
from fastflow.check.facts import Facts, warning
from fastflow.diagnostic import Diagnostic, Related

RULE = "healthcheck-missing"


def check(facts: Facts) -> Iterator[Diagnostic]:
    """The service in `test_run_uri` has a healthcheck, or a `log` under `services`."""
    seen = set()
    for phase, node in facts.testers:
        application = facts.applications.get(phase.workflow)
        name = host_of(node.test_run_uri) if node.test_run_uri else None
        service = application.services.get(name) if application and application.is_complete and name else None
        if service is None or service.has_healthcheck or (phase.workflow, service.name) in seen:
            continue
        if facts.lost.has(phase, "services"):
            continue
        need = (node.services or {}).get(service.name)
        if need is not None and need.log is not None:
            continue
        seen.add((phase.workflow, service.name))
        message = f"nothing tells when `{service.name}` is up: it has no healthcheck"
        hint = f"give it one, or name a line of its log: services: {{ {service.name}: {{ log: REGEX }} }}"
        related = (Related(service.mark, "the service is here"),)
        yield warning(RULE, message, facts.places.value(*phase.path, "test_run_uri"), hint, related)
