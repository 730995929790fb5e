"""Waits until services are up, each no longer than its own timeout; reports at intervals what it waits for.

The log of a service that fails a phase is kept in the run's folder, because its container will be gone.
"""

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

from fastflow.errors import EngineError
from fastflow.plan import ServicePlan
from fastflow.record.result import Evidence
from fastflow.run.container import PROJECT, Container
from fastflow.run.context import PhaseContext
from fastflow.run.engine import Stream
from fastflow.run.failure import OverdueError, PhaseFailedError
from fastflow.run.service_watch import fault_of, probed

PERIOD = 15.0
"""Seconds between two notes on what the wait is for."""
_ONE_OFF = "com.docker.compose.oneoff"
_PROBE = "fix the service's healthcheck, or what it checks"
_LONGER = "give them more time: services: { NAME: { timeout: 10m } }"


def service_containers(context: PhaseContext, names: Iterable[str]) -> tuple[Container, ...]:
    """The containers of the application's services, without one-off ones."""
    wanted = set(names)
    project = context.run.project_name(context.workflow)
    found = context.engine.api.containers({PROJECT: project, _ONE_OFF: "False"})
    return tuple(container for container in found if container.service in wanted)


def refuse_faulty(context: PhaseContext, found: Iterable[Container]) -> None:
    """Raise PhaseFailedError if a service has died, did not start, or is unhealthy."""
    for container in found:
        if (fault := fault_of(container)) is not None:
            evidence = keep_log(context, container)
            did_not_start = container.status == "created"  # caused by the engine, and may not happen the next time
            hint = hint_on(evidence) or container.advice or (_PROBE if container.probe is not None else None)
            raise PhaseFailedError(fault.text, hint, is_infrastructure=did_not_start, evidence=evidence)


def is_up(container: Container) -> bool:
    """Whether a service is up as far as the engine knows."""
    return container.is_done or (container.status == "running" and container.health in (None, "healthy"))


def too_late(context: PhaseContext, late: Sequence[Container], timeout: int) -> PhaseFailedError:
    """The failure of a phase whose services were not up within `timeout` seconds."""
    names = sorted(str(one.service) for one in late)
    kept = [keep_log(context, one) for one in late]
    said = [f"{one.service}{probed(one)}" for one in late if one.probe is not None]
    hints = [*said, *(hint for evidence in kept if (hint := hint_on(evidence))), _LONGER]
    evidence = next((one for one in kept if one is not None), None)
    return PhaseFailedError(
        f"services not up within {timeout} s: {', '.join(names)}", "; ".join(hints), evidence=evidence
    )


