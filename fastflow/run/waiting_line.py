"""The queue of runs that wait for a lease on an engine: first come, first served.

Each waiting run holds a ticket, which is a separate lease with a number. The number is one more than the highest
existing one, and an engine creates a name only once, so no clock decides who came first. A run takes its leases when
nobody with a lower number wants one of them. The order is the same for all, so nobody waits forever and no two runs
wait for each other. A ticket ends with its process, as every lease does.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from fastflow.errors import BuildIdInUseError, EngineError
from fastflow.model.compose_keys import LABEL
from fastflow.run.container import Container
from fastflow.run.engine import Engine, Lease
from fastflow.run.interrupting import Interrupter
from fastflow.run.lease import (
    REPLACE,
    ROLE,
    LeaseKey,
    described,
    holders_of,
    in_use,
    key_of,
    run_of,
    take_leases,
    token_fingerprint,
)
from fastflow.run.observer import Cancellation

WAITS_FOR = f"{LABEL}.waits-for"
_LINE = token_fingerprint("the waiting line")
_TRIES = 100
_LOOK = 1.0
"""Seconds between two checks for runs in the way, unless the engine reports a change earlier."""
_AGAIN = 15.0
"""Seconds after which a run repeats for whom it waits."""
NO_CONSENT = "it is not cancelled, because it is of another spec without `cancel_in_progress`"
_START_GRACE = 10.0
"""Seconds after which a created but unstarted ticket counts as one of a dead process."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How a run deals with runs in its way, until `deadline` (monotonic).

    It waits for them in the queue if it `waits`, and cancels those that `cancels` accepts by the labels of a lease or
    a ticket, to replace them. `limit` names the origin of the deadline, for messages.
    """

    deadline: float
    waits: bool = True
    cancels: Callable[[Mapping[str, str]], bool] = lambda _: False
    limit: str = "--wait-lease"

    def over(self, error: BuildIdInUseError, place: int) -> BuildIdInUseError:
        """The error that ends a run at its deadline, in place of the one that it waited out."""
        message = f"{error.message}, and the time limit of {self.limit} has passed (place {place} in line)"
        return BuildIdInUseError(message, error.hint)


@dataclass
class Announcer:
    """Notes for whom a run waits and at which place: at once, at each change, and every 15 seconds."""

    note: Callable[[str], None]
    _noted: tuple[str, int] | None = None
    _noted_at: float = 0.0

    def announce(self, obstacle: BuildIdInUseError, place: int) -> None:
        """Note it if it is time to."""
        state, now = (obstacle.message, place), time.monotonic()
        if state != self._noted or now - self._noted_at >= _AGAIN:
            self.note(f"waiting at place {place} in line: {obstacle.message}")
            self._noted, self._noted_at = state, now


@dataclass(frozen=True, slots=True)
class LeaseRequest:
    """The leases that a run wants on an engine, and the labels and the image of their containers."""

    engine: Engine
    keys: tuple[LeaseKey, ...]
    image: str
    labels: Mapping[str, str]
    note: Callable[[str], None]

    @property
    def run(self) -> str:
        """The run's id."""
        return self.labels[f"{LABEL}.run"]

    def take(self) -> tuple[Lease, ...]:
        """Take all or none. Raises BuildIdInUseError if another run holds one, or waits in the queue for one."""
        for other in _tickets(self.engine):
            if other.container.is_alive and (key := self.wanted_by(other)) is not None:
                raise _before(key, other.container)
        return self._take()

    def wait(self, cancellation: Cancellation, patience: Patience) -> tuple[Lease, ...]:
        """Take all in turn; nothing if the run is cancelled. Raises BuildIdInUseError at the deadline.

        Also raises it for a run that it neither waits for nor replaces.
        """
        line, announcer = _Line(self), Announcer(self.note)
        interrupter = Interrupter(REPLACE)
        with line.joined():
            while not cancellation.is_set:
                obstacles = line.obstacles()
                first = obstacles[0].error if obstacles else None
                if first is None:
                    try:
                        return self._take()
                    except BuildIdInUseError as error:
                        first = error
                self._cancel(obstacles, patience, interrupter)
                if (left := patience.deadline - time.monotonic()) <= 0:
                    raise patience.over(first, line.place)
                announcer.announce(first, line.place)
                with cancellation.changed:
                    if not cancellation.is_set:
                        cancellation.changed.wait(min(left, _LOOK))
        return ()

    def _cancel(self, obstacles: "Sequence[Obstacle]", patience: Patience, interrupter: Interrupter) -> None:
        """Cancel the runs that this one replaces; raises if it does not even wait for one of the others."""
        for one in obstacles:
            if not patience.waits and not patience.cancels(one.container.labels):
                raise BuildIdInUseError(f"{one.error.message}; {NO_CONSENT}", one.error.hint)
        for one in obstacles:
            run = run_of(one.container)
            is_first = patience.cancels(one.container.labels) and interrupter.interrupt(
                run, [(self.engine, one.container.id)]
            )
            if is_first:
                spec = one.container.labels.get(f"{LABEL}.spec", "?")
                self.note(f"cancelling {described(one.container)} of {spec}, to take its place (cancel_in_progress)")

    def _take(self) -> tuple[Lease, ...]:
        return take_leases(self.engine, self.keys, image=self.image, labels=self.labels, note=self.note)

    def wanted_by(self, other: "_Ticket") -> LeaseKey | None:
        """A key that another run waits for and this one wants."""
        if run_of(other.container) == self.run:
            return None
        return next((key for key in other.keys if any(key.excludes(own) for own in self.keys)), None)


