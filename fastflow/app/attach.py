"""`fastflow attach`: resumes watching a run on a cluster whose dispatcher is gone."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fastflow.app.clusters import MANIFEST, ClusterHost, ClusterRun, clusters_of, runs_on
from fastflow.app.console import Console
from fastflow.app.environment import engine_environment
from fastflow.app.watch import Watch, outcome_of
from fastflow.cluster.dispatching import Dispatcher
from fastflow.cluster.ending import remove_ended
from fastflow.cluster.watching import UnitWatch
from fastflow.diagnostic import did_you_mean
from fastflow.engines.opening import open_cluster, open_engine
from fastflow.errors import FastflowError, UsageError
from fastflow.masking import Masker
from fastflow.model.compose_keys import LABEL
from fastflow.model.host import Host
from fastflow.pipeline import SpecText
from fastflow.record.events import Listener, RunStarted
from fastflow.record.folder import RunFolder
from fastflow.record.history import is_going_on
from fastflow.record.place import RunsDir
from fastflow.record.plan_file import PlanFile, PlannedPhase, plan_file_from
from fastflow.record.result import PhaseResult, RunResult

_END = 15.0


@dataclass(frozen=True, slots=True)
class Attachment:
    """A run to watch again: where it is, and the data that its dispatcher stored there."""

    run: ClusterRun
    plan: PlanFile
    started: str

    @property
    def selected(self) -> tuple[PlannedPhase, ...]:
        """The phases that run."""
        return tuple(phase for phase in self.plan.phases if phase.selected)


def find_run(name: str, text: SpecText | None, runs_dir: RunsDir, notify: Callable[[str], None]) -> Attachment:
    """Find a run on the clusters of a spec, or on that of the current Docker context. Raises FastflowError."""
    hosts: Sequence[ClusterHost] = clusters_of(text)
    if not hosts:
        hosts = (ClusterHost("the current context", Host(), open_cluster(open_engine(engine_environment()))),)
    runs = runs_on(hosts, notify)
    found = next((run for run in runs if run.id == name), None)
    if found is None:
        where = ", ".join(host.name for host in hosts)
        hint = did_you_mean(name, [run.id for run in runs]) or "see: fastflow ps"
        raise FastflowError(f"no run {name} is on {where}", hint)
    if is_going_on(runs_dir.folder(found.spec, name)):
        raise UsageError(f"run {name} is already being watched on this machine", "see its progress: fastflow ps")
    labels = {f"{LABEL}.run": name, f"{LABEL}.role": MANIFEST}
    manifest = next(iter(found.host.cluster.claims(labels)), None)
    if manifest is None:
        raise FastflowError(f"run {name} cannot be watched: it kept no plan", f"fastflow down --run {name}")
    content: Any = json.loads(found.host.cluster.read(manifest.id))
    return Attachment(found, plan_file_from(content["plan"]), str(content["started"]))


def attach(
    attachment: Attachment, directory: Path, runs_dir: RunsDir, console: Console, listeners: Sequence[Listener]
) -> tuple[RunResult, RunFolder]:
    """Watch a run to its end, write its folder for a spec in `directory`, and remove it from the cluster."""
    run, cluster = attachment.run, attachment.run.host.cluster
    folder = RunFolder(directory, run.id, Masker(), runs_dir, is_again=True)
    folder.write_plan(attachment.plan)
    console.on_begin(lambda: None)
    watch = Watch(
        run.id,
        run.spec,
        folder,
        console.cancellation,
        (folder.on_event, *listeners),
        {},
        attachment.plan,
        started=attachment.started,
    )
    try:
        watch.emit(RunStarted(run.id, run.spec, tuple(phase.id for phase in attachment.selected)))
        _watch_units(attachment, watch, console)
        result = outcome_of(watch)
        remove_ended(cluster, run.id, _END)
        watch.end(result)
    finally:
        folder.close()
        console.on_end(folder)
    return result, folder


def _watch_units(attachment: Attachment, watch: Watch, console: Console) -> None:
    """Follow the units that began, and start those that did not."""
    run = attachment.run
    waiting: list[UnitWatch] = []
    begun: list[UnitWatch] = []
    for unit in sorted(run.units, key=lambda unit: int(unit.labels.get(f"{LABEL}.unit", "0"))):
        workflows = unit.labels.get(f"{LABEL}.workflows", "").split(",")
        results = {phase.id: _waiting(phase) for phase in attachment.selected if phase.workflow in workflows}
        number = int(unit.labels.get(f"{LABEL}.unit", "0"))
        host = results[next(iter(results))].host if results else run.host.name
        made = watch.add(number, unit.id, host, results)
        (waiting if unit.state == "created" else begun).append(made)
    limit = run.host.declared.max_parallel
    dispatcher = Dispatcher(run.host.cluster, run.id, waiting, console.cancellation, watch.emit, limit)
    dispatcher.follow_started(begun)
    dispatcher.execute()


def _waiting(phase: PlannedPhase) -> PhaseResult:
    found = PhaseResult(phase.id, phase.workflow, phase.host, phase.mode, phase.build_id, "waiting")
    return replace(found, allow_failure=phase.allow_failure)
