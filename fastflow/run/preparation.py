"""Before the first phase: Compose accepts every project, and every image is there. Nothing is created yet."""

import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any, TypeVar

from fastflow.errors import EngineCallError, EngineError, EngineTimeoutError, FastflowError, RejectedProjectError
from fastflow.model.source import ServiceSource
from fastflow.plan import PULL_TIMEOUT
from fastflow.run.accepted import accepted_by
from fastflow.run.context import RunContext, WorkflowRun
from fastflow.run.ports import Engine

AT_ONCE = 8
T = TypeVar("T")
R = TypeVar("R")


def prepare(run: RunContext, workflows: Sequence[WorkflowRun]) -> None:
    """Check the projects and the gates' files, pull what is missing, build what is to be built.

    Raises FastflowError; what else is under way is interrupted then.
    """
    for phase in run.plan.selected:
        run.accepted[phase.id] = accepted_by(phase, run.plan.directory)
    engines = [workflow.host.engine for workflow in workflows]
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="prepare") as pool:
        resolved = list(pool.map(lambda workflow: _resolved(run, workflow), workflows))
        _each(pool, _pulls(workflows, resolved), lambda job: _pull(run, *job), engines)
        to_build = [w for w, services in zip(workflows, resolved, strict=True) if _builds(w, services)]
        _each(pool, to_build, lambda workflow: _build(run, workflow), engines)


def _each(pool: ThreadPoolExecutor, jobs: Iterable[T], do: Callable[[T], R], engines: Sequence[Engine]) -> None:
    under_way = [pool.submit(do, job) for job in jobs]
    try:
        for job in as_completed(under_way):
            job.result()
    except BaseException:
        for job in under_way:
            job.cancel()
        for engine in engines:
            engine.interrupt()  # a pull may take minutes, and nobody waits for it any more
        raise


def _resolved(run: RunContext, workflow: WorkflowRun) -> dict[str, Any]:
    """What Compose makes of a project; that it refuses is a fault of the files (rule compose-invalid)."""
    try:
        told = workflow.host.engine.config(run.project(workflow))
    except EngineTimeoutError:
        raise
    except EngineCallError as error:
        name, reason = workflow.plan.name, run.folder.mask(error.message)
        message = f"Docker Compose rejects the project of workflow {name}: {reason}"
        raise RejectedProjectError(message, workflow=name, reason=reason) from error
    services = json.loads(told).get("services")
    return services if isinstance(services, dict) else {}


def _needed(workflow: WorkflowRun) -> set[str]:
    """The services that the selected phases use."""
    needed: set[str] = set()
    for phase in workflow.plan.phases:
        if phase.is_selected:
            needed.add(phase.service)
            needed.update(service.name for service in phase.services)
            needed.update(source.service for source in phase.sources if isinstance(source, ServiceSource))
    return needed


def _pulls(workflows: Sequence[WorkflowRun], resolved: Sequence[dict[str, Any]]) -> list[tuple[WorkflowRun, str]]:
    images: dict[tuple[str, str], WorkflowRun] = {}
    for workflow, services in zip(workflows, resolved, strict=True):
        for name in _needed(workflow) & set(services):
            service = services[name]
            if "build" not in service and isinstance(service.get("image"), str):
                images.setdefault((workflow.host.name, service["image"]), workflow)
    found = []
    for host in {workflow.host.name: workflow.host for workflow in workflows}.values():
        wanted = sorted(image for name, image in images if name == host.name)
        found += [(images[host.name, image], image) for image in host.engine.missing_images(wanted)]
    return found


def _pull(run: RunContext, workflow: WorkflowRun, image: str) -> None:
    if run.cancellation.is_set:
        return
    run.note(f"pulling {image}")
    try:
        workflow.host.engine.pull(image, PULL_TIMEOUT)
    except EngineError as error:
        message = f"the image {image} cannot be pulled: {run.folder.mask(error.message)}"
        raise FastflowError(message, error.hint or "check its name, and log in to its registry") from error


def _builds(workflow: WorkflowRun, services: dict[str, Any]) -> bool:
    return any("build" in services[name] for name in _needed(workflow) & set(services))


def _build(run: RunContext, workflow: WorkflowRun) -> None:
    if run.cancellation.is_set:
        return
    run.note(f"building the images of {workflow.plan.name}")
    workflow.is_up = True
    try:
        workflow.host.engine.build(run.project(workflow), PULL_TIMEOUT)
    except EngineError as error:
        message = f"the images of workflow {workflow.plan.name} cannot be built: {run.folder.mask(error.message)}"
        raise FastflowError(message, error.hint) from error
