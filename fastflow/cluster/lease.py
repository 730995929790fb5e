"""The lease across a cluster: while a run uses a BUILD_ID of a token anywhere on it, no other run does.

A name of a claim is given once. A claim says which run holds it, and lives as long as that run: while one of its units
runs or waits for room, or while it has units that have not begun and its dispatcher has not been silent for too long.
A dead run's units are removed before its claims, by id, so that it can start nothing any more (docs/decisions/0015).
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fastflow.cluster.cluster import Claim, Cluster, Unit
from fastflow.errors import BuildIdInUseError, EngineError
from fastflow.model.compose_keys import LABEL
from fastflow.run.lease import LeaseKey

ROLE, TICKET = "lease", "ticket"
"""Of claims: what a run holds, and its place in the line of those that wait."""
GRACE = 10.0
"""Seconds, by the clock of who waits, that a run has to start a unit once none of it runs."""
_PAUSE = 0.2
_TRIES = 20


@dataclass(frozen=True, slots=True)
class Taking:
    """The claims that a run wants. `labels` are the run's; a run that has not begun is waited for `grace` seconds.

    `note` is told what is reclaimed from a dead run.
    """

    cluster: Cluster
    keys: tuple[LeaseKey, ...]
    labels: Mapping[str, str]
    note: Callable[[str], None]
    grace: float = GRACE

    @property
    def run(self) -> str:
        """The run's id."""
        return self.labels[f"{LABEL}.run"]

    def take(self) -> tuple[Claim, ...]:
        """Take the claims of all keys, in sorted order, or none. Raises BuildIdInUseError if a live run holds one."""
        wanted = sorted(set(self.keys), key=lambda key: key.name)
        held: list[Claim] = []
        try:
            for key in wanted:
                labels = {**self.labels, **key.labels}
                held.append(_take(self.cluster, key, labels, self.note, self.grace))
            for holder in self.holders():
                if is_alive(self.cluster, run_of(holder), self.grace):  # by another name
                    raise in_use(holder)
        except BaseException:
            self.cluster.release(claim.id for claim in held)
            raise
        return tuple(held)

    def holders(self) -> Sequence[Claim]:
        """The claims of other runs, living or dead, that exclude one of these."""
        found = [
            one
            for token in dict.fromkeys(key.token for key in self.keys)
            for one in self.cluster.claims({f"{LABEL}.role": ROLE, f"{LABEL}.token": token})
        ]
        return [
            one for one in found if run_of(one) != self.run and any(_key_of(one).excludes(key) for key in self.keys)
        ]


def _take(
    cluster: Cluster, key: LeaseKey, labels: Mapping[str, str], note: Callable[[str], None], grace: float
) -> Claim:
    for _ in range(_TRIES):
        claim = cluster.claim(key.name, labels)
        if claim is not None:
            return claim
        of_token = {f"{LABEL}.role": ROLE, f"{LABEL}.token": key.token}
        holder = next((one for one in cluster.claims(of_token) if one.name == key.name), None)
        if holder is None:
            continue  # just given back
        if is_alive(cluster, run_of(holder), grace) or not reclaim(cluster, holder):
            raise in_use(holder)
        note(f"lease reclaimed: {key} was held by run {run_of(holder)}, which is dead")
    raise EngineError(f"the lease of {key} could not be taken: others come and go", "try again")


def is_alive(cluster: Cluster, run: str, grace: float = GRACE) -> bool:
    """Whether a run holds what it claims, or waits for it in line.

    One of its units goes on, or will begin within `grace` seconds, or its ticket is renewed within that time.
    """
    deadline = time.monotonic() + grace
    pause, ticket = threading.Event(), {f"{LABEL}.run": run, f"{LABEL}.role": TICKET}
    first = {claim.id: claim.revision for claim in cluster.claims(ticket)}
    while True:
        if first and any(first.get(claim.id) != claim.revision for claim in cluster.claims(ticket)):
            return True
        units = cluster.units({f"{LABEL}.run": run})
        if any(goes_on(unit) for unit in units):
            return True
        if units and all(unit.state == "ended" for unit in units):
            return False
        if time.monotonic() >= deadline:
            return False
        pause.wait(_PAUSE)


def goes_on(unit: Unit) -> bool:
    """Whether a unit runs, or waits for room to run."""
    return unit.state in ("pending", "running")


def reclaim(cluster: Cluster, holder: Claim) -> bool:
    """Let a dead run start nothing any more, then remove one of its claims; False where it has just begun after all.

    Its units are cancelled before they are looked at again: one that is started after that never gets a node. Units
    that have ended stay, with their logs.
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
    """What ends a run that wants what another one holds."""
    host, since = (holder.labels.get(f"{LABEL}.{what}", "?") for what in ("host", "since"))
    return BuildIdInUseError(
        f"{_key_of(holder)} is in use on this cluster by run {run_of(holder)} (started on {host}, since {since})",
        "wait for that run (--wait-lease 10m), or give this one its own BUILD_ID, such as web${FASTFLOW_CI_ID}",
    )
