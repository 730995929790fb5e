"""Docker Swarm by the Engine API of a manager: a unit is a service with one task that is never restarted.

Not a `replicated-job`, which runs a failed task again when the manager restarts, and gets no SIGTERM on 20.10. All of
this was measured; see docs/decisions/0015.
"""

import base64
import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from fastflow.cluster.cluster import Claim, ClusterInfo, Unit, UnitOrder
from fastflow.engines.api import EngineApi, GoneError, segment
from fastflow.engines.stream import Ended, LineStream
from fastflow.engines.swarm_services import STOPPED, WAITING, can_take, filter_of, problem_of, service_of, unit_of
from fastflow.errors import EngineCallError, EngineError
from fastflow.model.compose_keys import LABEL
from fastflow.run.engine import Stream

_TAKEN = re.compile(r"already exists|name conflicts", re.IGNORECASE)
_OUT_OF_SEQUENCE = re.compile(r"out of sequence", re.IGNORECASE)
_IN_USE = re.compile(r"is in use by", re.IGNORECASE)
_RENEWED = f"{LABEL}.renewed"
_TRIES = 100
_PAUSE = 0.1
"""Seconds between two attempts to remove what an ending service still uses: nothing reports its end."""
_SETTLED, _NO_NODE = 1.0, 10.0
"""Seconds after which no more tasks of a service on every node are expected, after the last one or if there is none."""


