"""The application's services: started with the first phase that needs them, checked again before each."""

import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from fastflow.errors import EngineError, EngineTimeoutError
from fastflow.plan import ServicePlan
from fastflow.run.addresses import with_addresses
from fastflow.run.context import PhaseContext
from fastflow.run.failure import PhaseFailedError
from fastflow.run.observer import OverdueError
from fastflow.run.ports import PROJECT, Container, Stream
from fastflow.run.verdict import Verdict, failed

_ONE_OFF = "com.docker.compose.oneoff"
_VOLUME = "com.docker.compose.volume"
_LONGER = "give them longer: services: { NAME: { timeout: 10m } }"


def ensure_services(context: PhaseContext, meanwhile: Callable[[], None] = lambda: None) -> None:
    """Bring up the services of a phase; raises PhaseFailedError where one does not come up or has died.

    `meanwhile` is done between their start and the moment in which all are up.
    """
    services = context.phase.services
    found: tuple[Container, ...] = ()
    if services:
        with context.changing_project():
            found = _start_missing(context, services)
    missing = {service.name for service in services} - {str(container.service) for container in found}
    if missing:
        raise PhaseFailedError(f"services are not there: {', '.join(sorted(missing))}")
    waiting = _Waiting(context, services)
    try:
        waiting.follow(found)
        meanwhile()
        waiting.until_up(found)
    finally:
        waiting.close()


def check_services(context: PhaseContext) -> Verdict | None:
    """Judge a phase by its services: it has failed where one has died."""
    names = {service.name for service in context.phase.services}
    for container in service_containers(context, names):
        if _is_dead(container):
            return failed(_death(container), _evidence(context, container))
    return None


def renew_services(context: PhaseContext) -> None:
    """Remove the phase's `fresh` services with their volumes, so that they are created anew."""
    fresh = context.phase.fresh
    if not fresh or not context.workflow.is_up:
        return
    with context.changing_project():
        application = context.workflow.plan.application
        context.engine.remove_containers(found.id for found in service_containers(context, set(fresh)))
        keys = {key for name in fresh if name in application.services for key in application.services[name].volumes}
        own = {key for key in keys if key in application.volumes and application.volumes[key].name is None}
        labels = context.run.labels(context.workflow)
        context.engine.remove_volumes(name for key in own for name in context.engine.volumes({**labels, _VOLUME: key}))


def service_containers(context: PhaseContext, names: set[str]) -> tuple[Container, ...]:
    """The containers of the application's services, without one-off ones."""
    project = context.run.project_name(context.workflow)
    found = context.engine.containers({PROJECT: project, _ONE_OFF: "False"})
    return tuple(container for container in found if container.service in names)


def _start_missing(context: PhaseContext, services: Sequence[ServicePlan]) -> tuple[Container, ...]:
    """Create and start the services that are not there yet; return the containers of all."""
    names = {service.name for service in services}
    found = service_containers(context, names) if context.workflow.has_services else ()
    _refuse_dead(context, found)
    existing = {container.service for container in found}
    missing = [service for service in services if service.name not in existing]
    if not missing:
        return found
    context.workflow.has_services = True
    # With its dependencies Compose would start services again that have done their work and ended.
    with_dependencies = all(container.status == "running" for container in found)
    timeout = max(service.timeout for service in missing)
    try:
        with_addresses(
            context,
            lambda project: context.engine.up(
                project,
                [service.name for service in missing],
                with_dependencies=with_dependencies,
                timeout=context.left(timeout),
                may_wait=_may_wait(context, services),
            ),
        )
    except EngineError as error:
        raise _not_started(context, missing, timeout, error) from error
    return service_containers(context, names)


def _may_wait(context: PhaseContext, services: Sequence[ServicePlan]) -> bool:
    """Whether Compose waits for the health or the end of a service before it starts another; yes, where unknown."""
    application = context.workflow.plan.application
    needed = [application.services[name] for name in application.closure(service.name for service in services)]
    conditions = {condition for service in needed for condition in service.depends_on.values()}
    return not application.is_complete or not conditions <= {"service_started"}


def _not_started(
    context: PhaseContext, missing: Sequence[ServicePlan], timeout: int, error: EngineError
) -> PhaseFailedError:
    """Say what is behind an error of Compose, which waits for dependencies while it starts services."""
    found = _of_project(context, (service.name for service in missing))
    _refuse_dead(context, found)
    late = [container for container in found if not _is_up(container)]
    if isinstance(error, EngineTimeoutError) and late:
        return _too_late(context, late, timeout)
    return PhaseFailedError(f"services: {error.message}", error.hint, is_infrastructure=True)


def _refuse_dead(context: PhaseContext, found: Iterable[Container]) -> None:
    for container in found:
        if _is_dead(container):
            raise PhaseFailedError(_death(container), _evidence(context, container))


def _of_project(context: PhaseContext, names: Iterable[str]) -> tuple[Container, ...]:
    with suppress(EngineError):
        return service_containers(context, set(names))
    return ()


