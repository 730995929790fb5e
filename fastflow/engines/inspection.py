"""Reads the engine's JSON of containers, networks and events."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from fastflow.engines.messages import advice, plain
from fastflow.run.container import Container, ContainerEvent, Health, Probe, PublishedPort, Status

_LIBRARY = "docker.io/library/"
_LOCAL = "localhost/"
_HEALTH = ("starting", "healthy", "unhealthy")
_STATUSES = {"stopped": "exited", "stopping": "running", "initialized": "created", "configured": "created"}
"""Podman's names for some states of a container, and Docker's."""
_PODMANS = {"remove": "destroy"}
"""Podman's (4.3) names for some events over Docker's API, and Docker's."""


def container_of(entry: Mapping[str, Any], *, is_podman: bool = False) -> Container:
    """Read one entry of `docker inspect`."""
    state, config = entry["State"], entry["Config"]
    checks = state.get("Health") or {}
    health = checks.get("Status")
    return Container(
        id=entry["Id"],
        name=entry["Name"].lstrip("/"),
        labels=config.get("Labels") or {},
        status=cast(Status, _STATUSES.get(state["Status"], state["Status"])),
        exit_code=int(state.get("ExitCode") or 0),
        health=cast(Health, health) if health in _HEALTH else None,
        oom_killed=bool(state.get("OOMKilled")),
        error=plain(state.get("Error") or ""),
        advice=advice(state.get("Error") or ""),
        started_at=_time(state.get("StartedAt")),
        finished_at=_time(state.get("FinishedAt")),
        ports=tuple(_ports((entry.get("NetworkSettings") or {}).get("Ports") or {})),
        image=short_name(config.get("Image") or "", is_podman=is_podman),
        restart_count=int(entry.get("RestartCount") or 0),
        probe=_failed_probe(checks.get("Log") or ()),
        token=_token(config.get("Env") or ()),
    )


def short_name(reference: str, *, is_podman: bool) -> str:
    """Shorten an engine's name of an image to the one that users gave it.

    Podman writes full names: with `docker.io/library/` for images of Docker Hub, and `localhost/` for images that were
    made there. On a Docker Engine `localhost/` is a registry.
    """
    name = reference.removeprefix(_LIBRARY)
    return name.removeprefix(_LOCAL) if is_podman else name


def _failed_probe(log: Iterable[Mapping[str, Any]]) -> Probe | None:
    failed = [Probe(int(entry["ExitCode"]), str(entry.get("Output") or "")) for entry in log if entry.get("ExitCode")]
    return failed[-1] if failed else None


def _token(environment: Iterable[str]) -> str:
    lead = "WALLARM_API_TOKEN="
    return next((pair.removeprefix(lead) for pair in environment if pair.startswith(lead)), "")


def _time(text: str | None) -> str | None:
    return None if not text or text.startswith("0001-") else text


def _ports(ports: Mapping[str, Any]) -> list[PublishedPort]:
    found = []
    for key, bindings in ports.items():
        number, _, protocol = key.partition("/")
        for binding in bindings or ():
            port = PublishedPort(int(number), protocol or "tcp", binding["HostIp"], int(binding["HostPort"] or 0))
            found.append(port)
    return found


def subnets_of(configs: Iterable[Any]) -> tuple[str, ...]:
    """The subnets (CIDR) in the IPAM configurations of networks; some have none, such as `host`."""
    return tuple(str(entry["Subnet"]) for config in configs for entry in config or () if entry.get("Subnet"))


def event_of(line: str) -> ContainerEvent | None:
    """Read one line of `docker events`; None if it is not an event of a container."""
    try:
        event = json.loads(line)
        actor = event["Actor"]
        attributes = actor.get("Attributes") or {}
        code = attributes.get("exitCode")
        exit_code = int(code) if code is not None else None
        action = _PODMANS.get(event["Action"], str(event["Action"]))
        return ContainerEvent(actor["ID"], action, exit_code, attributes, _event_time(event))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _event_time(event: Mapping[str, Any]) -> str | None:
    nanoseconds = event.get("timeNano")
    if not nanoseconds:
        return None
    seconds, rest = divmod(int(nanoseconds), 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09}Z"