@dataclass(frozen=True)
class Swarm:
    """Implements `cluster.Cluster`; `http` leads to a manager."""

    http: EngineApi
    logins: Callable[[str], str | None] = lambda _: None
    """The login for an image's registry, in the form of the Engine API (X-Registry-Auth)."""

    def info(self) -> ClusterInfo:
        """Return which cluster answers; raise EngineError if the engine is not a manager."""
        info = self.http.get("/info")
        swarm = info.get("Swarm") or {}
        if not swarm.get("ControlAvailable"):
            state = swarm.get("LocalNodeState") or "inactive"
            why = "is a worker of a swarm" if state == "active" else "is in no swarm"
            hint = "point the context at a manager, or create one: docker swarm init"
            raise EngineError(f"the engine {info.get('Name', '')} {why}, not a manager", hint)
        nodes = sorted(node["Description"]["Hostname"] for node in self.http.get("/nodes") if can_take(node))
        return ClusterInfo(str(info.get("ServerVersion", "?")), tuple(nodes))

    def node_id(self) -> str:
        """The manager's own node id."""
        return str(self.http.get("/info")["Swarm"]["NodeID"])

    # Files and claims are configs
    def store(self, name: str, content: bytes, labels: Mapping[str, str]) -> Claim:
        """Store a file for units."""
        body = {"Name": name, "Labels": dict(labels), "Data": base64.b64encode(content).decode()}
        return Claim(str(self.http.create("/configs/create", body)["ID"]), name, labels)

    def claim(self, name: str, labels: Mapping[str, str]) -> Claim | None:
        """Take a name; None if it is taken."""
        try:
            return self.store(name, b"-", labels)
        except EngineCallError as error:
            if _TAKEN.search(error.output):
                return None
            raise

    def claims(self, labels: Mapping[str, str]) -> tuple[Claim, ...]:
        """Return the claims and files that carry these labels."""
        found = self.http.get("/configs", filters=filter_of(labels))
        return tuple(
            Claim(one["ID"], one["Spec"]["Name"], one["Spec"].get("Labels") or {}, one["Version"]["Index"])
            for one in found
        )

    def renew(self, claim: str) -> bool:
        """Show that the holder of a claim is alive: only the labels of a config can change."""
        path = f"/configs/{segment(claim)}"
        try:
            found = self.http.get(path)
            spec, version = found["Spec"], str(found["Version"]["Index"])
            self.http.create(
                f"{path}/update", {**spec, "Labels": {**spec["Labels"], _RENEWED: version}}, version=version
            )
        except GoneError:
            return False
        return True

    def read(self, claim: str) -> bytes:
        """Return the content of a file."""
        return base64.b64decode(self.http.get(f"/configs/{segment(claim)}")["Spec"]["Data"])

    def release(self, claims: Iterable[str]) -> None:
        """Remove claims and files; those that are gone are fine."""
        for claim in claims:
            self._remove(f"/configs/{segment(claim)}")

    # Units are services
    def create(self, order: UnitOrder, *, is_global: bool = False) -> str:
        """Create a unit that does not run yet, or one that runs on every node at once; return its id."""
        labels = dict(order.labels)
        secret = {"Name": order.name, "Labels": labels, "Data": base64.b64encode(order.secret).decode()}
        secret_id = str(self.http.create("/secrets/create", secret)["ID"]) if order.secret else None
        try:
            path, service, login = "/services/create", service_of(order, secret_id, is_global), self.logins(order.image)
            made = self.http.create_as(login, path, service) if login else self.http.create(path, service)
            return str(made["ID"])
        except BaseException:
            if secret_id is not None:
                with suppress(EngineError):
                    self._remove(f"/secrets/{secret_id}")
            raise

    def start(self, unit: str) -> None:
        """Start a created unit, which runs only once."""

        def change(spec: dict[str, Any]) -> None:
            if STOPPED in (spec["TaskTemplate"].get("Placement", {}).get("Constraints") or []):
                raise EngineError(f"the service {spec['Name']} was stopped before it began")
            spec["Mode"]["Replicated"]["Replicas"] = 1

        self._update(unit, change)

    def cancel(self, unit: str) -> None:
        """Send a unit SIGTERM, and keep it from ever starting again; its log and its exit code are kept."""

        def change(spec: dict[str, Any]) -> None:
            placement = spec["TaskTemplate"].setdefault("Placement", {})
            constraints = placement.get("Constraints") or []
            placement["Constraints"] = list(dict.fromkeys((*constraints, STOPPED)))

        with suppress(GoneError):
            self._update(unit, change)

    def _update(self, unit: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Change a service in its present version; others may change it at the same time."""
        for _ in range(_TRIES):
            found = self.http.get(f"/services/{segment(unit)}")
            change(found["Spec"])
            version = str(found["Version"]["Index"])
            try:
                self.http.create(f"/services/{segment(unit)}/update", found["Spec"], version=version)
            except EngineCallError as error:
                if not _OUT_OF_SEQUENCE.search(error.output):
                    raise
            else:
                return
        raise EngineError(f"the service {unit} is constantly being changed by others", "try again")

    def units(self, labels: Mapping[str, str]) -> tuple[Unit, ...]:
        """Return the units that carry these labels."""
        services = self.http.get("/services", filters=filter_of(labels))
        if not services:
            return ()
        tasks = self.http.get("/tasks", filters=filter_of(labels))
        nodes = {node["ID"]: node for node in self.http.get("/nodes")}
        by_service: dict[str, list[Any]] = {}
        for task in sorted(tasks, key=lambda task: str(task["CreatedAt"])):
            by_service.setdefault(task["ServiceID"], []).append(task)
        return tuple(unit_of(service, by_service.get(service["ID"], ()), nodes) for service in services)

    def follow(self, unit: str, on_line: Callable[[str], None]) -> Stream:
        """Pass on a unit's log from its first line, as it arrives."""
        try:
            path = f"/services/{segment(unit)}/logs"
            return LineStream(self.http.stream(path, is_framed=True, stdout="1", stderr="1", follow="1"), on_line)
        except GoneError:
            return Ended()

    def read_log(self, unit: str, on_line: Callable[[str], None]) -> None:
        """Return the lines so far."""
        with suppress(GoneError):
            path = f"/services/{segment(unit)}/logs"
            stream = LineStream(self.http.stream(path, is_framed=True, stdout="1", stderr="1", follow="0"), on_line)
            if not stream.join(self.http.timeout):
                stream.close()

    def sweep(self, order: UnitOrder, timeout: float, on_line: Callable[[str], None]) -> tuple[str, ...]:
        """Run a command once on every node that can run units, and pass on its output; then remove it."""
        service = self.create(order, is_global=True)
        try:
            tasks = self._swept(service, time.monotonic() + timeout)
            self.read_log(service, on_line)
        finally:
            self.remove([service])
        names = {node["ID"]: node["Description"]["Hostname"] for node in self.http.get("/nodes")}
        return tuple(problem_of(task, names) for task in tasks if task["Status"]["State"] != "complete")

    def _swept(self, service: str, deadline: float) -> Sequence[Mapping[str, Any]]:
        """The tasks of a service on every node once all have ended: only Swarm knows how many its constraints select.

        They are created at once, so no more come if there was none for a while.
        """
        pause, known, since = threading.Event(), 0, time.monotonic()
        while True:
            tasks: Sequence[Mapping[str, Any]] = self.http.get("/tasks", filters=json.dumps({"service": [service]}))
            if len(tasks) != known:
                known, since = len(tasks), time.monotonic()
            now = time.monotonic()
            is_over = not any(task["Status"]["State"] in (*WAITING, "running") for task in tasks)
            if (is_over and tasks and now - since >= _SETTLED) or now >= deadline:
                return tasks
            if not tasks and now - since >= _NO_NODE:
                return ()
            pause.wait(_PAUSE)

    def remove(self, units: Iterable[str]) -> None:
        """Remove units that have ended or never began, with their secrets."""
        for unit in units:
            with suppress(GoneError):
                name = self.http.get(f"/services/{segment(unit)}")["Spec"]["Name"]
                self._remove(f"/services/{segment(unit)}")
                self._remove(f"/secrets/{segment(name)}")

    def _remove(self, path: str) -> None:
        """Remove something, once nothing uses it any more; missing objects are fine."""
        pause = threading.Event()
        for _ in range(_TRIES):
            try:
                self.http.delete(path)
            except GoneError:
                return
            except EngineCallError as error:
                if not _IN_USE.search(error.output):
                    raise
                pause.wait(_PAUSE)
            else:
                return
