"""What runs on engines, found by labels alone, so that other processes see it too, even after its own has died."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from fastflow.compose import NODE_ROLE
from fastflow.model.compose_keys import LABEL
from fastflow.model.mode import mode_named
from fastflow.record.result import State
from fastflow.run.container import PROJECT, Container
from fastflow.run.engine import Engine
from fastflow.run.lease import ROLE as LEASE_ROLE
from fastflow.run.node_log import NodeLog

_READY_LABEL = f"{LABEL}.ready"


@dataclass(frozen=True, slots=True)
class LivePhase:
    """The node of a phase as a container, and the engine where it is; `host` is empty for the current context."""

    workflow: str
    node: str
    mode: str
    build_id: str
    container: Container
    engine: Engine
    host: str = ""

    @property
    def id(self) -> str:
        """The phase's id."""
        return f"{self.workflow}.{self.node}"


@dataclass(frozen=True, slots=True)
class LivePart:
    """The containers of a run on one engine; `host` is the engine's name in the spec, empty for the current context."""

    engine: Engine
    host: str
    spec: str
    leases: tuple[Container, ...]
    others: tuple[Container, ...]
    projects: tuple[str, ...]

    @property
    def phases(self) -> tuple[LivePhase, ...]:
        """The nodes that have been started."""
        nodes = (found for found in self.others if found.labels.get(f"{LABEL}.role") == NODE_ROLE)
        return tuple(self._phase(node) for node in nodes if node.status != "created")

    def _phase(self, container: Container) -> LivePhase:
        labels = container.labels
        return LivePhase(
            labels.get(f"{LABEL}.workflow", "?"),
            labels.get(f"{LABEL}.node", "?"),
            labels.get(f"{LABEL}.mode", "?"),
            labels.get(f"{LABEL}.build-id", ""),
            container,
            self.engine,
            self.host,
        )


@dataclass(frozen=True, slots=True)
class LiveRun:
    """A run that still has something on engines; it is alive while one of its leases runs on any engine."""

    id: str
    parts: tuple[LivePart, ...]

    @property
    def spec(self) -> str:
        """Its spec, by absolute path."""
        return next((part.spec for part in self.parts if part.spec), "")

    @property
    def leases(self) -> tuple[Container, ...]:
        """Its leases on all engines."""
        return tuple(lease for part in self.parts for lease in part.leases)

    @property
    def others(self) -> tuple[Container, ...]:
        """Its other containers, on all engines."""
        return tuple(found for part in self.parts for found in part.others)

    @property
    def helpers(self) -> tuple[Container, ...]:
        """Its containers that are neither leases nor nodes: services and sources."""
        return tuple(found for found in self.others if found.labels.get(f"{LABEL}.role") != NODE_ROLE)

    @property
    def is_alive(self) -> bool:
        """Whether the process that runs it lives: its leases end with it (docs/decisions/0002)."""
        return any(lease.is_alive for lease in self.leases)

    @property
    def is_starting(self) -> bool:
        """Whether a lease was created and does not run: it is about to, or its process died in between."""
        return not self.is_alive and any(lease.status == "created" for lease in self.leases)

    @property
    def phases(self) -> tuple[LivePhase, ...]:
        """The nodes that have been started."""
        return tuple(sorted((phase for part in self.parts for phase in part.phases), key=lambda phase: phase.id))

    def without_containers(self) -> "LiveRun":
        """The run as it is when none of its containers are left."""
        return replace(self, parts=tuple(replace(part, leases=(), others=()) for part in self.parts))

    @property
    def host(self) -> str:
        """The machine that runs it, for people."""
        return next((lease.labels.get(f"{LABEL}.host", "") for lease in self.leases), "")

    @property
    def since(self) -> str | None:
        """When the first lease was taken on the first of its engines, by the clock of that engine."""
        first = next((part.leases for part in self.parts if part.leases), ())
        return min((lease.started_at for lease in first if lease.started_at), default=None)


def parts_on(engine: Engine, host: str = "") -> dict[str, LivePart]:
    """Find the parts of runs on an engine, by run; raises EngineError."""
    everything = engine.api.labelled(f"{LABEL}.run")
    containers = engine.api.containers({f"{LABEL}.run": None})
    runs = sorted({labels[f"{LABEL}.run"] for labels in everything})
    return {run: _part(run, engine, host, everything, containers) for run in runs}


def _part(
    run: str, engine: Engine, host: str, everything: Iterable[Mapping[str, str]], containers: Iterable[Container]
) -> LivePart:
    own = [labels for labels in everything if labels[f"{LABEL}.run"] == run]
    mine = [found for found in containers if found.labels.get(f"{LABEL}.run") == run]
    return LivePart(
        engine,
        host,
        next((labels[f"{LABEL}.spec"] for labels in own if f"{LABEL}.spec" in labels), ""),
        tuple(found for found in mine if found.labels.get(f"{LABEL}.role") == LEASE_ROLE),
        tuple(found for found in mine if found.labels.get(f"{LABEL}.role") != LEASE_ROLE),
        tuple(dict.fromkeys(labels[PROJECT] for labels in own if labels.get(PROJECT))),
    )


def state_by_container(phase: LivePhase | None) -> State:
    """Derive the state of a phase from its container alone, which is not enough for a verdict."""
    if phase is None:
        return "waiting"
    if not phase.container.is_alive:
        return "passed" if phase.container.exit_code == 0 else "failed"
    return "ready" if not mode_named(phase.mode).is_proxy or _is_ready(phase) else "starting"


def _is_ready(phase: LivePhase) -> bool:
    """Look for the ready line in a recorder's log so far."""
    pattern = phase.container.labels.get(_READY_LABEL)
    log, seen = NodeLog(), list[str]()

    def take(line: str) -> None:
        log.take(line)
        if pattern and re.search(pattern, line):
            seen.append(line)

    phase.engine.api.read_logs(phase.container.id, take)
    return bool(seen) if pattern else log.is_recording
