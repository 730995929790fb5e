"""Removes what a run created: exactly the objects that carry its label, containers by id, then the rest.

Never with `docker compose down -v`, which deletes volumes of others. Volumes that are external or have an explicit
name are the user's and carry no label of a run.
"""

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from fastflow.compose import project_name
from fastflow.errors import EngineError, EngineTimeoutError
from fastflow.model.compose_keys import LABEL
from fastflow.run.at_once import at_once
from fastflow.run.container import PROJECT
from fastflow.run.context import Host, RunContext, WorkflowRun
from fastflow.run.engine import Engine
from fastflow.run.lease import ROLE
from fastflow.run.networks import ROLE as SHARED
from fastflow.run.networks import made_networks, remove_unused
from fastflow.run.observer import try_again

_ENGINE_PATIENCE = 20.0
"""Seconds that an engine that cannot be reached at the end of a run gets to come back."""


def remove_project(engine: Engine, run: str, project: str, patience: float = 0.0) -> tuple[str, ...]:
    """Remove what is left of one workflow; return commands that remove what could not be removed.

    Not its images: another workflow of the run may use them.
    An engine that cannot be reached has `patience` seconds to come back.
    """
    return _remove(engine, {PROJECT: project}, {PROJECT: project, f"{LABEL}.run": run}, patience)


def remove_run(engine: Engine, run: str, projects: Iterable[str], patience: float = 0.0) -> tuple[str, ...]:
    """Remove everything that carries a run's label except its leases; return what could not be removed."""
    left: list[str] = []
    for project in dict.fromkeys(projects):
        left.extend(remove_project(engine, run, project, patience))
    left.extend(_remove(engine, {f"{LABEL}.run": run}, {f"{LABEL}.run": run}, patience))
    if try_again(lambda: _remove_images(engine, run), patience=patience) is not None:
        with suppress(EngineError):
            left += [f"docker image rm {name}" for name in _own_images(engine, run)]
    return tuple(dict.fromkeys(left))


def _remove(engine: Engine, labels: Mapping[str, str], own: Mapping[str, str], patience: float) -> tuple[str, ...]:
    error = try_again(lambda: _remove_once(engine, labels, own), patience=patience)
    if error is None:
        return ()
    left: list[str] = []
    with suppress(EngineError):
        left += [
            f"docker rm -f -v {found.id[:12]}" for found in engine.api.containers(labels) if not _is_lease(found.labels)
        ]
        left += [f"docker network rm {found[:12]}" for found in engine.api.networks(labels)]
        left += [f"docker volume rm {found}" for found in engine.api.volumes(own)]
        return tuple(left)
    filters = " ".join(f"--filter label={key}={value}" for key, value in labels.items())
    return (f"docker rm -f -v $(docker ps -aq {filters})", f"docker network rm $(docker network ls -q {filters})")


def _remove_once(engine: Engine, labels: Mapping[str, str], own: Mapping[str, str]) -> None:
    """Remove all kinds of objects, even if one fails; raise the first error."""

    def remove_containers() -> None:
        engine.api.remove_containers(
            [found.id for found in engine.api.containers(labels) if not _is_lease(found.labels)]
        )

    def remove_networks() -> None:
        shared = engine.api.networks({**labels, f"{LABEL}.role": SHARED})
        engine.api.remove_networks(found for found in engine.api.networks(labels) if found not in shared)
        remove_unused(engine, shared)

    steps = (
        remove_containers,
        remove_networks,
        lambda: engine.api.remove_volumes(engine.api.volumes(own)),
    )
    errors: list[EngineError] = []
    for step in steps:
        error = try_again(step, times=1)
        if isinstance(error, EngineTimeoutError):
            raise error  # an engine that hangs would make each of the others wait as long
        errors += [error] if error is not None else []
    if errors:
        raise errors[0]


def _remove_images(engine: Engine, run: str) -> None:
    """Remove the images, then the layers of removed images, which Podman lists only afterwards."""
    before: tuple[str, ...] = ()
    while (found := _own_images(engine, run)) and found != before:
        engine.api.remove_images(found)
        before = found


