"""Networks by the names that they have on an engine."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastflow.engines.api import EngineApi, GoneError, segment

_FLAGS = (
    ("internal", "Internal"),
    ("attachable", "Attachable"),
    ("enable_ipv6", "EnableIPv6"),
    ("enable_ipv4", "EnableIPv4"),
)
_OF_POOL = (
    ("subnet", "Subnet"),
    ("ip_range", "IPRange"),
    ("gateway", "Gateway"),
    ("aux_addresses", "AuxiliaryAddresses"),
)


@dataclass(frozen=True)
class DaemonNetworks:
    """Implements `run.engine.NamedNetworks`."""

    api: EngineApi

    def ids(self, name: str) -> tuple[str, ...]:
        """Return the ids of the networks of exactly this name."""
        found = self.api.get("/networks", filters=json.dumps({"name": [name]}))  # also those whose name holds it
        return tuple(entry["Id"] for entry in found if entry["Name"] == name)

    def create(self, name: str, settings: Mapping[str, Any], labels: Mapping[str, str]) -> None:
        """Create a network with the settings of a Compose file, as Compose resolves them."""
        self.api.create("/networks/create", {"Name": name, "CheckDuplicate": True, **_body(settings, labels)})

    def users(self, network_id: str) -> tuple[str, ...]:
        """Return the ids of the containers on a network, also of those that do not run; none where it is gone."""
        try:
            name = self.api.get(f"/networks/{segment(network_id)}")["Name"]
        except GoneError:
            return ()
        # By name: a container that has not run yet does not know the network's id.
        found = self.api.get("/containers/json", all="1", filters=json.dumps({"network": [name]}))
        return tuple(entry["Id"] for entry in found)


def _body(settings: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    """What the engine wants for the settings (Compose specification; Engine API, NetworkCreate)."""
    ipam = settings.get("ipam") or {}
    pools = [{name: pool[key] for key, name in _OF_POOL if pool.get(key)} for pool in ipam.get("config") or ()]
    flags = {name: bool(settings[key]) for key, name in _FLAGS if settings.get(key) is not None}
    options = {key: str(value) for key, value in (settings.get("driver_opts") or {}).items()}
    own = {key: str(value) for key, value in (settings.get("labels") or {}).items()}
    addresses = {"Driver": ipam.get("driver") or "default", "Options": ipam.get("options") or {}, "Config": pools}
    body = {"Driver": settings.get("driver") or "bridge", "Options": options, "IPAM": addresses}
    return {**body, **flags, "Labels": {**own, **labels}}