class Obstacle(NamedTuple):
    """A lease or a ticket of another run that is in the way, and its error."""

    container: Container
    error: BuildIdInUseError


@dataclass(frozen=True, slots=True)
class _Ticket:
    number: int
    keys: tuple[LeaseKey, ...]
    container: Container


@dataclass
class _Line:
    """The queue from the view of one run in it."""

    request: LeaseRequest
    number: int = 0
    place: int = 1
    _lease: Lease | None = None
    _created: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def joined(self) -> Iterator[None]:
        """Hold a ticket while the block runs."""
        try:
            self._join()
            yield
        finally:
            self._leave()

    def obstacles(self) -> Sequence[Obstacle]:
        """The obstacles, leases before tickets; none if it is this run's turn."""
        tickets = _tickets(self.request.engine)
        if not any(ticket.number == self.number for ticket in tickets):  # it was removed
            self._leave()
            self._join()
            tickets = _tickets(self.request.engine)
        wanted = [(self.request.wanted_by(other), other) for other in tickets if other.number < self.number]
        before = [(key, one.container) for key, one in wanted if key is not None and self._counts(one.container)]
        self.place = len(before) + 1
        holders = holders_of(self.request.engine, self.request.keys, self.request.run)
        return [
            *(Obstacle(holder, in_use(holder)) for holder in holders),
            *(Obstacle(container, _before(key, container)) for key, container in before),
        ]

    def _counts(self, container: Container) -> bool:
        """Whether the run of a ticket is alive; one that is only created is about to start, or its process has died."""
        if container.status != "created":
            return container.is_alive
        if time.monotonic() - self._created.setdefault(container.id, time.monotonic()) < _START_GRACE:
            return True
        self.request.engine.api.remove_containers([container.id])
        return False

    def _join(self) -> None:
        engine = self.request.engine
        wanted = " ".join(f"{key.token}/{key.build_id or ''}" for key in self.request.keys)
        for _ in range(_TRIES):
            self.number = max((ticket.number for ticket in _tickets(engine)), default=0) + 1
            key = LeaseKey(_LINE, str(self.number))
            self._lease = engine.api.hold(
                key.name, self.request.image, {**self.request.labels, **key.labels, WAITS_FOR: wanted}
            )
            if self._lease is not None:
                self._lease.start()
                return
        raise EngineError("could not join the waiting line: others keep joining it", "try again")

    def _leave(self) -> None:
        if self._lease is not None:
            self._lease.release()
        self._lease = None


def _tickets(engine: Engine) -> list[_Ticket]:
    """All existing tickets, the lowest number first."""
    tickets = []
    for found in engine.api.containers({f"{LABEL}.role": ROLE, f"{LABEL}.token": _LINE}):
        pairs = (word.partition("/") for word in found.labels.get(WAITS_FOR, "").split())
        keys = tuple(LeaseKey(token, build_id or None) for token, _, build_id in pairs)
        tickets.append(_Ticket(int(key_of(found).build_id or 0), keys, found))
    return sorted(tickets, key=lambda ticket: ticket.number)


def _before(key: LeaseKey, ticket: Container) -> BuildIdInUseError:
    host = ticket.labels.get(f"{LABEL}.host", "?")
    message = f"run {run_of(ticket)} (started on {host}) waits in line for {key} before this one"
    return BuildIdInUseError(message, "wait too, with --wait-lease, or give this run its own BUILD_ID")
