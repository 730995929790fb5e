"""What runs on an engine, by labels alone: also for another process than the one that runs it, and after its death."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from fastflow.compose import LABEL, NODE_ROLE
from fastflow.run.lease import ROLE as LEASE_ROLE
from fastflow.run.node_log import NodeLog
from fastflow.run.ports import Container, Engine

_PROJECT = "com.docker.compose.project"
_READY_LABEL = f"{LABEL}.ready"
_RUNS = ("running", "paused", "restarting")


@dataclass(frozen=True, slots=True)
class LivePhase:
    """The node of a phase as a container."""

    workflow: str
    node: str
    mode: str
    build_id: str
    container: Container

    @property
    def id(self) -> str:
        """The phase's id."""
        return f"{self.workflow}.{self.node}"


@dataclass(frozen=True, slots=True)
class LiveRun:
    """A run of which the engine still has something; it is alive while one of its leases runs."""

    id: str
    spec: str
    leases: tuple[Container, ...]
    others: tuple[Container, ...]
    projects: tuple[str, ...]

    @property
    def is_alive(self) -> bool:
        """Whether the process that runs it lives: its leases end with it (docs/decisions/0002)."""
        return any(lease.status in _RUNS for lease in self.leases)

    @property
    def is_starting(self) -> bool:
        """Whether a lease was created and does not run: it is about to, or its process died in between."""
        return not self.is_alive and any(lease.status == "created" for lease in self.leases)

    @property
    def phases(self) -> tuple[LivePhase, ...]:
        """The nodes that are there."""
        nodes = [found for found in self.others if found.labels.get(f"{LABEL}.role") == NODE_ROLE]
        return tuple(sorted((_phase(node) for node in nodes), key=lambda phase: phase.id))

    def without_containers(self) -> "LiveRun":
        """The run as it is when nothing of it is left."""
        return replace(self, leases=(), others=())

    @property
    def host(self) -> str:
        """The machine that runs it, for people."""
        return next((lease.labels.get(f"{LABEL}.host", "") for lease in self.leases), "")

    @property
    def since(self) -> str | None:
        """When its first lease was taken, by the engine's clock."""
        return min((lease.started_at for lease in self.leases if lease.started_at), default=None)


def find_runs(engine: Engine) -> tuple[LiveRun, ...]:
    """Find all runs that left something on an engine, the oldest first."""
    everything = engine.labelled(f"{LABEL}.run")
    runs = sorted({labels[f"{LABEL}.run"] for labels in everything})
    containers = engine.containers({f"{LABEL}.run": None})
    return tuple(_run(run, everything, containers) for run in runs)


def _run(run: str, everything: Iterable[Mapping[str, str]], containers: Iterable[Container]) -> LiveRun:
    own = [labels for labels in everything if labels[f"{LABEL}.run"] == run]
    mine = [found for found in containers if found.labels.get(f"{LABEL}.run") == run]
    return LiveRun(
        run,
        next((labels[f"{LABEL}.spec"] for labels in own if f"{LABEL}.spec" in labels), ""),
        tuple(found for found in mine if found.labels.get(f"{LABEL}.role") == LEASE_ROLE),
        tuple(found for found in mine if found.labels.get(f"{LABEL}.role") != LEASE_ROLE),
        tuple(dict.fromkeys(labels[_PROJECT] for labels in own if labels.get(_PROJECT))),
    )


def _phase(container: Container) -> LivePhase:
    labels = container.labels
    return LivePhase(
        labels.get(f"{LABEL}.workflow", "?"),
        labels.get(f"{LABEL}.node", "?"),
        labels.get(f"{LABEL}.mode", "?"),
        labels.get(f"{LABEL}.build-id", ""),
        container,
    )


def state_by_container(engine: Engine, phase: LivePhase | None) -> str:
    """Tell the state of a phase from its container alone; a verdict is more than that can tell."""
    if phase is None:
        return "waiting"
    if phase.container.status not in _RUNS:
        return "passed" if phase.container.exit_code == 0 else "failed"
    return "ready" if phase.mode != "recording" or _is_ready(engine, phase.container) else "starting"


def _is_ready(engine: Engine, container: Container) -> bool:
    """Look for the ready line in what a recorder has printed by now."""
    pattern = container.labels.get(_READY_LABEL)
    log, seen = NodeLog(), list[str]()

    def take(line: str) -> None:
        log.take(line)
        if pattern and re.search(pattern, line):
            seen.append(line)

    engine.read_logs(container.id, take)
    return bool(seen) if pattern else log.is_recording
