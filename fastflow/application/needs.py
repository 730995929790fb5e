"""Which services of an application a phase needs, and which are FAST services, which fastflow's nodes replace."""

import re
from collections.abc import Iterable

from fastflow.application.model import Application, Service
from fastflow.model.mode import MODE_VARIABLE
from fastflow.model.node import Node, TesterNode
from fastflow.model.relations import ServiceSource
from fastflow.model.target import target_of
from fastflow.spec.template import TemplateError, parse_template, resolve


def source_services(nodes: Iterable[Node]) -> frozenset[str]:
    """The services that are sources of these nodes."""
    return frozenset(source.service for node in nodes for source in node.sources if isinstance(source, ServiceSource))


def services_of_phase(application: Application, node: Node, sources: frozenset[str]) -> tuple[str, ...]:
    """The services that must be up for a phase: those it names, or all but the sources, and what they need.

    The service that `test_run_uri` names is always one of them.
    """
    if node.services is not None:
        wanted = [name for name in node.services if name in application.services]
    else:
        wanted = [name for name in application.enabled if name not in sources]
    for source in node.sources:
        if isinstance(source, ServiceSource) and source.service in application.services:
            wanted += application.needs_of(source.service)
    needed = application.closure(wanted)
    started = application.closure((*needed, *services_attacked(application, node, needed)))
    return tuple(name for name in started if application.services[name].has_containers)


def services_attacked(application: Application, node: Node, needed: tuple[str, ...]) -> tuple[str, ...]:
    """The services that a testing node attacks, as far as `test_run_uri` names them; `needed` run anyway.

    If several share an alias, these are those that run anyway, or that need no profile.
    """
    target = target_of(node.test_run_uri) if isinstance(node, TesterNode) else None
    if target is None:
        return ()
    answering = [service.name for service in application.answering(target.host)]
    named = [name for name in answering if name.lower() == target.host]
    running = [name for name in answering if name in needed]
    usual = [name for name in answering if name in application.enabled]
    return tuple(named or running or usual or answering)


def services_to_enable(application: Application, names: Iterable[str]) -> frozenset[str]:
    """The services that Compose must treat as enabled, whatever their profiles, so that it can start `names`.

    Includes everything that an enabled service requires, and services that build an image that one of them names. All
    others stay as the user left them: a wildcard profile would start those with an optional dependent.
    """
    used = application.closure((*application.enabled, *names))
    images = {application.services[name].image for name in used} - {None}
    builders = (one.name for one in application.services.values() if one.has_build and one.image in images)
    return frozenset((*used, *builders))


def networks_of_node(application: Application, node: Node) -> tuple[str, ...]:
    """The networks that a node joins."""
    return node.networks or application.networks_of_nodes


# From any registry, with any tag or digest. `wallarm/node` is Wallarm's filtering node, a part of the application.
_WALLARM_IMAGE = re.compile(r"(?:[^/]+/)*wallarm/(?P<product>fast|node)(?::[^/@]*)?(?:@.+)?")


def is_fast_service(service: Service) -> bool:
    """Return whether a service is a FAST node: it has FAST's image or a `CI_MODE`. Other products have tokens too.

    A `CI_MODE` counts with any value, so that the answer is the same before and after variables have values.
    """
    wallarm = _WALLARM_IMAGE.fullmatch(_image(service))
    return wallarm["product"] == "fast" if wallarm else MODE_VARIABLE in service.environment


def _image(service: Service) -> str:
    """The image if no variable is set, such as those for the registry, the tag, or the whole name."""
    written = service.image or ""
    try:
        image = resolve(parse_template(written), lambda _: None, stand_in="")
    except TemplateError:
        image = written
    return image.lstrip("/")


def without_fast(application: Application) -> Application:
    """Leave out the FAST services, with every dependency on them."""
    fast = [name for name, service in application.services.items() if is_fast_service(service)]
    return application.without(fast) if fast else application
