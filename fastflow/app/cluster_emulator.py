"""`fastflow emulator --host NAME`: the emulated cloud of a cluster in the spec here."""

from collections.abc import Callable

from fastflow.app.clusters import ClusterHost, clusters_of, runs_on
from fastflow.app.environment import engine_environment
from fastflow.app.specs import read_spec_text
from fastflow.diagnostic import did_you_mean
from fastflow.engines.docker import DockerEngine
from fastflow.engines.opening import open_engine
from fastflow.errors import EmulatorError, UsageError


def cluster_named(name: str) -> ClusterHost:
    """The cluster with this name in the spec here; raises UsageError if there is none."""
    hosts = {host.name: host for host in clusters_of(read_spec_text(None))}
    if name not in hosts:
        hint = did_you_mean(name, list(hosts)) or "clusters are the hosts with swarm: true"
        raise UsageError(f"the spec here has no cluster `{name}`", hint)
    return hosts[name]


def manager_of(host: ClusterHost) -> DockerEngine:
    """The engine that manages a cluster; raises EngineError if it does not manage one."""
    host.cluster.info()
    return open_engine(engine_environment(), host.declared)


def require_unused(host: ClusterHost, notify: Callable[[str], None]) -> None:
    """Raise EmulatorError while a run on the cluster, which may use the cloud, is live."""
    live = [run.id for run in runs_on([host], notify) if run.goes_on]
    if live:
        hint = f"end it first: fastflow down --run {live[0]}; or proceed anyway: --force"
        raise EmulatorError(f"runs are active on cluster {host.name}: {', '.join(live)}", hint)
