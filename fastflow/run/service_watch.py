"""Watches a phase's services from the moment when all are up: by the engine's events, and a last look."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC

from fastflow.run.container import Container, ContainerEvent, moment
from fastflow.run.observer import Observer

_LONGEST_PROBE = 300  # characters
_OUT_OF_MEMORY = "oom"
_UNHEALTHY = "health_status: unhealthy"


@dataclass(frozen=True, slots=True)
class Fault:
    """A service's fault in words; `time` (the engine's own, RFC 3339) is when it began, if that is known.

    `container` is its last known state.
    """

    container: Container
    text: str
    time: str | None = None
    has_restarted: bool = False


def fault_of(container: Container) -> Fault | None:
    """The present fault of a service's container; None if it is up, has done its work, or may yet come up."""
    name = container.service
    if container.error and container.status == "created":
        return Fault(container, f"service {name} did not start: {container.error}")
    if container.has_ended and not container.is_done:
        return Fault(container, ending(container, container.exit_code, container.oom_killed))
    if container.status == "running" and container.health == "unhealthy":
        return Fault(container, f"service {name} is unhealthy{probed(container)}")
    return None


def ending(container: Container, exit_code: int, is_out_of_memory: bool) -> str:
    """Say how a service ended."""
    cause = " (out of memory)" if is_out_of_memory else ""
    return f"service {container.service} ended with exit code {exit_code}{cause}"


def probed(container: Container) -> str:
    """The output of the last failed healthcheck, in a form to append to a sentence; "" if none is known."""
    if container.probe is None:
        return ""
    output = " ".join(container.probe.output.split())[-_LONGEST_PROBE:]
    if container.probe.exit_code < 0:  # the engine gave up on it, and says so itself
        return f": its last healthcheck: {output}"
    return f": its last healthcheck ended with exit code {container.probe.exit_code}" + (output and f": {output}")