def _own_images(engine: Engine, run: str) -> tuple[str, ...]:
    """The images that were built under the run's name; a name that a user gave to one belongs to the user."""
    lead = project_name(run, "")
    found = engine.api.images({f"{LABEL}.run": run})
    return tuple(name for name in found if name.startswith("sha256:") or name.rpartition("/")[2].startswith(lead))


def _is_lease(labels: Mapping[str, str]) -> bool:
    return labels.get(f"{LABEL}.role") == ROLE


class CleanUp:
    """Removes what a run creates: a workflow when its last phase has ended, and the rest at the end."""

    def __init__(self, run: RunContext, workflows: Sequence[WorkflowRun]) -> None:
        self.leftovers: list[str] = []
        """Commands that remove what could not be removed."""
        self._run = run
        self._workflows = workflows
        self._threads: dict[str, threading.Thread] = {}
        self._patient_until = 0.0

    @property
    def hosts(self) -> list[Host]:
        """The engines of these workflows, each once."""
        return list({workflow.host.name: workflow.host for workflow in self._workflows}.values())

    def leave(self, workflow: WorkflowRun) -> None:
        """Note that a phase of a workflow has ended; after the last one, remove its services while others go on."""
        workflow.unfinished -= 1
        if workflow.unfinished == 0 and workflow.is_up and not self._run.settings.keep:
            name = workflow.plan.name
            thread = threading.Thread(target=self._remove, args=(workflow,), name=f"removal {name}", daemon=True)
            with suppress(RuntimeError):  # no more threads: it is removed with the rest, at the end
                thread.start()
                self._threads[name] = thread

    def wait(self, workflows: Iterable[str]) -> None:
        """Wait for the removals of these workflows that have begun."""
        for name in workflows:
            if name in self._threads:
                self._threads[name].join()

    def finish(self) -> None:
        """Remove all that is left, and detach from the engines."""
        self._patient_until = time.monotonic() + _ENGINE_PATIENCE
        self.wait(tuple(self._threads))
        if not self._run.settings.keep:
            at_once(self._remove, [workflow for workflow in self._workflows if workflow.is_up])
            at_once(self._sweep, self.hosts)
            # Compose may have been killed while the engine made a network for it, which has only appeared now.
            at_once(self._sweep, [host for host in self.hosts if host.engine.compose.settle()])
        for host in self.hosts:
            host.observer.close()

    def _remove(self, workflow: WorkflowRun) -> None:
        project = self._run.project_name(workflow)
        left = remove_project(workflow.host.engine, self._run.settings.run, project, self._patience)
        workflow.is_up = bool(left)
        unfinished = [other for other in self._workflows if other.unfinished and other.host is workflow.host]
        _remove_made_networks(workflow.host, [workflow], unfinished)

    def _sweep(self, host: Host) -> None:
        """Remove what is left on an engine, including objects that interrupted calls were still creating."""
        here = [workflow for workflow in self._workflows if workflow.host is host]
        projects = [self._run.project_name(workflow) for workflow in here if workflow.is_up]
        self.leftovers.extend(remove_run(host.engine, self._run.settings.run, projects, self._patience))
        _remove_made_networks(host, here)

    @property
    def _patience(self) -> float:
        """The seconds that an unreachable engine gets to come back; a cancelled run has none to spare."""
        return 0.0 if self._run.cancellation.is_set else max(0.0, self._patient_until - time.monotonic())


def _remove_made_networks(host: Host, of: Iterable[WorkflowRun], but: Iterable[WorkflowRun] = ()) -> None:
    """Remove the networks with explicit names that runs made and nobody uses, except those of some."""
    names, kept = ({net.name for one in those for _, net in one.resolved.made} for those in (of, but))
    with suppress(EngineError):  # the sweep reports what is left of this run
        remove_unused(host.engine, made_networks(host.engine, sorted(names - kept)))
