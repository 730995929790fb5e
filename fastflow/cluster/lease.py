"""The lease across a cluster: while a run uses a BUILD_ID of a token anywhere on it, no other run does.

A name of a claim is given once. A claim says which run holds it, and lives as long as that run: while one of its units
runs or waits for room, or while it has units that have not begun and its dispatcher has not been silent for too long.
A dead run's units are removed before its claims, by id, so that it can start nothing any more (docs/decisions/0015).
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from fastflow.cluster.cluster import Claim, Cluster, Unit
from fastflow.errors import BuildIdInUseError, EngineError
from fastflow.model.compose_keys import LABEL
from fastflow.run.lease import LeaseKey
from fastflow.run.observer import Cancellation

ROLE = "lease"
GRACE = 10.0
"""Seconds, by the clock of who waits, that a run has to start a unit once none of it runs."""
_PAUSE = 0.2
_QUEUE_PAUSE = 1.0
_TRIES = 20


def take_claims(
    cluster: Cluster,
    keys: Iterable[LeaseKey],
    labels: Mapping[str, str],
    note: Callable[[str], None],
    *,
    grace: float = GRACE,
) -> tuple[Claim, ...]:
    """Take the claims of all keys, in sorted order, or none. `labels` are the run's.

    Raises BuildIdInUseError where a live run holds one; `note` is told what is reclaimed from a dead one.
    """
    wanted = sorted(set(keys), key=lambda key: key.name)
    run = labels[f"{LABEL}.run"]
    held: list[Claim] = []
    try:
        for key in wanted:
            held.append(_take(cluster, key, {**labels, **key.labels}, note, grace))
        for key in wanted:
            _require_no_other(cluster, key, run, grace)
    except BaseException:
        cluster.release(claim.id for claim in held)
        raise
    return tuple(held)


def wait_for_claims(
    take: Callable[[], Sequence[Claim]], timeout: float, cancellation: Cancellation, note: Callable[[str], None]
) -> Sequence[Claim]:
    """Take claims as soon as they are free, for up to `timeout` seconds; none where the run is cancelled meanwhile.

    Raises BuildIdInUseError after that time.
    """
    deadline = time.monotonic() + timeout
    told = ""
    while not cancellation.is_set:
        try:
            return take()
        except BuildIdInUseError as error:
            if time.monotonic() >= deadline:
                raise
            if error.message != told:
                told = error.message
                note(f"{told}; waiting for it")
        with cancellation.changed:
            cancellation.changed.wait_for(lambda: cancellation.is_set, _QUEUE_PAUSE)
    return ()


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
            raise _in_use(key, holder)
        note(f"lease reclaimed: {key} was held by run {run_of(holder)}, which is dead")
    raise EngineError(f"the lease of {key} could not be taken: others come and go", "try again")


def _require_no_other(cluster: Cluster, key: LeaseKey, run: str, grace: float) -> None:
    """Raise BuildIdInUseError where a live run holds a claim that excludes this one by another name."""
    for other in cluster.claims({f"{LABEL}.role": ROLE, f"{LABEL}.token": key.token}):
        theirs = LeaseKey(key.token, other.labels.get(f"{LABEL}.build-id") or None)
        if run_of(other) != run and theirs.excludes(key) and is_alive(cluster, run_of(other), grace):
            raise _in_use(theirs, other)


def is_alive(cluster: Cluster, run: str, grace: float = GRACE) -> bool:
    """Whether a run holds what it claims: one of its units goes on, or will begin within `grace` seconds."""
    deadline = time.monotonic() + grace
    pause = threading.Event()
    while True:
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


def _in_use(key: LeaseKey, holder: Claim) -> BuildIdInUseError:
    host, since = (holder.labels.get(f"{LABEL}.{what}", "?") for what in ("host", "since"))
    return BuildIdInUseError(
        f"{key} is in use on this cluster by run {run_of(holder)} (started on {host}, since {since})",
        "wait for that run (--wait-lease 10m), or give this one its own BUILD_ID, such as web${FASTFLOW_CI_ID}",
    )
