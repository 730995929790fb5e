"""Which leases a run takes on which engines: one for each token and BUILD_ID of its phases."""

import os
import platform
from collections.abc import Iterable, Sequence

from fastflow.compose import LABEL
from fastflow.plan import PhasePlan
from fastflow.run.at_once import at_once
from fastflow.run.context import Host, RunContext
from fastflow.run.lease import LeaseKey, take_leases, token_fingerprint
from fastflow.run.ports import Lease


def hold_all(run: RunContext, hosts: Iterable[Host]) -> list[Lease]:
    """Take the leases of a run on all its engines, or none; raises as `take_leases` does."""
    taken: list[Lease] = []
    try:
        for host in hosts:
            phases = [phase for phase in run.plan.selected if run.plan.workflows[phase.workflow].host == host.name]
            keys = _keys(run, phases)
            taken += take_leases(host.engine, keys, image=_image(run, phases), labels=_labels(run), note=run.note)
    except BaseException:
        release_all(taken)
        raise
    return taken


def release_all(leases: Iterable[Lease]) -> None:
    """Give all leases back; each takes the time in which its container ends."""
    at_once(lambda lease: lease.release(), leases)


def _keys(run: RunContext, phases: Sequence[PhasePlan]) -> list[LeaseKey]:
    keys = []
    for phase in phases:
        workflow = run.plan.workflows[phase.workflow]
        token = run.options.token_of(workflow) or f"${{{workflow.cloud.token_name}}}"
        if phase.mode != "report":
            keys.append(LeaseKey(token_fingerprint(token), phase.build_id))
    # A run that only reports excludes nobody, but others see by its lease that it lives.
    return keys or [LeaseKey(token_fingerprint(f"run {run.setting.run}"), run.setting.run)]


def _image(run: RunContext, phases: Sequence[PhasePlan]) -> str:
    emulation = run.setting.emulation
    return emulation.image if emulation else phases[0].image


def _labels(run: RunContext) -> dict[str, str]:
    """Host and process are for people to read: what is alive is never decided by them."""
    own = {"run": run.setting.run, "spec": run.setting.spec, "host": platform.node(), "pid": str(os.getpid())}
    return {f"{LABEL}.{key}": value for key, value in own.items()}
