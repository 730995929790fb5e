"""Which services of an application a phase needs."""

from collections.abc import Iterable

from fastflow.application.model import Application
from fastflow.model.node import Node, RecordingNode, TestingNode
from fastflow.model.source import ServiceSource
from fastflow.model.target import target_of


def source_services(nodes: Iterable[Node]) -> frozenset[str]:
    """The services that are sources of these nodes."""
    return frozenset(
        source.service
        for node in nodes
        if isinstance(node, RecordingNode)
        for source in node.source or ()
        if isinstance(source, ServiceSource)
    )


def services_of_phase(application: Application, node: Node, sources: frozenset[str]) -> tuple[str, ...]:
    """The services that must be up for a phase: those it names, or all but the sources, and what they need.

    The service that `test_run_uri` names is always one of them.
    """
    if node.services is not None:
        wanted = [name for name in node.services if name in application.services]
    else:
        wanted = [name for name in application.without_profile if name not in sources]
    if isinstance(node, RecordingNode):
        for source in node.source or ():
            if isinstance(source, ServiceSource) and source.service in application.services:
                wanted += application.services[source.service].needs
    needed = application.closure(wanted)
    return application.closure((*needed, *services_attacked(application, node, needed)))


def services_attacked(application: Application, node: Node, needed: tuple[str, ...]) -> tuple[str, ...]:
    """The services that a testing node attacks, as far as `test_run_uri` names them; `needed` run anyway."""
    target = target_of(node.test_run_uri) if isinstance(node, TestingNode) else None
    return _attacked(application, target.host, needed) if target is not None else ()


def networks_of_node(application: Application, node: Node) -> tuple[str, ...]:
    """The networks that a node joins."""
    return node.networks or application.networks_of_nodes


def _attacked(application: Application, host: str, needed: tuple[str, ...]) -> tuple[str, ...]:
    """The services that a target names; of several with one alias, those that run anyway or need no profile."""
    answering = [service.name for service in application.answering(host)]
    named = [name for name in answering if name.lower() == host]
    running = [name for name in answering if name in needed]
    usual = [name for name in answering if name in application.without_profile]
    return tuple(named or running or usual or answering)
