"""Runs on clusters: finding, ending and removing them."""

import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event

from fastflow.app.environment import engine_environment, new_run_id
from fastflow.app.live import hosts_of
from fastflow.app.specs import identity
from fastflow.cluster.cluster import Cluster, Unit, UnitOrder, run_of_unit
from fastflow.cluster.ending import cancel_run, remove_ended
from fastflow.cluster.lease import goes_on, is_alive
from fastflow.engines.opening import open_cluster, open_engine
from fastflow.errors import FastflowError
from fastflow.model.compose_keys import LABEL
from fastflow.model.host import Host
from fastflow.pipeline import SpecText
from fastflow.record.history import is_going_on
from fastflow.record.place import RunsDir
from fastflow.run.live import LiveRun

MANIFEST = "manifest"
_END_TIMEOUT = 60.0
_SWEEP_TIMEOUT = 120.0
_READING = 10.0
"""Seconds for cancelled units to end, and for a watch on another machine to read their results."""
_PAUSE = 0.2


@dataclass(frozen=True, slots=True)
class ClusterHost:
    """A cluster that the spec names."""

    name: str
    declared: Host
    cluster: Cluster


@dataclass(frozen=True, slots=True)
class ClusterRun:
    """A run that has something on a cluster: units, or only claims and files."""

    id: str
    spec: str
    started_on: str
    since: str
    host: ClusterHost
    units: tuple[Unit, ...]

    @property
    def goes_on(self) -> bool:
        """Whether a unit runs or waits for a node."""
        return any(goes_on(unit) for unit in self.units)

    @property
    def unit_runs(self) -> frozenset[str]:
        """The ids of its units as separate runs on the engines of their nodes."""
        return frozenset(run_of_unit(unit.name) for unit in self.units)

    @property
    def workflows(self) -> frozenset[str]:
        """The workflows of its units."""
        named = (unit.labels.get(f"{LABEL}.workflows", "") for unit in self.units)
        return frozenset(name for names in named for name in names.split(","))


def clusters_of(text: SpecText | None) -> tuple[ClusterHost, ...]:
    """The clusters of a spec."""
    hosts: Mapping[str, Host] = hosts_of(text) if text is not None else {}
    environment = engine_environment()
    return tuple(
        ClusterHost(name, host, open_cluster(open_engine(environment, host)))
        for name, host in hosts.items()
        if host.is_cluster
    )


def runs_on(hosts: Iterable[ClusterHost], notify: Callable[[str], None]) -> tuple[ClusterRun, ...]:
    """The runs on clusters, the oldest first; `notify` is called for a cluster that does not answer."""
    found: list[ClusterRun] = []
    for host in hosts:
        try:
            found += _runs(host)
        except FastflowError as error:
            notify(f"warning: cluster {host.name} is left out: {error.message}")
    return tuple(sorted(found, key=lambda run: run.id))


def _runs(host: ClusterHost) -> Iterable[ClusterRun]:
    key = f"{LABEL}.run"
    units = host.cluster.units({key: ""})
    labels = [*(unit.labels for unit in units), *(claim.labels for claim in host.cluster.claims({key: ""}))]
    for run in sorted({one[key] for one in labels}):
        said = next(one for one in labels if one[key] == run)
        own = tuple(unit for unit in units if unit.labels[key] == run)
        spec, started_on, since = (said.get(f"{LABEL}.{what}", "") for what in ("spec", "host", "since"))
        yield ClusterRun(run, spec, started_on, since, host, own)


def without_units(found: Iterable[LiveRun], sent: Iterable[ClusterRun]) -> tuple[LiveRun, ...]:
    """Leave out the runs of units, which a manager's engine shows as its own if it also runs units."""
    of_units = {name for run in sent for name in run.unit_runs}
    return tuple(run for run in found if run.id not in of_units)


