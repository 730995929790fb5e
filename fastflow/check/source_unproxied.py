"""source-unproxied: a source whose requests nothing sends through the node."""

import re
from collections.abc import Iterator

from fastflow.application.model import Application
from fastflow.application.needs import services_of_phase, source_services
from fastflow.check.facts import Facts, warning
from fastflow.diagnostic import Diagnostic
from fastflow.model.node import RecordingNode
from fastflow.model.phases import Phase
from fastflow.model.source import ServiceSource

RULE = "source-unproxied"


def check(facts: Facts) -> Iterator[Diagnostic]:
    """A variable of the source's service, or of another service of the phase, must name the node."""
    for phase, node in facts.recorders:
        application = facts.applications.get(phase.workflow)
        if application is None or not application.is_complete or facts.lost.has(phase, "alias", "services"):
            continue
        services = [source for source in node.source or () if isinstance(source, ServiceSource)]
        known = [source for source in services if source.service in application.services]
        if known and not _names_the_node(facts, phase, node, application, known):
            alias = node.network_alias
            message = (
                f"no variable of `{known[0].service}` or of another service of {phase.id} names the node `{alias}`: "
                "nothing may be recorded"
            )
            place = facts.places.value(*phase.path, "source", *_step(node, known[0]), "service")
            hint = f"set http_proxy: http://{alias}:8080 where the requests leave from"
            yield warning(RULE, message, place, hint)


def _step(node: RecordingNode, source: ServiceSource) -> tuple[int, ...]:
    sources = node.source or ()
    return (next(at for at, other in enumerate(sources) if other is source),)


def _names_the_node(
    facts: Facts, phase: Phase, node: RecordingNode, application: Application, sources: list[ServiceSource]
) -> bool:
    nodes = facts.spec.workflows[phase.workflow].nodes.values()
    names = [*services_of_phase(application, node, source_services(nodes)), *(source.service for source in sources)]
    values = [value for name in names for value in application.services[name].environment.values()]
    values += [value for source in sources for value in (source.environment or {}).values()]
    # A value that is a variable may be the node's address.
    name = re.compile(
        rf"(?<![A-Za-z0-9_.-]){re.escape(node.network_alias)}(?![A-Za-z0-9_-]|\.[A-Za-z0-9])|\$", re.IGNORECASE
    )
    return any(name.search(value or "") for value in values)
