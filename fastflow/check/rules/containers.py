"""Containers of nodes and applications: their names, volumes, images and health, and what Docker Compose rejects."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from fastflow.application.model import Application, Service
from fastflow.check.claims import Owner, conflicts
from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic, Mark, Related
from fastflow.model.compose_keys import RESTART, RESTART_HINT
from fastflow.model.node import TesterNode
from fastflow.model.node_parts import DEFAULT_IMAGE
from fastflow.model.phases import Phase
from fastflow.model.places import Place
from fastflow.model.target import target_of


@Rule(
    "container-name-conflict",
    "error",
    "the same container name twice on one host at once",
    needs_order=True,
    needs_applications=True,
).for_each_spec
def container_name_conflict(facts: Facts) -> Iterator[Diagnostic]:
    """Compare the fixed container names of nodes and applications, engine by engine."""
    by_name: dict[tuple[str, str], list[Owner]] = defaultdict(list)
    for name, owner in _claims(facts):
        if "$" not in name:
            for engine in facts.engines_of(owner.workflow):
                by_name[engine, name].append(owner)
    for name, found in conflicts(facts, ((name, owners) for (_, name), owners in by_name.items())):
        hint = "remove container_name: fastflow makes a unique name for each run"
        if found.late.phase is None:
            hint = "set publish: none in the workflow, which drops the container names of its application"
        yield container_name_conflict.finding(
            f"the container name `{name}` {found.said}", found.place, hint, found.related
        )


def _claims(facts: Facts) -> Iterator[tuple[str, Owner]]:
    for phase in facts.phases:
        if phase.node.container_name:
            place = facts.places.value(*phase.path, "container_name")
            yield phase.node.container_name, Owner(phase.workflow, place, phase.id)
    for workflow, services in facts.started.items():
        if facts.spec.workflows[workflow].publish == "none":
            continue
        for service in services:
            if service.container_name and service.container_name_mark:
                yield service.container_name, Owner(workflow, Place(service.container_name_mark))


_DROP = "remove container_name: fastflow makes a unique name for each run"


@Rule(
    "fixed-name",
    "warning",
    "a fixed port or name despite concurrent runs",
    needs_symbols=True,
    needs_applications=True,
).for_each_spec
def fixed_name(facts: Facts) -> Iterator[Diagnostic]:
    """Check workflows whose BUILD_ID has a variable."""
    for name, workflow in facts.spec.workflows.items():
        if not any(facts.is_template(phase) for phase in facts.by_workflow[name]):
            continue
        for phase in facts.by_workflow[name]:
            for at, port in enumerate(phase.node.ports or ()):
                if port.host and port.symbolic is None:
                    place = facts.places.value(*phase.path, "ports", at)
                    yield _finding(f"host port {port.host[0]} of {phase.id}", place, 'let fastflow choose: "8080"')
            if phase.node.container_name and "$" not in phase.node.container_name:
                place = facts.places.value(*phase.path, "container_name")
                yield _finding(f"the container name `{phase.node.container_name}`", place, _DROP)
        if workflow.publish != "none":
            for what, mark in _fixed(facts.started.get(name, ())):
                yield _finding(what, Place(mark), "set publish: none in the workflow, or put a variable into it")


def _fixed(services: Iterable[Service]) -> Iterator[tuple[str, Mark]]:
    for service in services:
        for port in service.ports:
            if port.host and not port.has_variable:
                yield f"host port {port.host[0]} of service `{service.name}`", port.mark
        if service.container_name and service.container_name_mark and "$" not in service.container_name:
            yield f"the container name `{service.container_name}`", service.container_name_mark


def _finding(what: str, place: Place, hint: str) -> Diagnostic:
    return fixed_name.finding(
        f"{what} is fixed, so a second pipeline on this host cannot run at the same time", place, hint
    )


_HINT = "remove the volume's `name` or `external`, so that each workflow gets its own volume"


@Rule(
    "shared-resource", "warning", "a volume with an explicit name in two workflows", needs_applications=True
).for_each_spec
def shared_resource(facts: Facts) -> Iterator[Diagnostic]:
    """Compare the volumes with explicit names that services mount, engine by engine."""
    first: dict[tuple[str, str], tuple[str, Mark]] = {}
    reported = set()
    for workflow, application in facts.applications.items():
        for name, mark in _named_volumes(application):
            for engine in facts.engines_of(workflow):
                other, earlier = first.setdefault((engine, name), (workflow, mark))
                if other == workflow or (name, workflow) in reported:
                    continue
                reported.add((name, workflow))
                message = f"{workflow} and {other} share the volume `{name}`: each reads what the other writes"
                place = facts.places.value("workflows", workflow, "compose")
                related = [Related(earlier, f"{other} mounts it here")]
                if mark != earlier:
                    related.append(Related(mark, f"{workflow} mounts it here"))
                yield shared_resource.finding(message, place, _HINT, tuple(related))


def _named_volumes(application: Application) -> Iterator[tuple[str, Mark]]:
    for service in application.services.values():
        for key, mark in service.volumes.items():
            volume = application.volumes.get(key)
            if volume is not None and volume.name is not None:
                yield volume.name, mark


@Rule(
    "healthcheck-missing", "warning", "no way to know when the application under test is up", needs_applications=True
).for_each_spec
def healthcheck_missing(facts: Facts) -> Iterator[Diagnostic]:
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
            yield healthcheck_missing.finding(message, facts.places.value(*phase.path, "test_run_uri"), hint, related)


def _attacked(facts: Facts, phase: Phase, node: TesterNode) -> Iterator[Service]:
    """The services of a phase that answer to the host in `test_run_uri`; none if they cannot be known."""
    application, target = facts.application_of(phase), target_of(node.test_run_uri)
    if application is None or target is None or facts.lost.has(phase, "services"):
        return
    needed = facts.services_of(phase)
    yield from (service for service in application.answering(target.host) if service.name in needed)


@Rule("image-unpinned", "off", "an image without tag or digest").for_each_spec
def image_unpinned(facts: Facts) -> Iterator[Diagnostic]:
    """Check the image of every node."""
    for phase in facts.phases:
        image = phase.node.image or DEFAULT_IMAGE
        if "@" in image or ":" in image.rpartition("/")[2] or "$" in image or facts.lost.has(phase, "image"):
            continue
        place = facts.places.value(*phase.path, "image")
        if phase.node.image is None:
            place = facts.node_place(phase)
        yield image_unpinned.finding(
            f"the image {image} of {phase.id} has no tag or digest", place, f"write {image}:TAG"
        )


@Rule("restart-policy", "error", "`restart` on a FAST node").for_each_spec
def restart_policy(facts: Facts) -> Iterator[Diagnostic]:
    """Check the Compose keys of every node, whatever the policy is."""
    for phase in facts.phases:
        if phase.node.container is not None and phase.node.container.key("restart") is not None:
            yield restart_policy.finding(RESTART, facts.places.key(*phase.path, "container", "restart"), RESTART_HINT)


compose_invalid = Rule("compose-invalid", "error", "a project that Docker Compose rejects", is_offline=False)
# Only Compose can find this: the code that asks it calls `rejected`.
# How Compose names inline documents: as its standard input, and as files that were written for one call.
_OUR_NAMES = r"^validating (-|\S*/fastflow-[^/\s]+/\d+\.yml): "


def rejected(facts: Facts, workflow: str, reason: str) -> Diagnostic:
    """The finding if Docker Compose rejects the project of a workflow; `reason` is in Compose's own words."""
    place = facts.places.value("workflows", workflow, "compose")
    message = f"Docker Compose rejects the project of workflow {workflow}: {re.sub(_OUR_NAMES, '', reason)}"
    return compose_invalid.finding(message, place, f"see the project: fastflow config -w {workflow}")
