"""Which services of an application a phase needs."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from fastflow.application.model import Application
from fastflow.model.node import Node, RecordingNode, TestingNode
from fastflow.model.source import ServiceSource


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
    """The services that must be up for a phase: those it names, or all but the sources, and what they need."""
    if node.services is not None:
        wanted = [name for name in node.services if name in application.services]
    else:
        wanted = [name for name in application.without_profile if name not in sources]
    if isinstance(node, TestingNode) and node.test_run_uri:
        target = host_of(node.test_run_uri)
        wanted += [target] if target and target in application.services else []
    if isinstance(node, RecordingNode):
        for source in node.source or ():
            if isinstance(source, ServiceSource) and source.service in application.services:
                wanted += application.services[source.service].needs
    return application.closure(wanted)


def networks_of_node(application: Application, node: Node) -> tuple[str, ...]:
    """The networks that a node joins."""
    return node.networks or application.networks_of_nodes


def host_of(uri: str) -> str | None:
    """The host in a URI, or None where there is none."""
    try:
        return urlsplit(uri if "//" in uri else f"//{uri}").hostname
    except ValueError:
        return None
