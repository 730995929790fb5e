"""A cluster in memory: units print what their scripts say, nodes get lost, logs stop; nothing happens by itself."""

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from fastflow.cluster.cluster import Claim, ClusterInfo, Unit, UnitOrder
from fastflow.errors import EngineError
from fastflow.run.engine import Stream


@dataclass(frozen=True)
class Script:
    """What a unit does: prints `lines`, ends with `exit_code` (None: goes on), and when it is stopped with `stopped`.

    Before its end by SIGTERM it prints `last`.
    """

    lines: tuple[str, ...] = ()
    exit_code: int | None = None
    last: tuple[str, ...] = ()
    stopped: int = 143


@dataclass
class _Stream:
    """Who follows a unit; a `broken` one hears nothing any more, and nobody tells it."""

    on_line: Callable[[str], None]
    is_broken: bool = False

    def close(self) -> None:
        self.is_broken = True

    def join(self, timeout: float) -> bool:
        return self.is_broken


@dataclass
class _Service:
    order: UnitOrder
    unit: Unit
    script: Script
    log: list[str] = field(default_factory=list)
    streams: list[_Stream] = field(default_factory=list)


@dataclass
class FakeCluster:
    """Implements `cluster.Cluster`. `scripts` are by the name of a unit; units that do not fit on its nodes wait."""

    nodes: tuple[str, ...] = ("node1", "node2")
    cpus: float = 4.0
    scripts: Mapping[str, Script] = field(default_factory=dict)
    is_down: bool = False
    started: list[str] = field(default_factory=list)
    """The names of the units that began, in order."""
    _services: dict[str, _Service] = field(default_factory=dict)
    _claims: dict[str, tuple[Claim, bytes]] = field(default_factory=dict)
    _ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def _answer(self) -> None:
        if self.is_down:
            raise EngineError("the manager does not answer")

    def info(self) -> ClusterInfo:
        self._answer()
        return ClusterInfo("fake", self.nodes)

    # Files and claims
    def store(self, name: str, content: bytes, labels: Mapping[str, str]) -> Claim:
        claim = self._claim(name, content, labels)
        if claim is None:
            raise EngineError(f"{name} already exists")
        return claim

    def claim(self, name: str, labels: Mapping[str, str]) -> Claim | None:
        return self._claim(name, b"-", labels)

    def _claim(self, name: str, content: bytes, labels: Mapping[str, str]) -> Claim | None:
        self._answer()
        if any(claim.name == name for claim, _ in self._claims.values()):
            return None
        claim = Claim(f"c{next(self._ids)}", name, dict(labels))
        self._claims[claim.id] = claim, content
        return claim

    def claims(self, labels: Mapping[str, str]) -> tuple[Claim, ...]:
        self._answer()
        return tuple(claim for claim, _ in self._claims.values() if _carries(claim.labels, labels))

    def renew(self, claim: str) -> bool:
        self._answer()
        if claim not in self._claims:
            return False
        found, content = self._claims[claim]
        self._claims[claim] = replace(found, revision=found.revision + 1), content
        return True

    def read(self, claim: str) -> bytes:
        return self._claims[claim][1]

    def release(self, claims: Iterable[str]) -> None:
        for claim in list(claims):
            self._claims.pop(claim, None)

    # Units
    def create(self, order: UnitOrder) -> str:
        self._answer()
        if any(service.order.name == order.name for service in self._services.values()):
            raise EngineError(f"the name {order.name} already exists")
        unit = Unit(f"s{next(self._ids)}", order.name, dict(order.labels), "created")
        self._services[unit.id] = _Service(order, unit, self.scripts.get(order.name, Script()))
        return unit.id

    def start(self, unit: str) -> None:
        service = self._service(unit)
        if service.unit.is_cancelled:
            raise EngineError(f"{service.order.name} was stopped before it began")
        if service.unit.state == "created":
            service.unit = replace(service.unit, state="pending")
            self._place()

    def _place(self) -> None:
        for service in self._services.values():
            if service.unit.state != "pending" or service.unit.is_cancelled:
                continue
            node = next((node for node in self.nodes if self._free(node) >= service.order.cpus), None)
            if node is None:
                service.unit = replace(service.unit, message="no suitable node")
            else:
                service.unit = replace(service.unit, state="running", node=node, message=None)
                self.started.append(service.order.name)
                for line in service.script.lines:
                    self.print(service.unit.id, line)
                if service.script.exit_code is not None:
                    self.end(service.unit.id, service.script.exit_code)

    def _free(self, node: str) -> float:
        used = (
            one.order.cpus for one in self._services.values() if one.unit.node == node and one.unit.state == "running"
        )
        return self.cpus - sum(used)

    def _service(self, unit: str) -> _Service:
        self._answer()
        if unit not in self._services:
            raise EngineError(f"there is no unit {unit}")
        return self._services[unit]

    def units(self, labels: Mapping[str, str]) -> tuple[Unit, ...]:
        self._answer()
        return tuple(one.unit for one in list(self._services.values()) if _carries(one.unit.labels, labels))

    def follow(self, unit: str, on_line: Callable[[str], None]) -> Stream:
        service = self._service(unit)
        stream = _Stream(on_line)
        service.streams.append(stream)
        for line in list(service.log):
            on_line(line)
        return stream

    def read_log(self, unit: str, on_line: Callable[[str], None]) -> None:
        for line in list(self._service(unit).log):
            on_line(line)

    def cancel(self, unit: str) -> None:
        if unit not in self._services:
            return
        service = self._service(unit)
        was = service.unit.state
        service.unit = replace(service.unit, is_cancelled=True)
        if was == "pending":
            service.unit = replace(service.unit, state="ended")
        if was == "running" and not service.unit.is_lost:
            for line in service.script.last:
                self.print(unit, line)
            self.end(unit, service.script.stopped)

    def sweep(self, order: UnitOrder, timeout: float, on_line: Callable[[str], None]) -> tuple[str, ...]:
        for node in self.nodes[1:] if "node.role == worker" in order.constraints else self.nodes:
            on_line(f"swept {node}")
        return ()

    def remove(self, units: Iterable[str]) -> None:
        for unit in list(units):
            self._services.pop(unit, None)

    # What befalls them
    def print(self, unit: str, line: str) -> None:
        """Let a unit print a line."""
        service = self._services[unit]
        service.log.append(line)
        for stream in service.streams:
            if not stream.is_broken:
                stream.on_line(line)

    def end(self, unit: str, code: int, message: str | None = None) -> None:
        """Let a unit end."""
        service = self._services[unit]
        service.unit = replace(service.unit, state="ended", exit_code=code, message=message)
        self._place()

    def break_streams(self, unit: str) -> None:
        """Let those who follow a unit hear nothing any more."""
        for stream in self._services[unit].streams:
            stream.is_broken = True

    def lose(self, unit: str, *, is_lost: bool = True) -> None:
        """Let the node of a unit answer no more, or again."""
        service = self._services[unit]
        service.unit = replace(service.unit, is_lost=is_lost)


def _carries(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(key in labels and value in ("", labels[key]) for key, value in wanted.items())
