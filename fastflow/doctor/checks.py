"""The checks of a spec, in the order in which they are shown, and the checks of environment and cloud."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from fastflow.doctor.cluster_checks import look_at_agent, look_at_cluster
from fastflow.doctor.engine_checks import Claim, look_at_disk, look_at_engine, look_at_images, look_at_ports
from fastflow.doctor.examination import Answer, Check
from fastflow.engines.docker import DockerEngine
from fastflow.engines.opening import open_cluster
from fastflow.errors import EngineError
from fastflow.model.cloud import ARCHIVED, TOKEN_HINT, Cloud, token_fault
from fastflow.model.host import Host
from fastflow.model.node_parts import DEFAULT_IMAGE
from fastflow.plan import Plan

API_TIMEOUT = 8.0
"""Seconds until an API server that does not answer counts as unreachable."""
LOOPBACK = "127.0.0.1"


def checks_of(
    plan: Plan | None,
    engines: Mapping[str, DockerEngine],
    values: Mapping[str, str],
    *,
    unset: tuple[str, ...] = (),
    emulator_image: str | None = None,
    client: EngineError | None = None,
) -> Iterator[Check]:
    """List the checks of a plan, or those that apply to any spec; with `emulator_image` none of the cloud.

    `engines` are by host, where an empty name is the current context; `unset` are variables without a value;
    `client` is a fault of Docker's own settings.
    """
    if client is not None:
        yield Check("client", lambda: [Answer("client", client.message, client.hint)])
    for name, engine in engines.items():
        if plan is not None and name in plan.clusters:
            yield from _checks_of_cluster(name, engine, plan.clusters[name])
            continue
        yield from _checks_of_engine(name, engine, plan, emulator_image)
    if emulator_image is None:
        clouds = [one.cloud for one in plan.workflows.values() if one.uses_cloud] if plan else [Cloud()]
        for token in dict.fromkeys(cloud.token_name for cloud in clouds):
            yield Check("token", partial(look_at_token, token, values))
        for url in dict.fromkeys(cloud.url for cloud in clouds):
            yield Check("api", partial(look_at_api, url))
    for variable in unset:
        yield Check("variable", partial(look_at_variable, variable))


def _checks_of_cluster(name: str, engine: DockerEngine, host: Host) -> Iterator[Check]:
    """The checks of a cluster; agents check what is on the nodes."""

    def placed(look: Callable[[], Iterable[Answer]]) -> Iterator[Answer]:
        return (replace(answer, subject=f"{answer.subject} of host {name}") for answer in look())

    cluster = partial(look_at_cluster, open_cluster(engine), host.constraints or ())
    yield Check(f"cluster of host {name}", partial(placed, cluster), name, is_of_engine=True)
    yield Check(f"agent of host {name}", partial(placed, partial(look_at_agent, engine, host)), name)


def _checks_of_engine(
    host: str, engine: DockerEngine, plan: Plan | None, emulator_image: str | None
) -> Iterator[Check]:
    """The checks of one engine; answers name the host if the spec has hosts."""
    images = _images(plan, host, emulator_image)
    advice = {emulator_image: "build it: fastflow emulator build"} if emulator_image else {}
    looks: dict[str, Callable[[], Iterable[Answer]]] = {
        "engine": partial(look_at_engine, engine),
        "image": partial(look_at_images, engine, images, advice),
        "port": partial(look_at_ports, engine, tuple(_claims(plan, host))),
        "disk": partial(look_at_disk, engine, images),
    }
    where = f" of host {host}" if host else ""

    def placed(look: Callable[[], Iterable[Answer]]) -> Iterator[Answer]:
        return (replace(answer, subject=f"{answer.subject}{where}") for answer in look())

    for subject, look in looks.items():
        yield Check(f"{subject}{where}", partial(placed, look), host, is_of_engine=subject == "engine")


def _images(plan: Plan | None, host: str, emulator_image: str | None) -> tuple[str, ...]:
    """The images of nodes and services on a host, except builds and names that are not known yet.

    With the emulator, only its image and those of nodes that work without the cloud.
    """
    if plan is None:
        return (emulator_image or DEFAULT_IMAGE,)
    here = [workflow for workflow in plan.workflows.values() if workflow.host == host]
    phases = [phase for workflow in here for phase in workflow.phases]
    if emulator_image is not None:
        others = (phase.image for phase in phases if not phase.traits.uses_cloud and phase.image)
        return tuple(dict.fromkeys((emulator_image, *others)))
    found = [phase.image for phase in phases if phase.image]
    for workflow in here:
        services = workflow.application.services
        built = {service.image for service in services.values() if service.has_build}
        images = [services[name].image for phase in workflow.phases for name in phase.uses if name in services]
        found += [image for image in images if image is not None and image not in built and "$" not in image]
    return tuple(dict.fromkeys(found))


def _claims(plan: Plan | None, host: str) -> Iterator[Claim]:
    """The fixed host ports of the nodes and applications of a host; the first claim of a port stands for all."""
    seen: set[tuple[str | None, int, str]] = set()
    for owner, address, span, protocol in _published(plan, host):
        for number in range(span[0], span[1] + 1):
            if (address, number, protocol) not in seen:
                seen.add((address, number, protocol))
                yield Claim(address, number, protocol, owner)


def _published(plan: Plan | None, host: str) -> Iterator[tuple[str, str | None, tuple[int, int], str]]:
    for workflow in plan.workflows.values() if plan else ():
        if workflow.host != host:
            continue
        for phase in workflow.phases:
            yield from ((phase.id, one.address or LOOPBACK, one.host, one.protocol) for one in phase.ports if one.host)
        for service in workflow.application.services.values() if workflow.keeps_published else ():
            owner = f"service {service.name}"
            yield from ((owner, one.address, one.host, one.protocol) for one in service.ports if one.host)


def look_at_token(name: str, values: Mapping[str, str]) -> Iterator[Answer]:
    """Check that the token's variable is set to a possible token; its value is never shown."""
    value = values.get(name)
    if value and (fault := token_fault(value)) is not None:
        yield Answer("token", f"{name} {fault}", TOKEN_HINT)
    elif value:
        yield Answer("token", f"{name} is set")
    else:
        yield Answer("token", f"{name} is not set", f"set {name}; {ARCHIVED}")


def look_at_variable(name: str) -> Iterator[Answer]:
    """Report a variable without a value and without a default, which is an error in a run."""
    yield Answer("variable", f"{name} is not set", f"set {name}, give a default, or name a file of it in --env-file")


def look_at_api(url: str) -> Iterator[Answer]:
    """Check that something answers there; any answer to a request without a token counts."""
    try:
        with urllib.request.urlopen(url, timeout=API_TIMEOUT):  # noqa: S310  # http or https, never a file
            pass
    except urllib.error.HTTPError:
        pass
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        advice = f"check cloud.api_host, the network and its proxy; {ARCHIVED}"
        yield Answer("api", f"{url} is out of reach: {reason}", advice)
        return
    yield Answer("api", f"{url} answers")
