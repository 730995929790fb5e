"""A unit as a service of Docker Swarm: its settings, and its state by its tasks."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fastflow.cluster.cluster import BUNDLE, ORDER, UNITS_DIRECTORY, UNITS_VOLUME, Unit, UnitOrder, UnitState

STOPPED = "node.labels.fastflow==stopped"
"""A constraint that no node meets: it ends a task with SIGTERM, and keeps its log."""
WAITING = frozenset(("new", "pending", "assigned", "accepted", "preparing", "ready", "starting"))
_NANO = 1_000_000_000
_SOCKET = "/var/run/docker.sock"


def can_take(node: Mapping[str, Any]) -> bool:
    """Whether a node can run units."""
    return (node["Spec"].get("Availability"), node["Status"].get("State")) == ("active", "ready")


def problem_of(task: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The problem of a task, and its node."""
    node = names.get(task.get("NodeID", ""), "a node")
    return f"{node}: {task['Status'].get('Err') or task['Status'].get('State')}"


def filter_of(labels: Mapping[str, str]) -> str:
    """Labels as a filter of the Engine API; an empty value means any."""
    return json.dumps({"label": [f"{key}={value}" if value else key for key, value in labels.items()]})


def service_of(order: UnitOrder, secret_id: str | None, is_global: bool) -> Mapping[str, Any]:
    """The settings of the Engine API (ServiceCreate) for a unit."""
    template: dict[str, Any] = {
        "ContainerSpec": _container(order, secret_id),
        "RestartPolicy": {"Condition": "none"},
        "Resources": {"Reservations": _reserved(order)},
        "Placement": {"Constraints": list(order.constraints)},
        "LogDriver": {"Name": "json-file", "Options": {"max-size": "10g"}},
    }
    if order.shares_network:
        template["Networks"] = [{"Target": "host"}]
    return {
        "Name": order.name,
        "Labels": dict(order.labels),
        "TaskTemplate": template,
        "Mode": {"Global": {}} if is_global else {"Replicated": {"Replicas": 0}},
    }


def _reserved(order: UnitOrder) -> Mapping[str, int]:
    return {"NanoCPUs": round(order.cpus * _NANO), **({"MemoryBytes": order.memory} if order.memory else {})}


def _container(order: UnitOrder, secret_id: str | None) -> Mapping[str, Any]:
    mounted = {"Type": "volume", "Source": UNITS_VOLUME, "Target": UNITS_DIRECTORY}
    volume = {**mounted, "VolumeOptions": {"NoCopy": True, "Labels": {"io.fastflow": "units"}}}
    container: dict[str, Any] = {
        "Image": order.image,
        "Args": list(order.command),
        "Env": ["FASTFLOW_NODE={{.Node.Hostname}}"],
        "StopGracePeriod": round(order.grace * _NANO),
        "Mounts": [{"Type": "bind", "Source": _SOCKET, "Target": _SOCKET}, volume],
    }
    if secret_id is not None:
        container["Secrets"] = [{"SecretID": secret_id, "SecretName": order.name, "File": _file(ORDER)}]
    if order.bundle is not None:
        used = {"ConfigID": order.bundle.id, "ConfigName": order.bundle.name}
        container["Configs"] = [{**used, "File": _file(BUNDLE)}]
    return container


def _file(path: str) -> Mapping[str, Any]:
    return {"Name": path, "UID": "0", "GID": "0", "Mode": 0o400}


def unit_of(service: Mapping[str, Any], tasks: Sequence[Mapping[str, Any]], nodes: Mapping[str, Any]) -> Unit:
    """A unit by its tasks, oldest first: the first with a node is the one that runs, later ones never begin."""
    spec = service["Spec"]
    constraints = spec["TaskTemplate"].get("Placement", {}).get("Constraints") or []
    is_cancelled = STOPPED in constraints
    base = (service["ID"], spec["Name"], spec.get("Labels") or {})
    placed = next((task for task in tasks if task.get("NodeID")), None)
    task = placed or (tasks[-1] if tasks else None)
    if task is None:
        return Unit(*base, "created", is_cancelled=is_cancelled)
    status = task["Status"]
    node = nodes.get(task.get("NodeID", ""))
    state: UnitState = "running" if status["State"] == "running" else "ended"
    if status["State"] in WAITING:
        state = "pending"
    if state == "pending" and is_cancelled and not task.get("NodeID"):
        state = "ended"
    is_lost = state == "running" and (node is None or node["Status"].get("State") == "down")
    message = status.get("Err") or (status.get("Message") if state == "ended" else None)
    container = status.get("ContainerStatus") or {}
    name = node["Description"]["Hostname"] if node else None
    code = container.get("ExitCode") if state == "ended" else None
    return Unit(*base, state, name, code, message, is_lost, is_cancelled)
