"""The queue of runs that wait for a lease on a cluster: first come, first served, as on one engine (run/waiting_line).

A ticket is a claim whose name has a number, one more than the highest existing one. The cluster gives a name only once,
so no clock decides who came first. A run renews its ticket as long as it waits. A ticket that is not renewed for a
while, by the observer's clock, belongs to a dead run and is removed; a run that only slept joins again at the end.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from fastflow.cluster.cluster import Claim, Cluster
from fastflow.cluster.ending import INTERRUPTED, cancel_run
from fastflow.cluster.lease import TICKET, Taking, run_of
from fastflow.errors import BuildIdInUseError, EngineError, ExitCode
from fastflow.model.compose_keys import LABEL
from fastflow.run.lease import LeaseKey
from fastflow.run.observer import Cancellation
from fastflow.run.waiting_line import NO_CONSENT, Announcer, Patience

_NUMBER, _KEYS = f"{LABEL}.ticket", f"{LABEL}.waits-for"
_TRIES = 100
_LOOK, _RENEW = 1.0, 3.0
"""Seconds between two checks for runs in the way, and between two renewals."""


def take_or_wait(taking: Taking, cancellation: Cancellation, patience: Patience | None) -> Sequence[Claim]:
    """Take all claims or none, in turn if `patience` says so; none if the run is cancelled meanwhile.

    Raises BuildIdInUseError if another run holds one or waits in the queue for one, and this run must not wait for it.
    """
    line = Line(taking)
    if patience is not None:
        return line.wait(cancellation, patience)
    for ticket in line.before():
        if taking.lives(ticket):
            raise _before(taking, ticket)
        taking.cluster.release([ticket.id])
    return taking.take()


@dataclass
class Line:
    """The queue from the view of one run. A ticket that is not renewed for the grace of `taking` is dead."""

    taking: Taking
    _ticket: Claim | None = None
    _renewed: float = 0.0
    _seen: dict[str, tuple[int, float]] = field(default_factory=dict)
    _cancelled: set[str] = field(default_factory=set)

    @property
    def _cluster(self) -> Cluster:
        return self.taking.cluster

    def wait(self, cancellation: Cancellation, patience: Patience) -> Sequence[Claim]:
        """Take all in turn; nothing if the run is cancelled. Raises BuildIdInUseError at the deadline."""
        announcer = Announcer(self.taking.note)
        with self._joined():
            while not cancellation.is_set:
                self._renew(cancellation)
                before = self.before()
                try:
                    if before:
                        raise _before(self.taking, before[0])
                    return self.taking.take()
                except BuildIdInUseError as error:
                    self._replace(patience, before, error)
                    left = patience.deadline - time.monotonic()
                    if left <= 0:
                        raise patience.over(error, len(before) + 1) from None
                    announcer.announce(error, len(before) + 1)
                with cancellation.changed:
                    cancellation.changed.wait_for(lambda: cancellation.is_set, min(left, _LOOK))
        return ()

    def before(self) -> Sequence[Claim]:
        """The tickets before this run's that want one of its leases, the lowest number first."""
        own = int(self._ticket.labels[_NUMBER]) if self._ticket else None
        others = [one for one in _tickets(self._cluster) if own is None or int(one.labels[_NUMBER]) < own]
        wanted = [one for one in others if run_of(one) != self.taking.run and _shared(self.taking, one) is not None]
        return [one for one in wanted if self._lives(one)]

    def _lives(self, ticket: Claim) -> bool:
        now = time.monotonic()
        revision, since = self._seen.get(ticket.id, (None, now))
        if revision != ticket.revision:
            self._seen[ticket.id] = ticket.revision, now
        elif now - since >= self.taking.grace:
            self._cluster.release([ticket.id])
            return False
        return True

    def _replace(self, patience: Patience, before: Sequence[Claim], error: BuildIdInUseError) -> None:
        """Cancel the runs that this one replaces; raise if it does not even wait for one of the others."""
        obstacles = (*self.taking.holders(), *before)
        for one in obstacles:
            if not patience.waits and not patience.cancels(one.labels):
                raise BuildIdInUseError(f"{error.message}; {NO_CONSENT}", error.hint)
        for one in obstacles:
            if patience.cancels(one.labels) and (run := run_of(one)) not in self._cancelled:
                self._cancelled.add(run)
                self.taking.note(f"cancelling run {run}, to take its place (cancel_in_progress)")
                cancel_run(self._cluster, run)

    @contextmanager
    def _joined(self) -> Iterator[None]:
        """Hold a ticket while the block runs."""
        try:
            self._join()
            yield
        finally:
            if self._ticket is not None:
                with suppress(EngineError):  # the others see that it is not renewed
                    self._cluster.release([self._ticket.id])

    def _renew(self, cancellation: Cancellation) -> None:
        """Show at intervals that the run is alive, and check whether another run cancels it."""
        if self._ticket is None or time.monotonic() - self._renewed < _RENEW:
            return
        self._renewed = time.monotonic()
        if any(unit.is_cancelled for unit in self._cluster.units({f"{LABEL}.run": self.taking.run})):
            cancellation.set(INTERRUPTED, ExitCode.INTERRUPTED)
        elif not self._cluster.renew(self._ticket.id):
            self._join()

    def _join(self) -> None:
        keys = json.dumps([[key.token, key.build_id] for key in self.taking.keys])
        for _ in range(_TRIES):
            number = max((int(one.labels[_NUMBER]) for one in _tickets(self._cluster)), default=0) + 1
            labels: Mapping[str, str] = {f"{LABEL}.role": TICKET, _NUMBER: str(number), _KEYS: keys}
            self._ticket = self._cluster.claim(f"fastflow-ticket-{number}", {**self.taking.labels, **labels})
            if self._ticket is not None:
                self._renewed = time.monotonic()
                return
        raise EngineError("could not join the waiting line: others keep joining it", "try again")


def _tickets(cluster: Cluster) -> Sequence[Claim]:
    """All existing tickets, the lowest number first."""
    return sorted(cluster.claims({f"{LABEL}.role": TICKET}), key=lambda one: int(one.labels[_NUMBER]))


def _shared(taking: Taking, ticket: Claim) -> LeaseKey | None:
    """A key that a run waits for and this one wants."""
    keys = (LeaseKey(token, build_id) for token, build_id in json.loads(ticket.labels[_KEYS]))
    return next((key for key in keys if any(key.excludes(own) for own in taking.keys)), None)


def _before(taking: Taking, ticket: Claim) -> BuildIdInUseError:
    host = ticket.labels.get(f"{LABEL}.host", "?")
    message = f"run {run_of(ticket)} (started on {host}) waits in line for {_shared(taking, ticket)} before this one"
    return BuildIdInUseError(message, "wait too, with --wait-lease, or give this run its own BUILD_ID")
