"""The application's services: started with the first phase that needs them, checked again before each."""

import re
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress

from fastflow.errors import EngineError
from fastflow.plan import SERVICES_TIMEOUT, ServicePlan
from fastflow.run.context import PhaseContext
from fastflow.run.failure import PhaseFailedError
from fastflow.run.observer import OverdueError
from fastflow.run.ports import Container, Stream

_PROJECT = "com.docker.compose.project"
_ONE_OFF = "com.docker.compose.oneoff"


def ensure_services(context: PhaseContext) -> None:
    """Bring up the services of a phase; raises PhaseFailedError where one does not come up or has died."""
    services = context.phase.services
    if not services:
        return
    names = [service.name for service in services]
    with context.workflow.lock:
        _start_missing(context, names)
    log_watches = [_LogWatch(context, service) for service in services if service.log]
    try:
        _wait_until_up(context, services, log_watches)
    finally:
        for watch in log_watches:
            watch.close()


def check_services(context: PhaseContext) -> str | None:
    """Say which service of a phase has died, if one has."""
    names = {service.name for service in context.phase.services}
    for container in service_containers(context, names):
        if _is_dead(container):
            return _death(container)
    return None


def renew_services(context: PhaseContext) -> None:
    """Remove the phase's `fresh` services with their volumes, so that they are created anew."""
    fresh = context.phase.fresh
    if not fresh:
        return
    with context.workflow.lock:
        application = context.workflow.plan.application
        context.engine.remove_containers(found.id for found in service_containers(context, set(fresh)))
        keys = {key for name in fresh if name in application.services for key in application.services[name].volumes}
        own = {key for key in keys if key in application.volumes and application.volumes[key].name is None}
        project = context.run.project_name(context.workflow)
        existing = context.engine.volumes({_PROJECT: project})
        context.engine.remove_volumes(name for name in existing if name in {f"{project}_{key}" for key in own})


def service_containers(context: PhaseContext, names: set[str]) -> tuple[Container, ...]:
    """The containers of the application's services, without one-off ones."""
    project = context.run.project_name(context.workflow)
    found = context.engine.containers({_PROJECT: project, _ONE_OFF: "False"})
    return tuple(container for container in found if container.service in names)


def _start_missing(context: PhaseContext, names: Sequence[str]) -> None:
    existing = {container.service for container in service_containers(context, set(names))}
    missing = [name for name in names if name not in existing]
    if not missing:
        return
    context.workflow.is_up = True
    try:
        # With its dependencies Compose would start services again that have done their work and ended.
        context.engine.up(
            context.project, missing, with_dependencies=not existing, timeout=context.left(SERVICES_TIMEOUT)
        )
    except EngineError as error:
        reason = next(
            (_death(found) for found in _of_project(context, missing) if _is_dead(found)), f"services: {error.message}"
        )
        raise PhaseFailedError(reason, error.hint, is_infrastructure=True) from error


def _of_project(context: PhaseContext, names: Iterable[str]) -> tuple[Container, ...]:
    with suppress(EngineError):
        return service_containers(context, set(names))
    return ()


def _wait_until_up(context: PhaseContext, services: Sequence[ServicePlan], watches: "Sequence[_LogWatch]") -> None:
    timeout = max(service.timeout for service in services)
    names = {service.name for service in services}
    containers = {found.id for found in service_containers(context, names)}
    deadline = context.within(timeout)
    dead: list[Container] = []

    def is_done(found: tuple[Container, ...]) -> bool:
        dead[:] = [container for container in found if _is_dead(container)]
        return bool(dead) or all(_is_up(container) for container in found)

    try:
        found = context.observer.wait_for_containers(containers, is_done, deadline)
        if dead:
            raise PhaseFailedError(_death(dead[0]), _last_line(context, dead[0]))
        for watch in watches:
            context.observer.wait(lambda watch=watch: watch.has_matched, deadline)  # type: ignore[misc]  # bound now
    except OverdueError:
        late = [container for container in context.engine.inspect(containers) if not _is_up(container)]
        names_late = ", ".join(sorted({str(container.service) for container in late})) or ", ".join(
            watch.name for watch in watches if not watch.has_matched
        )
        if time.monotonic() >= context.deadline:
            raise
        reason = f"services not up within {timeout} s: {names_late}"
        raise PhaseFailedError(
            reason, "see their logs; give them longer: services: { NAME: { timeout: 10m } }"
        ) from None
    missing = names - {str(container.service) for container in found}
    if missing:
        raise PhaseFailedError(f"services are not there: {', '.join(sorted(missing))}")


def _is_up(container: Container) -> bool:
    if container.status == "exited":
        return container.exit_code == 0
    return container.status == "running" and container.health in (None, "healthy")


def _is_dead(container: Container) -> bool:
    ended = container.status in ("exited", "dead") and container.exit_code != 0
    return ended or (container.status == "created" and bool(container.error))


def _death(container: Container) -> str:
    if container.error and container.status == "created":
        return f"service {container.service} did not start: {container.error}"
    cause = " (out of memory)" if container.oom_killed else ""
    return f"service {container.service} ended with exit code {container.exit_code}{cause}"


def _last_line(context: PhaseContext, container: Container) -> str | None:
    lines: list[str] = []
    stream = context.engine.follow_logs(container.id, lines.append)
    stream.join(2.0)
    stream.close()
    last = next((line for line in reversed(lines) if line.strip()), None)
    return f"its last line: {context.run.folder.mask(last.strip())}" if last else None


class _LogWatch:
    """Looks for a pattern in the log of a service."""

    def __init__(self, context: PhaseContext, service: ServicePlan) -> None:
        self.name = service.name
        self.has_matched = False
        self._pattern = re.compile(service.log or "")
        self._observer = context.observer
        found = service_containers(context, {service.name})
        self._streams: list[Stream] = [context.engine.follow_logs(container.id, self._take) for container in found]

    def _take(self, line: str) -> None:
        if not self.has_matched and self._pattern.search(line):
            self.has_matched = True
            self._observer.notify()

    def close(self) -> None:
        for stream in self._streams:
            stream.close()
