"""Which leases a run takes on which engines: one for each token and BUILD_ID of its phases."""

import os
import platform
import time
from collections.abc import Callable, Iterable, Sequence

from fastflow.compose import LABEL
from fastflow.errors import BuildIdInUseError
from fastflow.plan import PhasePlan
from fastflow.run.at_once import at_once
from fastflow.run.context import Host, RunContext
from fastflow.run.engine import Engine, Lease
from fastflow.run.lease import EMULATED, LeaseKey, own_key, take_leases, token_fingerprint
from fastflow.run.waiting_line import Wish
from fastflow.settings import RunSettings


def hold_all(run: RunContext, hosts: Iterable[Host]) -> list[Lease]:
    """Take the leases of a run on all its engines, or none; raises as `take_leases` does.

    If the run may wait, it waits its turn on one engine after the other, in an order that is the same for all runs. If
    it is cancelled meanwhile, it has those that it took until then.
    """
    limit = run.settings.wait_lease
    deadline = time.monotonic() + (limit or 0)
    taken: list[Lease] = []
    try:
        for host in hosts if limit is None else sorted(hosts, key=_rank):
            wish = _wish(run, host)
            try:
                taken += wish.take()
            except BuildIdInUseError:
                if limit is None:
                    raise
                taken += wish.wait(run.cancellation, deadline)
            if run.cancellation.is_set:
                break
    except BaseException:
        release_all(taken)
        raise
    return taken


def _rank(host: Host) -> tuple[str, str]:
    return host.engine.identity(), host.info.address


def _wish(run: RunContext, host: Host) -> Wish:
    phases = _phases_on(run, host)
    return Wish(host.engine, tuple(_keys(run, phases)), holder_image(run, phases), labels_of(run.settings), run.note)


def mark(engine: Engine, settings: RunSettings, image: str, note: Callable[[str], None]) -> tuple[Lease, ...]:
    """Let others see that a run lives before it has its leases; nothing if they see it already."""
    return take_leases(engine, [own_key(settings.run)], image=image, labels=labels_of(settings), note=note)


def mark_on(run: RunContext, host: Host) -> tuple[Lease, ...]:
    """Mark a run on one of its engines, before it makes anything there; not without an image that is there by now."""
    image = holder_image(run, _phases_on(run, host))
    return mark(host.engine, run.settings, image, run.note) if image not in run.built.values() else ()


def release_all(leases: Iterable[Lease]) -> None:
    """Give all leases back; each takes the time in which its container ends."""
    at_once(lambda lease: lease.release(), leases)


def _phases_on(run: RunContext, host: Host) -> list[PhasePlan]:
    return [phase for phase in run.plan.selected if run.plan.workflows[phase.workflow].host == host.name]


def _keys(run: RunContext, phases: Sequence[PhasePlan]) -> list[LeaseKey]:
    keys = []
    for phase in phases:
        workflow = run.plan.workflows[phase.workflow]
        token = run.settings.tokens.get(workflow.cloud.token_name) or f"${{{workflow.cloud.token_name}}}"
        if phase.traits.needs_lease:
            keys.append(LeaseKey(token_fingerprint(token), phase.build_id))
    return keys or [own_key(run.settings.run)]


def holder_image(run: RunContext, phases: Sequence[PhasePlan]) -> str:
    """An image that is on the engine of these phases, for what holds a name there: that of a node."""
    if run.settings.emulation:
        return run.settings.emulation.image
    pulled = (phase.image for phase in phases if phase.id not in run.built)
    return next(pulled, None) or run.built[phases[0].id]


def labels_of(settings: RunSettings) -> dict[str, str]:
    """The labels of a run's leases. Host and process are for people: what is alive is never decided by them."""
    own = {"run": settings.run, "spec": settings.spec, "host": platform.node(), "pid": str(os.getpid())}
    emulated = {EMULATED: "true"} if settings.emulation else {}
    return {f"{LABEL}.{key}": value for key, value in own.items()} | emulated