class ServiceWatch:
    """Follows the services of a phase. `close` ends it.

    Events of a container before `begin` do not count: it may restart until it is up for the first time.
    """

    def __init__(self, observer: Observer, attacked: Collection[str] = ()) -> None:
        """Services that are `attacked` fail the phase however they end; others may end with 0."""
        self.sent = ""
        """The node's last request when the first service failed, if it is known."""
        self._observer = observer
        self._attacked = frozenset(attacked)
        self._before: dict[str, Container] = {}
        self._seen: list[ContainerEvent] = []
        self._begun = 0
        observer.listeners.append(self._take)

    def close(self) -> None:
        """Stop listening to events."""
        if self._take in self._observer.listeners:
            self._observer.listeners.remove(self._take)

    def _take(self, event: ContainerEvent) -> None:
        self._seen.append(event)

    def begin(self, found: Iterable[Container]) -> None:
        """From now on, watch these containers, which are up."""
        self._begun = len(self._seen)
        self._before = {container.id: container for container in found}

    @property
    def is_watching(self) -> bool:
        """Whether there is a service to watch, and all were up."""
        return bool(self._before)

    def targets(self) -> tuple[str, ...]:
        """The containers of the services that are attacked, if they were running."""
        return tuple(one.id for one in self._before.values() if one.service in self._attacked and one.is_alive)

    def is_disturbed(self) -> bool:
        """Whether an event showed a fault; quick, asks no engine."""
        return self._first() is not None

    def first_fault_at(self) -> str | None:
        """The time of the first fault that an event showed."""
        first = self._first()
        return first.time if first is not None else None

    def _first(self) -> ContainerEvent | None:
        faults = (fault for before in self._before.values() for fault in self._faults_of(before)[:1])
        return min(faults, key=lambda event: event.time or "", default=None)

    def _faults_of(self, before: Container) -> list[ContainerEvent]:
        is_attacked = before.service in self._attacked
        return [
            event
            for event in self._of(before)
            if event.action in (_OUT_OF_MEMORY, _UNHEALTHY)
            or (event.action == "die" and (event.exit_code != 0 or is_attacked))
        ]

    def _of(self, before: Container) -> Iterator[ContainerEvent]:
        """The events of a container since it was up, without the ends of its earlier starts."""
        for number, event in enumerate(tuple(self._seen)):
            is_old = number < self._begun and event.action == _UNHEALTHY
            if event.id == before.id and not is_old and not _is_before(event.time, before.started_at):
                yield event

    def faults(self, found: Iterable[Container]) -> tuple[Fault, ...]:
        """Judge all services by the events and by their present state; the first to fail comes first."""
        now = {container.id: container for container in found}
        faults = [fault for before in self._before.values() if (fault := self._fault(before, now.get(before.id)))]
        return tuple(sorted(faults, key=lambda fault: fault.time or "9"))

    def _fault(self, before: Container, now: Container | None) -> Fault | None:
        if before.is_done and (now is None or now.is_done or now.is_alive):
            return None
        if now is None:
            return self._fault_of_missing(before)
        if faults := self._faults_of(before):
            return self._described(before, now, faults)
        fault = fault_of(now)
        if fault is not None:
            return replace(fault, time=now.finished_at if now.has_ended else None)
        if now.oom_killed and not before.oom_killed:
            return Fault(now, f"service {now.service} ran out of memory")
        if now.is_done and before.service in self._attacked:
            return Fault(now, ending(now, 0, False), now.finished_at)
        return self._restarted(before, now)

    def _fault_of_missing(self, before: Container) -> Fault | None:
        code = self._observer.last_exit_code(before.id)
        if code is None:
            return Fault(before, f"service {before.service} is gone: something else removed its container")
        faults = self._faults_of(before)
        return self._described(before, before, faults) if faults else None

    def _described(self, before: Container, now: Container, faults: Sequence[ContainerEvent]) -> Fault:
        """Describe the first fault that an event showed, its time, and its outcome."""
        is_first = faults[0] is self._first()
        is_out_of_memory = any(event.action == _OUT_OF_MEMORY for event in faults) or now.oom_killed
        event = faults[0]
        if event.action == _OUT_OF_MEMORY:  # the end that follows it says more
            event = next((later for later in faults if later.action == "die"), event)
        if event.action == "die":
            text = ending(now, event.exit_code or 0, is_out_of_memory) + _at(event.time) + _restarts(before, now)
        elif event.action == _OUT_OF_MEMORY:
            text = f"service {now.service} ran out of memory{_at(event.time)}"
        else:
            text = f"service {now.service} turned unhealthy{_at(event.time)}"
        text += f", after the node had sent {self.sent}" if self.sent and is_first else ""
        text += probed(now) if event.action == _UNHEALTHY else ""
        return Fault(now, text, event.time, has_restarted=bool(_restarts(before, now)))

    def _restarted(self, before: Container, now: Container) -> Fault | None:
        """The fault of a service that ended with 0, or without an event, and runs again."""
        if not _restarts(before, now):
            return None
        died = next((event for event in self._of(before) if event.action == "die"), None)
        text, time = f"service {now.service} was restarted{_at(now.started_at)}", now.started_at
        if died is not None:
            text = ending(now, died.exit_code or 0, False) + _at(died.time) + _restarts(before, now)
            time = died.time
        return Fault(now, text, time, has_restarted=True)


def _restarts(before: Container, now: Container) -> str:
    count = now.restart_count - before.restart_count
    if count > 1:
        return f", and was restarted {count} times"
    return ", and was restarted" if count == 1 or (now.is_alive and now.started_at != before.started_at) else ""


def _is_before(time: str | None, other: str | None) -> bool:
    return bool(time and other) and moment(str(time)) < moment(str(other))


def _at(time: str | None) -> str:
    return f" at {moment(time).astimezone(UTC):%H:%M:%S} UTC" if time else ""