class ServiceWait:
    """Waits until services are up, each no longer than its own timeout."""

    def __init__(self, context: PhaseContext, services: Sequence[ServicePlan]) -> None:
        self._context = context
        self._began = time.monotonic()
        self._services = {service.name: service for service in services}
        self._matched: set[str] = set()
        self._streams: list[Stream] = []

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Note every 15 s, as long as the block runs, which services are not up yet."""
        has_ended = threading.Event()

        def note() -> None:
            while not has_ended.wait(PERIOD):
                with suppress(EngineError):
                    waiting = self._waiting_for()
                    if waiting and not has_ended.is_set():
                        self._context.run.note(f"waiting for services: {waiting}", self._context.phase.id)

        with suppress(RuntimeError):  # no more threads: the phase continues without these notes
            threading.Thread(target=note, daemon=True, name="waiting").start()
        try:
            yield
        finally:
            has_ended.set()

    def _waiting_for(self) -> str:
        """Name the services that are not up yet, each with its progress."""
        states = dict.fromkeys(self._services, "not created yet")
        for container in service_containers(self._context, self._services):
            name = str(container.service)
            if self._is_up(container):
                states[name] = ""
            elif is_up(container):
                states[name] = f"running, has not printed `{self._services[name].log}`"
            else:
                state = container.health if container.status == "running" else container.status
                states[name] = f"{state}{probed(container)}"
        return ", ".join(f"{name} ({how})" for name, how in states.items() if how)

    def follow(self, found: Iterable[Container]) -> None:
        """Follow the logs that show when a service is up."""
        for container in found:
            service = self._services[str(container.service)]
            if service.log and container.health is None and not container.is_done:
                watch = self._watch(container.id, re.compile(service.log))
                self._streams.append(self._context.engine.api.follow_logs(container.id, watch))

    def _watch(self, container_id: str, pattern: re.Pattern[str]) -> Callable[[str], None]:
        def take(line: str) -> None:
            if container_id not in self._matched and pattern.search(line):
                self._matched.add(container_id)
                self._context.observer.notify()

        return take

    def until_up(self, found: tuple[Container, ...]) -> tuple[Container, ...]:
        """Return the containers when all are up.

        Raises PhaseFailedError if a service dies, turns unhealthy or is late; also raises as `Observer.wait` does.
        """
        while late := self._not_up(found):
            refuse_faulty(self._context, found)
            before, ids = found, [container.id for container in found]
            matched = len(self._matched)
            deadline = min(self._began + service.timeout for service in late)
            try:
                found = self._context.observer.wait_for_containers(
                    ids,
                    lambda now, ids=ids: (  # type: ignore[misc]  # bound now
                        len(now) < len(ids) or any(fault_of(one) for one in now) or not self._not_up(now)
                    ),
                    min(deadline, self._context.deadline),
                    unless=lambda matched=matched: len(self._matched) != matched,  # type: ignore[misc]  # bound now
                )
            except OverdueError:
                self._refuse_late(self._context.engine.api.inspect(ids))
            self._refuse_gone(before, found)
        return found

    def _refuse_gone(self, before: Iterable[Container], found: Iterable[Container]) -> None:
        """Raise PhaseFailedError if a service was removed, unless it had done its work."""
        left = {container.id for container in found}
        for one in before:
            is_gone = one.id not in left and not one.is_done
            if is_gone and self._context.observer.last_exit_code(one.id) != 0:
                raise PhaseFailedError(f"service {one.service} is gone: something else removed its container")

    def _refuse_late(self, found: Sequence[Container]) -> None:
        self._context.check()
        waited = time.monotonic() - self._began
        late = {service.name: service for service in self._not_up(found) if service.timeout <= waited}
        if late:
            timeout = next(iter(late.values())).timeout
            raise too_late(self._context, [one for one in found if one.service in late], timeout)

    def _not_up(self, found: Iterable[Container]) -> list[ServicePlan]:
        late = {str(container.service) for container in found if not self._is_up(container)}
        return [service for name, service in self._services.items() if name in late]

    def _is_up(self, container: Container) -> bool:
        needs_log = self._services[str(container.service)].log and container.health is None
        has_log = not needs_log or container.id in self._matched or container.is_done
        return is_up(container) and has_log

    def close(self) -> None:
        """Stop following the logs."""
        for stream in self._streams:
            stream.close()


def keep_log(context: PhaseContext, container: Container, until: str | None = None) -> Evidence | None:
    """Keep the log of a service that fails a phase, because its container will be gone; return its last lines.

    `until` (the engine's time) is when it failed, if it has printed more since.
    """
    log_file = context.run.folder.log(f"{context.phase.id}.service-{container.service}")
    with suppress(EngineError):
        context.engine.api.read_logs(container.id, log_file.write, until)
    log_file.close()
    return log_file.evidence(f"service {container.service}")


def hint_on(evidence: Evidence | None) -> str | None:
    """Quote the end of a log, and say where the rest is."""
    if evidence is None:
        return None
    last = next(line.strip() for line in reversed(evidence.lines) if line.strip())
    return f"the log of {evidence.of.removeprefix('service ')} ends with `{last}`, see {evidence.log}"
