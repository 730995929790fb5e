"""Networks by name on an engine in memory, where a name is an id, too."""

from collections.abc import Mapping
from typing import Any

from fastflow.errors import EngineCallError
from tests.fakes.containers import Containers
from tests.fakes.kept import Labels, Subnets


class FakeNamedNetworks:
    """Implements `run.engine.NamedNetworks`."""

    def __init__(self, kept: dict[str, Labels], addresses: Subnets, world: Containers) -> None:
        self._kept = kept
        self._addresses = addresses
        self._world = world

    def ids(self, name: str) -> tuple[str, ...]:
        """Return the ids of the networks of exactly this name."""
        return (name,) if name in self._kept else ()

    def create(self, name: str, settings: Mapping[str, Any], labels: Mapping[str, str]) -> None:
        """Create a network."""
        if name in self._kept:
            raise EngineCallError(f"network with name {name} already exists", None, "fake", 1)
        pools = (settings.get("ipam") or {}).get("config") or [{}]
        self._addresses.take(name, pools[0].get("subnet"))
        self._kept[name] = {**(settings.get("labels") or {}), **labels}

    def users(self, network_id: str) -> tuple[str, ...]:
        """Return the ids of the containers on a network."""
        return tuple(box.container.id for box in list(self._world.boxes.values()) if network_id in box.attached)
