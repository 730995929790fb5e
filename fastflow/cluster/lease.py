"""The lease across a cluster: while a run uses a BUILD_ID of a token anywhere on it, no other run does.

The name of a claim is given only once. A claim says which run holds it, and is alive as long as that run: while one of
its units runs or waits for a node, or while its dispatcher gives a sign of life. A run that waits for rivals gives that
sign by renewing its claims: among many that begin at once, none counts as dead because it is waiting itself.
A dead run's units are removed before its claims, by id, so that it can start nothing any more (docs/decisions/0015).
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from fastflow.cluster.cluster import Claim, Cluster, Unit
from fastflow.errors import BuildIdInUseError, EngineError
from fastflow.model.compose_keys import LABEL
from fastflow.run.lease import LeaseKey

ROLE, TICKET = "lease", "ticket"
"""Roles of claims: what a run holds, and its place in the queue."""
GRACE = 10.0
"""Seconds, by the waiting run's clock, in which a run must give a sign of life: start a unit, or renew a claim."""
_SIGNS = 5
"""How often a run gives a sign of life within that time while it takes claims."""
_PAUSE = 0.2
_TRIES = 20


@dataclass(slots=True)
class Taking:
    """The claims that a run wants. `labels` are the run's; it waits `grace` seconds for a run that has not begun.

    `note` is called with what is reclaimed from a dead run.
    """

    cluster: Cluster
    keys: tuple[LeaseKey, ...]
    labels: Mapping[str, str]
    note: Callable[[str], None]
    grace: float = GRACE
    _signed_at: float = field(default=0.0, init=False)

    @property
    def run(self) -> str:
        """The run's id."""
        return self.labels[f"{LABEL}.run"]

    def take(self) -> tuple[Claim, ...]:
        """Take the claims of all keys, in sorted order, or none. Raises BuildIdInUseError if a live run holds one."""
        wanted = sorted(set(self.keys), key=lambda key: key.name)
        held: list[Claim] = []
        try:
            held.extend(self._take(key) for key in wanted)
            for holder in self.holders():
                if self.lives(holder):  # by another name
                    raise in_use(holder)
        except BaseException:
            self.cluster.release(claim.id for claim in held)
            raise
        return tuple(held)

    def lives(self, holder: Claim) -> bool:
        """Whether another run that has a claim is alive; meanwhile, this one shows that it is."""
        return is_alive(self.cluster, run_of(holder), self.grace, self._renew_own)

    def _take(self, key: LeaseKey) -> Claim:
        for _ in range(_TRIES):
            claim = self.cluster.claim(key.name, {**self.labels, **key.labels})
            if claim is not None:
                return claim
            holder = self._holder_of(key)
            if holder is not None and self.lives(holder):
                raise in_use(holder)
            now = self._holder_of(key)
            if holder is None or now is None or now.id != holder.id:
                continue  # released meanwhile
            if not reclaim(self.cluster, holder):
                raise in_use(holder)
            self.note(f"lease reclaimed: {key} was held by run {run_of(holder)}, which is dead")
        raise EngineError(f"could not acquire the lease of {key}: other runs keep taking it", "try again")

    def _holder_of(self, key: LeaseKey) -> Claim | None:
        of_token = {f"{LABEL}.role": ROLE, f"{LABEL}.token": key.token}
        return next((one for one in self.cluster.claims(of_token) if one.name == key.name), None)

    def _renew_own(self) -> None:
        now = time.monotonic()
        if now - self._signed_at >= self.grace / _SIGNS:
            self._signed_at = now
            for claim in self.cluster.claims({f"{LABEL}.run": self.run}):
                if claim.labels.get(f"{LABEL}.role") in (ROLE, TICKET):
                    self.cluster.renew(claim.id)

    def holders(self) -> Sequence[Claim]:
        """The claims of other runs, live or dead, that exclude one of these."""
        found = [
            one
            for token in dict.fromkeys(key.token for key in self.keys)
            for one in self.cluster.claims({f"{LABEL}.role": ROLE, f"{LABEL}.token": token})
        ]
        return [
            one for one in found if run_of(one) != self.run and any(_key_of(one).excludes(key) for key in self.keys)
        ]


def is_alive(cluster: Cluster, run: str, grace: float = GRACE, meanwhile: Callable[[], object] = lambda: None) -> bool:
    """Whether a run holds its claims, or waits for them in the queue.

    One of its units is live, or it gives a sign of life within `grace` seconds; `meanwhile` is called during that
    wait. A run without claims is not alive.
    """
    deadline, pause = time.monotonic() + grace, threading.Event()
    labels = {f"{LABEL}.run": run}
    first = {claim.id: claim.revision for claim in cluster.claims(labels)}
    while True:
        units = cluster.units(labels)
        if any(goes_on(unit) for unit in units):
            return True
        if units and all(unit.state == "ended" for unit in units):
            return False
        if time.monotonic() >= deadline:
            return False
        meanwhile()
        pause.wait(_PAUSE)
        claims = cluster.claims(labels)
        if any(first.get(claim.id) != claim.revision for claim in claims):
            return True
        if first and not claims:
            return False


def goes_on(unit: Unit) -> bool:
    """Whether a unit runs, or waits for a node."""
    return unit.state in ("pending", "running")


def reclaim(cluster: Cluster, holder: Claim) -> bool:
    """Keep a dead run from starting anything, then remove one of its claims; False if it has just begun after all.

    Its units are cancelled before they are checked again: one that is started after that never gets a node. Units
    that have ended are kept, with their logs.
    """
    labels = {f"{LABEL}.run": run_of(holder)}
    for unit in cluster.units(labels):
        if unit.state == "created":
            cluster.cancel(unit.id)
    units = cluster.units(labels)
    if any(goes_on(unit) for unit in units):
        return False
    cluster.remove(unit.id for unit in units if unit.state == "created")
    cluster.release([holder.id])
    return True


def run_of(claim: Claim) -> str:
    """The run that holds a claim."""
    return claim.labels.get(f"{LABEL}.run", "?")


def _key_of(claim: Claim) -> LeaseKey:
    return LeaseKey(claim.labels.get(f"{LABEL}.token", ""), claim.labels.get(f"{LABEL}.build-id") or None)


def in_use(holder: Claim) -> BuildIdInUseError:
    """The error of a run that wants a claim that another one holds."""
    host, since = (holder.labels.get(f"{LABEL}.{what}", "?") for what in ("host", "since"))
    return BuildIdInUseError(
        f"{_key_of(holder)} is in use on this cluster by run {run_of(holder)} (started on {host}, since {since})",
        "wait for that run (--wait-lease 10m), or give this one its own BUILD_ID, such as web${FASTFLOW_CI_ID}",
    )