def _is_up(container: Container) -> bool:
    if _has_done_its_work(container):
        return True
    return container.status == "running" and container.health in (None, "healthy")


def _has_done_its_work(container: Container) -> bool:
    return container.status == "exited" and container.exit_code == 0


def _is_dead(container: Container) -> bool:
    did_not_start = container.status == "created" and bool(container.error)
    return did_not_start or (container.has_ended and container.exit_code != 0)


def _death(container: Container) -> str:
    if container.error and container.status == "created":
        return f"service {container.service} did not start: {container.error}"
    cause = " (out of memory)" if container.oom_killed else ""
    return f"service {container.service} ended with exit code {container.exit_code}{cause}"


def _too_late(context: PhaseContext, late: Sequence[Container], timeout: int) -> PhaseFailedError:
    """The failure of a phase whose services were not up within `timeout` seconds."""
    names = sorted(f"{one.service} (unhealthy)" if one.health == "unhealthy" else str(one.service) for one in late)
    evidence = "; ".join(hint for one in late if (hint := _evidence(context, one)))
    return PhaseFailedError(
        f"services not up within {timeout} s: {', '.join(names)}", f"{evidence}; {_LONGER}" if evidence else _LONGER
    )


def _evidence(context: PhaseContext, container: Container) -> str | None:
    """Keep the log of a service that fails a phase: its container will be gone. Say where, and what it ended with."""
    log_file = context.run.folder.log(f"{context.phase.id}.service-{container.service}")
    last: deque[str] = deque(maxlen=1)

    def take(line: str) -> None:
        log_file.write(line)
        if line.strip():
            last.append(context.run.folder.mask(line.strip()))

    with suppress(EngineError):
        context.engine.read_logs(container.id, take)
    log_file.close()
    return f"the log of {container.service} ends with `{last[0]}`, see {log_file.path}" if last else None


class _Waiting:
    """Waits until services are up, each no longer than its own time."""

    def __init__(self, context: PhaseContext, services: Sequence[ServicePlan]) -> None:
        self._context = context
        self._began = time.monotonic()
        self._services = {service.name: service for service in services}
        self._matched: set[str] = set()
        self._streams: list[Stream] = []

    def follow(self, found: Iterable[Container]) -> None:
        """Read the logs that tell when a service is up."""
        for container in found:
            service = self._services[str(container.service)]
            if service.log and container.health is None and not _has_done_its_work(container):
                watch = self._watch(container.id, re.compile(service.log))
                self._streams.append(self._context.engine.follow_logs(container.id, watch))

    def _watch(self, container_id: str, pattern: re.Pattern[str]) -> Callable[[str], None]:
        def take(line: str) -> None:
            if container_id not in self._matched and pattern.search(line):
                self._matched.add(container_id)
                self._context.observer.notify()

        return take

    def until_up(self, found: tuple[Container, ...]) -> None:
        """Raise PhaseFailedError where a service dies or is late; as `Observer.wait` does, too."""
        while late := self._not_up(found):
            _refuse_dead(self._context, found)
            before, ids = found, [container.id for container in found]
            matched = len(self._matched)
            deadline = min(self._began + service.timeout for service in late)
            try:
                found = self._context.observer.wait_for_containers(
                    ids,
                    lambda now, ids=ids: (  # type: ignore[misc]  # bound now
                        len(now) < len(ids) or any(_is_dead(one) for one in now) or not self._not_up(now)
                    ),
                    min(deadline, self._context.deadline),
                    unless=lambda matched=matched: len(self._matched) != matched,  # type: ignore[misc]  # bound now
                )
            except OverdueError:
                self._refuse_late(self._context.engine.inspect(ids))
            self._refuse_gone(before, found)

    def _refuse_gone(self, before: Iterable[Container], found: Iterable[Container]) -> None:
        """Raise PhaseFailedError where somebody removed a service, other than one that had done its work."""
        left = {container.id for container in found}
        for one in before:
            is_gone = one.id not in left and not _has_done_its_work(one)
            if is_gone and self._context.observer.last_exit_code(one.id) != 0:
                raise PhaseFailedError(f"service {one.service} is gone: something else removed its container")

    def _refuse_late(self, found: Sequence[Container]) -> None:
        self._context.check()
        waited = time.monotonic() - self._began
        late = {service.name: service for service in self._not_up(found) if service.timeout <= waited}
        if late:
            timeout = next(iter(late.values())).timeout
            raise _too_late(self._context, [one for one in found if one.service in late], timeout)

    def _not_up(self, found: Iterable[Container]) -> list[ServicePlan]:
        late = {str(container.service) for container in found if not self._is_up(container)}
        return [service for name, service in self._services.items() if name in late]

    def _is_up(self, container: Container) -> bool:
        needs_log = self._services[str(container.service)].log and container.health is None
        has_log = not needs_log or container.id in self._matched or _has_done_its_work(container)
        return _is_up(container) and has_log

    def close(self) -> None:
        """Let go of the logs."""
        for stream in self._streams:
            stream.close()
