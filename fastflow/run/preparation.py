"""Before the first phase: Compose accepts every project, and every image is there. Nothing is created yet."""

import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from fastflow.errors import EngineCallError, EngineError, EngineTimeoutError, FastflowError, UsageError
from fastflow.plan import PULL_TIMEOUT
from fastflow.run.context import RunContext, WorkflowRun

AT_ONCE = 8
T = TypeVar("T")
R = TypeVar("R")


def prepare(run: RunContext, workflows: Sequence[WorkflowRun]) -> None:
    """Check the projects, pull what is missing, build what is to be built; raises FastflowError."""
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="prepare") as pool:
        resolved = list(pool.map(lambda workflow: _resolved(run, workflow), workflows))
        _each(pool, _pulls(workflows, resolved), lambda job: _pull(run, *job))
        to_build = [w for w, services in zip(workflows, resolved, strict=True) if _builds(services)]
        _each(pool, to_build, lambda workflow: _build(run, workflow))


def _each(pool: ThreadPoolExecutor, jobs: Iterable[T], do: Callable[[T], R]) -> None:
    for _ in pool.map(do, list(jobs)):
        pass


def _resolved(run: RunContext, workflow: WorkflowRun) -> dict[str, Any]:
    """What Compose makes of a project; that it refuses is a fault of the files (rule compose-invalid)."""
    try:
        told = workflow.host.engine.config(run.project(workflow))
    except EngineTimeoutError:
        raise
    except EngineCallError as error:
        name = workflow.plan.name
        message = f"Docker Compose rejects the project of workflow {name}: {run.folder.mask(error.message)}"
        raise UsageError(message, f"look at it with: fastflow config -w {name}  [compose-invalid]") from error
    services = json.loads(told).get("services")
    return services if isinstance(services, dict) else {}


def _needed(workflow: WorkflowRun) -> set[str]:
    """The services that the selected phases use."""
    needed: set[str] = set()
    for phase in workflow.plan.phases:
        if phase.is_selected:
            needed.add(phase.service)
            needed.update(service.name for service in phase.services)
            needed.update(getattr(source, "service", "") for source in phase.sources)
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
    run.note(f"pulling {image}")
    try:
        workflow.host.engine.pull(image, PULL_TIMEOUT)
    except EngineError as error:
        message = f"the image {image} cannot be pulled: {run.folder.mask(error.message)}"
        raise FastflowError(message, error.hint or "check its name, and log in to its registry") from error


def _builds(services: dict[str, Any]) -> bool:
    return any(isinstance(service, dict) and "build" in service for service in services.values())


def _build(run: RunContext, workflow: WorkflowRun) -> None:
    run.note(f"building the images of {workflow.plan.name}")
    workflow.is_up = True
    try:
        workflow.host.engine.build(run.project(workflow), PULL_TIMEOUT)
    except EngineError as error:
        message = f"the images of workflow {workflow.plan.name} cannot be built: {run.folder.mask(error.message)}"
        raise FastflowError(message, error.hint) from error
