"""target-unknown: a host to record or attack that is none of the phase's."""

import re
from collections.abc import Iterator

from fastflow.application.needs import host_of, services_of_phase, source_services
from fastflow.check.facts import Facts, warning
from fastflow.diagnostic import Diagnostic
from fastflow.model.node import Node
from fastflow.model.phases import Phase
from fastflow.model.places import Place
from fastflow.model.suggest import did_you_mean
from fastflow.spec.document import Mapping, Scalar, Sequence

RULE = "target-unknown"
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_LOOPBACK = re.compile(r"localhost|127(\.\d+){3}|::1")


def check(facts: Facts) -> Iterator[Diagnostic]:
    """Look at `test_run_uri` and at the plain names in `allowed_hosts`."""
    for phase, tester in facts.testers:
        if tester.test_run_uri is not None and "$" not in tester.test_run_uri:
            host = host_of(tester.test_run_uri)
            yield from _one(facts, phase, host, facts.places.value(*phase.path, "test_run_uri"))
    for phase, recorder in facts.recorders:
        written = recorder.allowed_hosts or ""
        for name in written.strip("()").split("|"):
            if "$" not in name and (_NAME.fullmatch(name) or _LOOPBACK.fullmatch(name)):
                place = facts.places.entry(name, *phase.path, "allowed_hosts")
                yield from _one(facts, phase, name, place)


def _one(facts: Facts, phase: Phase, host: str | None, place: Place) -> Iterator[Diagnostic]:
    if host is None:
        return
    if _LOOPBACK.fullmatch(host):
        hint = "name the service as the node sees it, such as http://app:3000"
        yield warning(RULE, f"`{host}` is the node's own container, not the application", place, hint)
        return
    if "." in host or ":" in host:
        return
    known = None if facts.lost.has(phase, "services", "container", "compose") else _known(facts, phase)
    if known is not None and host.lower() not in {name.lower() for name in known}:
        message = f"`{host}` is no service, alias, container name or extra host of {phase.id}"
        has_application = facts.spec.workflows[phase.workflow].compose is not None
        name_it = "name the application: compose: docker-compose.yml"
        yield warning(RULE, message, place, did_you_mean(host, known) if has_application else name_it)


def _known(facts: Facts, phase: Phase) -> frozenset[str] | None:
    """The names that the phase's containers can reach; None where they cannot be known."""
    own = _extra_hosts(phase.node)
    application = facts.applications.get(phase.workflow)
    if application is None or not application.is_complete:
        return own if facts.spec.workflows[phase.workflow].compose is None else None
    nodes = facts.spec.workflows[phase.workflow].nodes.values()
    services = services_of_phase(application, phase.node, source_services(nodes))
    names = own | application.names_of((*services, *source_services([phase.node])))
    return None if any("$" in name for name in names) else names


def _extra_hosts(node: Node) -> frozenset[str]:
    """Hosts that the node's own Compose keys add."""
    tree = node.container.get("extra_hosts") if node.container is not None else None
    if isinstance(tree, Mapping):
        return frozenset(key.text for key, _ in tree)
    items = tree.items if isinstance(tree, Sequence) else ()
    texts = (item.text for item in items if isinstance(item, Scalar))
    return frozenset(re.split("[:=]", text, maxsplit=1)[0] for text in texts)
