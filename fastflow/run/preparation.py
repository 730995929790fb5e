"""Before the first phase: make sure that Compose accepts every project, and get every image. Creates nothing else."""

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from fastflow.application.built import stages_of
from fastflow.application.resolved import Resolved, resolve
from fastflow.errors import EngineCallError, EngineError, EngineTimeoutError, FastflowError, RejectedProjectError
from fastflow.plan import PULL_TIMEOUT
from fastflow.record.plan_file import RunImage
from fastflow.run.context import RunContext, WorkflowRun
from fastflow.run.engine import Engine
from fastflow.run.gate import accepted_by
from fastflow.run.holding import mark_on

AT_ONCE = 8
_NEVER_HINT = "build or load the image first, or remove pull_policy"
T = TypeVar("T")
R = TypeVar("R")


def prepare(run: RunContext, workflows: Sequence[WorkflowRun]) -> None:
    """Check the projects and the gates' files, pull missing images, and build those with a `build` section.

    Raises FastflowError; everything else under way is then interrupted.
    """
    for phase in run.plan.selected:
        run.accepted[phase.id] = accepted_by(phase, run.plan.directory)
    engines = [workflow.host.engine for workflow in workflows]
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="prepare") as pool:
        resolved = pool.map(lambda workflow: _resolved(run, workflow), workflows)
        _take(run, list(zip(workflows, resolved, strict=True)))
        _each(pool, _pulls(workflows), lambda job: _pull(run, *job), engines)
        to_build = _to_build(workflows)
        for host in {workflow.host.name: workflow.host for workflow, _ in to_build}.values():
            run.held += mark_on(run, host)  # else `down --all` takes the images for those of a dead run
        _each(pool, to_build, lambda job: _build(run, *job), engines)
    run.folder.write_images(_images(workflows))


def _take(run: RunContext, projects: Sequence[tuple[WorkflowRun, Resolved]]) -> None:
    """Give each workflow its project as Compose resolved it, and the images that others build on its engine."""
    for workflow, own in projects:
        others = [other for near, other in projects if near.host is workflow.host and other is not own]
        workflow.resolved = own.with_others(build for other in others for build in other.builds.values())
        images = workflow.resolved.images
        run.built.update({phase.id: images[phase.service] for phase in workflow.plan.phases if phase.service in images})


def _each(pool: ThreadPoolExecutor, jobs: Iterable[T], do: Callable[[T], R], engines: Sequence[Engine]) -> None:
    under_way = [pool.submit(do, job) for job in jobs]
    try:
        for job in as_completed(under_way):
            job.result()
    except BaseException:
        for job in under_way:
            job.cancel()
        for engine in engines:
            engine.compose.interrupt()  # a pull may take minutes, and is no longer needed
        raise


def _resolved(run: RunContext, workflow: WorkflowRun) -> Resolved:
    """A project as Compose resolves it; a refusal is a fault of the files (rule compose-invalid)."""
    try:
        text = workflow.host.engine.compose.config(run.project(workflow))
    except EngineTimeoutError:
        raise
    except EngineCallError as error:
        name, reason = workflow.plan.name, run.folder.mask(error.message)
        message = f"Docker Compose rejects the project of workflow {name}: {reason}"
        raise RejectedProjectError(message, workflow=name, reason=reason) from error
    return resolve(json.loads(text), run.project_name(workflow))


def _pulls(workflows: Sequence[WorkflowRun]) -> list[tuple[WorkflowRun, str, str | None]]:
    """Missing images and their platforms. Raises FastflowError if all services of one have `pull_policy: never`."""
    users: dict[tuple[str, str], tuple[WorkflowRun, str]] = {}
    for workflow in workflows:
        services, own = workflow.resolved.services, workflow.resolved.images
        for name in sorted(workflow.plan.used & (set(services) - set(own))):
            image, may_pull = services[name].get("image"), services[name].get("pull_policy") != "never"
            if isinstance(image, str) and (may_pull or (workflow.host.name, image) not in users):
                users[workflow.host.name, image] = workflow, name
    found = []
    for host in {workflow.host.name: workflow.host for workflow in workflows}.values():
        wanted = sorted(image for name, image in users if name == host.name)
        for image in host.engine.api.missing_images(wanted):
            workflow, name = users[host.name, image]
            service = workflow.resolved.services[name]
            if service.get("pull_policy") == "never":
                says = f"service {name} of workflow {workflow.plan.name} says pull_policy: never"
                raise FastflowError(f"the image {image} is not on the engine, and {says}", _NEVER_HINT)
            found.append((workflow, image, service.get("platform")))
    return found


def _pull(run: RunContext, workflow: WorkflowRun, image: str, platform: str | None) -> None:
    if run.cancellation.is_set:
        return
    run.note(f"pulling {image}")
    try:
        workflow.host.engine.compose.pull(image, PULL_TIMEOUT, platform)
    except EngineError as error:
        message = f"the image {image} cannot be pulled: {run.folder.mask(error.message)}"
        raise FastflowError(message, error.hint or "check its name, and log in to its registry") from error


def _to_build(workflows: Sequence[WorkflowRun]) -> list[tuple[WorkflowRun, tuple[str, ...]]]:
    """The workflows that build images for selected phases of any workflow, and for which services."""
    images = {(one.host.name, one.resolved.images.get(name)) for one in workflows for name in one.plan.used}
    found = []
    for workflow in workflows:
        builds = workflow.resolved.builds.values()
        if wanted := tuple(build.service for build in builds if (workflow.host.name, build.image) in images):
            found.append((workflow, wanted))
    return found


def _build(run: RunContext, workflow: WorkflowRun, services: Iterable[str]) -> None:
    run.note(f"building the images of {workflow.plan.name}")
    workflow.is_up = True
    with tempfile.TemporaryDirectory(prefix="fastflow-") as scratch:
        project = run.project(workflow, resolved=workflow.resolved.written_to(Path(scratch)))
        try:
            for stage in stages_of(workflow.resolved.builds, services):
                if not run.cancellation.is_set:
                    workflow.host.engine.compose.build(project, stage, PULL_TIMEOUT)
        except EngineError as error:
            message = f"the images of workflow {workflow.plan.name} cannot be built: {run.folder.mask(error.message)}"
            raise FastflowError(message, error.hint) from error


def _images(workflows: Sequence[WorkflowRun]) -> Iterator[RunImage]:
    """The images that the services and nodes of a run will run; if an engine gives no answer, the phases ask it."""
    for host in {workflow.host.name: workflow.host for workflow in workflows}.values():
        here = [workflow for workflow in workflows if workflow.host is host]
        names = {(one.plan.name, service): name for one in here for service, name in _image_names(one)}
        with suppress(EngineError):
            known = host.engine.api.identify_images(names.values())
            for (workflow, service), name in names.items():
                if (identity := known.get(name)) is not None:
                    yield RunImage(workflow, service, name, identity.id, identity.content, identity.digest)


def _image_names(workflow: WorkflowRun) -> Iterator[tuple[str, str]]:
    """The services that a workflow's phases use, with the names of their images."""
    for service in sorted(workflow.plan.used & set(workflow.resolved.services)):
        name = workflow.resolved.images.get(service) or workflow.resolved.services[service].get("image")
        if isinstance(name, str):
            yield service, name