def is_live(run: ClusterRun, runs_dir: RunsDir) -> bool:
    """Whether a run is live: a unit runs or is about to, or its dispatcher is on this machine."""
    return run.goes_on or is_going_on(runs_dir.folder(run.spec, run.id)) or (is_alive(run.host.cluster, run.id))


def require_none(phase: str | None, run: str | None, text: SpecText | None, what: str) -> None:
    """Raise FastflowError if a phase runs on a cluster, where `what` is not available.

    Without `run`, a run of this spec is meant. Workflows of the run on single engines do not matter.
    """
    hosts = clusters_of(text)
    spec = identity(text) if text is not None else None
    for one in runs_on(hosts, lambda _: None):
        is_meant = one.id == run or (run is None and one.spec == spec and one.goes_on)
        if is_meant and (phase is None or phase.partition(".")[0] in one.workflows):
            hint = f"see it: fastflow ps; end the whole run: fastflow down --run {one.id}"
            raise FastflowError(
                f"run {one.id} is on cluster {one.host.name}: there is no {what} of a phase there", hint
            )


@dataclass
class Removal:
    """The result of `fastflow down` on clusters. `runs` are those that it checked, `left` what it could not remove."""

    runs: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def down(
    hosts: Sequence[ClusterHost],
    name: str | None,
    spec: str | None,
    runs_dir: RunsDir,
    *,
    say: Callable[[str], None],
    notify: Callable[[str], None],
) -> Removal:
    """Remove the ended parts of the run `name`, of the runs of a spec, or of all runs, and sweep every node.

    A live run is ended only if it is named.
    """
    removal = Removal()
    for host in hosts:
        runs = [run for run in runs_on([host], notify) if (run.id == name if name else spec in (None, run.spec))]
        for run in runs:
            removal.runs.append(run.id)
            if name is None and is_live(run, runs_dir):
                say(f"run {run.id} is live and was left alone; `fastflow down --run {run.id}` interrupts it")
                continue
            if run.goes_on:
                notify(f"ending run {run.id} on cluster {host.name}")
            live = end_run(run, runs_dir)
            removal.left += [f"unit {unit.name} still runs on node {unit.node}" for unit in live]
            say(f"removed run {run.id} from cluster {host.name}" if not live else f"run {run.id} has not ended yet")
        if name is None or runs:
            removal.left += sweep(host, lambda line: say(f"a node: {line}"))
    return removal


def end_run(run: ClusterRun, runs_dir: RunsDir) -> Sequence[Unit]:
    """Stop a run's units and remove the run; return those units that did not end in time."""
    cluster = run.host.cluster
    cancel_run(cluster, run.id)
    if run.goes_on:
        _let_results_be_read(run, runs_dir)
    return remove_ended(cluster, run.id, _END_TIMEOUT)


def _let_results_be_read(run: ClusterRun, runs_dir: RunsDir) -> None:
    """Leave units to the watch over the run: removed units cannot be read any more, and the watch removes them itself.

    Waits for a watch on this machine; one elsewhere can only be noticed when it removes them.
    """
    folder = runs_dir.folder(run.spec, run.id)
    is_here, pause = is_going_on(folder), Event()
    deadline = time.monotonic() + (_END_TIMEOUT if is_here else _READING)
    if not is_here and run.started_on == platform.node():
        return
    while time.monotonic() < deadline:
        if not (is_going_on(folder) if is_here else run.host.cluster.units({f"{LABEL}.run": run.id})):
            return
        pause.wait(_PAUSE)


def sweep(host: ClusterHost, on_line: Callable[[str], None]) -> tuple[str, ...]:
    """Remove on every node what units of dead agents left; return the obstacles, by node."""
    order = UnitOrder(
        name=f"fastflow-sweep-{new_run_id()}",
        labels={f"{LABEL}.role": "sweep"},
        image=host.declared.agent_image,
        command=("agent", "sweep"),
        cpus=0.0,
        constraints=host.declared.constraints or (),
    )
    return host.cluster.sweep(order, _SWEEP_TIMEOUT, on_line)
