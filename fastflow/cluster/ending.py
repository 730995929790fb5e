"""The end of a run on a cluster: reports who ended it, and removes what is over."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from fastflow.cluster.cluster import Cluster, Unit
from fastflow.cluster.lease import goes_on
from fastflow.cluster.watching import CANCELLED
from fastflow.model.compose_keys import LABEL
from fastflow.record.events import Event, PhaseChanged
from fastflow.run.observer import Cancellation

INTERRUPTED = "interrupted by `fastflow down`"
"""The reason of a run whose units were cancelled."""
_PAUSE = 0.1
"""Seconds between two checks that agents have ended."""


def with_own_reason(event: Event, cancellation: Cancellation) -> Event:
    """Replace what agents say when the dispatcher stops them by its own reason."""
    if isinstance(event, PhaseChanged) and cancellation.reason and event.reason and CANCELLED in event.reason:
        return replace(event, reason=event.reason.replace(CANCELLED, cancellation.reason))
    return event


def cancel_run(cluster: Cluster, run: str) -> None:
    """Cancel all units of a run that are not over."""
    for unit in cluster.units({f"{LABEL}.run": run}):
        if unit.state == "created" or goes_on(unit):
            cluster.cancel(unit.id)


def remove_ended(cluster: Cluster, run: str, timeout: float = 0.0) -> Sequence[Unit]:
    """Remove a run's units, claims and files, once all of its units are over; return those that are not.

    An agent takes a moment to end after its last message, so this waits for it up to `timeout` seconds.
    """
    labels: Mapping[str, str] = {f"{LABEL}.run": run}
    deadline, pause = time.monotonic() + timeout, threading.Event()
    while True:
        units = cluster.units(labels)
        live = [unit for unit in units if goes_on(unit)]
        if not live or time.monotonic() >= deadline:
            break
        pause.wait(_PAUSE)
    cluster.remove(unit.id for unit in units if unit not in live)
    if not live:
        cluster.release(claim.id for claim in cluster.claims(labels))
    return live
