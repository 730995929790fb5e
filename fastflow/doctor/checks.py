"""Which checks a spec asks for, in the order in which they are shown."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from fastflow.doctor.cloud_checks import look_at_api, look_at_token, look_at_variable
from fastflow.doctor.engine_checks import Claim, look_at_disk, look_at_engine, look_at_images, look_at_ports
from fastflow.doctor.examination import Answer, Check
from fastflow.engines.docker import DockerEngine
from fastflow.errors import EngineError
from fastflow.model.cloud import Cloud
from fastflow.model.node import DEFAULT_IMAGE
from fastflow.model.relations import ServiceSource
from fastflow.plan import Plan, WorkflowPlan

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
    """List the checks of a plan, or of what any spec needs; with `emulator_image` none of the cloud.

    `engines` are by host, one with an empty name the current context; `unset` are variables that have no value;
    `client` is what is wrong with Docker's own settings.
    """
    if client is not None:
        yield Check("client", lambda: [Answer("client", client.message, client.hint)])
    for name, engine in engines.items():
        images = (emulator_image,) if emulator_image else _images(plan, name)
        advice = "make it: fastflow emulator build" if emulator_image else None
        looks: dict[str, Callable[[], Iterable[Answer]]] = {
            "engine": partial(look_at_engine, engine),
            "image": partial(look_at_images, engine, images, advice),
            "port": partial(look_at_ports, engine, tuple(_claims(plan, name))),
            "disk": partial(look_at_disk, engine, images),
        }
        for subject, look in looks.items():
            said = f"{subject} of host {name}" if name else subject
            yield Check(said, partial(_of_host, name, look), name, is_of_engine=subject == "engine")
    if emulator_image is None:
        clouds = [workflow.cloud for workflow in plan.workflows.values()] if plan else [Cloud()]
        for token in dict.fromkeys(cloud.token_name for cloud in clouds):
            yield Check("token", partial(look_at_token, token, values))
        for url in dict.fromkeys(cloud.url for cloud in clouds):
            yield Check("api", partial(look_at_api, url))
    for variable in unset:
        yield Check("variable", partial(look_at_variable, variable))


def _of_host(host: str, look: Callable[[], Iterable[Answer]]) -> Iterator[Answer]:
    """Say of which host something is, where the spec names hosts."""
    for answer in look():
        yield replace(answer, subject=f"{answer.subject} of host {host}") if host else answer


def _images(plan: Plan | None, host: str) -> tuple[str, ...]:
    if plan is None:
        return (DEFAULT_IMAGE,)
    here = [workflow for workflow in plan.workflows.values() if workflow.host == host]
    nodes = [phase.image for workflow in here for phase in workflow.phases]
    return tuple(dict.fromkeys([*nodes, *(image for workflow in here for image in _service_images(workflow))]))


def _service_images(workflow: WorkflowPlan) -> Iterator[str]:
    """What the services of the phases come from, other than a build or a name that is not known yet."""
    services = workflow.application.services
    built = {service.image for service in services.values() if service.has_build}
    for phase in workflow.phases:
        sources = [source.service for source in phase.sources if isinstance(source, ServiceSource)]
        for name in (*(service.name for service in phase.services), *sources):
            image = services[name].image if name in services else None
            if image is not None and image not in built and "$" not in image:
                yield image


def _claims(plan: Plan | None, host: str) -> Iterator[Claim]:
    """The fixed host ports of the nodes and of the applications of a host; the first that claims one stands for all."""
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
