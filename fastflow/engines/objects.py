"""Objects of an engine, found by labels and removed by id: networks, volumes, images."""

import hashlib
import json
import re
import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from fastflow.engines.api import EngineApi, GoneError, segment
from fastflow.engines.inspection import short_name, subnets_of
from fastflow.engines.routes import routed
from fastflow.errors import EngineCallError, EngineTimeoutError
from fastflow.run.engine import ImageIdentity

Kind: TypeAlias = Literal["container", "network", "volume", "image"]
_REMOVAL_TIMEOUT = 15.0
"""Seconds until an object that another client removes must be gone."""
_IN_USE = re.compile(r"is being used|is using|conflict|dependent child", re.IGNORECASE)
"""An engine's message about an image that it does not remove because it is in use."""
_AT_ONCE = 8
_PAUSE = 0.03
"""Seconds between two checks of an object that another client removes: the engine offers no way to wait for that."""
_UNDER_WAY = re.compile(r"already in progress", re.IGNORECASE)
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
class EngineObjects:
    """Objects of an engine other than containers. Raises EngineError if it does not answer, or refuses."""

    http: EngineApi

    # Networks
    def networks(self, labels: Mapping[str, str | None]) -> tuple[str, ...]:
        """Return the ids of the networks that carry these labels."""
        return self._listed("network", labels)

    def remove_networks(self, ids: Iterable[str]) -> None:
        """Remove networks; those that are gone are fine."""
        self._remove("network", ids)

    def network_ids(self, name: str) -> tuple[str, ...]:
        """Return the ids of the networks with exactly this name."""
        found = self.http.get("/networks", filters=json.dumps({"name": [name]}))  # also those with longer names
        return tuple(entry["Id"] for entry in found if entry["Name"] == name)

    def create_network(self, name: str, settings: Mapping[str, Any], labels: Mapping[str, str]) -> None:
        """Create a network with the settings of a Compose file, as Compose resolves them."""
        self.http.create("/networks/create", {"Name": name, "CheckDuplicate": True, **_body(settings, labels)})

    def network_users(self, network_id: str) -> tuple[str, ...]:
        """Return the ids of the containers on a network, including those that do not run; none if it is gone."""
        try:
            name = self.http.get(f"/networks/{segment(network_id)}")["Name"]
        except GoneError:
            return ()
        # By name: a container that has not run yet does not know the network's id.
        found = self.http.get("/containers/json", all="1", filters=json.dumps({"network": [name]}))
        return tuple(entry["Id"] for entry in found)

    def attached(self, network_id: str) -> tuple[str, ...]:
        """Return the ids of the containers that run and are on a network."""
        return tuple(self.http.get(f"/networks/{segment(network_id)}").get("Containers") or ())

    def disconnect(self, network_id: str, container_id: str) -> None:
        """Take a container off a network."""
        self.http.create(f"/networks/{segment(network_id)}/disconnect", {"Container": container_id, "Force": True})

    def subnets(self) -> tuple[str, ...]:
        """Return the subnets (CIDR) that are taken: those of all networks and, on a local engine, of local routes."""
        found = subnets_of((entry.get("IPAM") or {}).get("Config") for entry in self.http.get("/networks"))
        return (*found, *(routed() if self.http.is_local else ()))

    # Volumes and images
    def volumes(self, labels: Mapping[str, str | None]) -> tuple[str, ...]:
        """Return the names of the volumes that carry these labels."""
        return self._listed("volume", labels)

    def create_volume(self, name: str, labels: Mapping[str, str]) -> None:
        """Create a volume."""
        self.http.create("/volumes/create", {"Name": name, "Labels": dict(labels)})

    def remove_volumes(self, names: Iterable[str]) -> None:
        """Remove volumes; those that are gone are fine."""
        self._remove("volume", names)

    def images(self, labels: Mapping[str, str | None]) -> tuple[str, ...]:
        """Return the references of the images that carry these labels."""
        return self._listed("image", labels)

    def missing_images(self, images: Iterable[str]) -> tuple[str, ...]:
        """Return those of `images` that the engine does not have, in order, each once."""
        return tuple(image for image in dict.fromkeys(images) if not self._exists("image", image))

    def identify_images(self, images: Iterable[str]) -> Mapping[str, ImageIdentity]:
        """Return the identities of those of `images` that the engine has, by the names given."""
        found = {}
        for image in dict.fromkeys(images):
            with suppress(GoneError):
                inspected = self.http.get(f"/images/{segment(image)}/json")
                digests = (str(name).rpartition("@")[2] for name in inspected.get("RepoDigests") or ())
                found[image] = ImageIdentity(str(inspected["Id"]), _content_of(inspected), min(digests, default=None))
        return found

    def remove_images(self, references: Iterable[str]) -> None:
        """Remove image references; those that are gone or in use are fine."""
        self._remove("image", references)

    # All of them
    def labelled(self, label: str) -> tuple[Mapping[str, str], ...]:
        """Return the labels of every container, network, volume and image that carries a label."""
        kinds: tuple[Kind, ...] = ("container", "network", "volume", "image")
        return tuple(entry.get("Labels") or {} for kind in kinds for entry in self._entries(kind, {label: None}))

    def _entries(self, kind: Kind, labels: Mapping[str, str | None]) -> list[Any]:
        selected = json.dumps({"label": [key if value is None else f"{key}={value}" for key, value in labels.items()]})
        if kind == "container":
            found = self.http.get("/containers/json", all="1", filters=selected)
        elif kind == "volume":
            found = self.http.get("/volumes", filters=selected)["Volumes"]
        else:
            found = self.http.get("/networks" if kind == "network" else "/images/json", filters=selected)
        return found or []

    def _listed(self, kind: Kind, labels: Mapping[str, str | None]) -> tuple[str, ...]:
        """Return objects with these labels: ids of containers and networks, names of volumes and images."""
        entries = self._entries(kind, labels)
        if kind == "image":
            names = [name for entry in entries for name in _names_of(entry)]
            return tuple(dict.fromkeys(short_name(name, is_podman=self.http.is_podman) for name in names))
        return tuple(sorted(entry["Name"] for entry in entries) if kind == "volume" else (one["Id"] for one in entries))

    def _remove(self, kind: Kind, names: Iterable[str]) -> None:
        """Remove all at once, so that none blocks another's removal.

        Missing objects and images in use are fine. Raises the first other error once all were tried.
        """
        wanted = list(dict.fromkeys(names))
        if len(wanted) == 1:
            faults = [self._fault_of_removal(kind, wanted[0])]
        else:
            with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="removal") as pool:
                faults = list(pool.map(lambda name: self._fault_of_removal(kind, name), wanted))
        for fault in faults:
            if fault is not None:
                raise fault

    def _fault_of_removal(self, kind: Kind, name: str) -> EngineCallError | None:
        deadline = time.monotonic() + _REMOVAL_TIMEOUT
        pause = threading.Event()
        while True:
            try:
                self.http.delete(
                    f"/{kind}s/{segment(name)}", **({"force": "1", "v": "1"} if kind == "container" else {})
                )
            except (GoneError, EngineTimeoutError) as error:
                return error if isinstance(error, EngineTimeoutError) else None
            except EngineCallError as error:
                if kind == "image" and _IN_USE.search(error.output):
                    return None
                if not _UNDER_WAY.search(error.output) or time.monotonic() > deadline:
                    return error
                pause.wait(_PAUSE)
                if not self._exists(kind, name):
                    return None
            else:
                return None

    def _exists(self, kind: Kind, name: str) -> bool:
        is_json = kind in ("container", "image")
        try:
            self.http.get(f"/{kind}s/{segment(name)}{'/json' if is_json else ''}")
        except GoneError:
            return False
        return True


def _content_of(image: Mapping[str, Any]) -> str:
    """Digest an image's layers and what it runs, but no labels: a run labels the images that it builds with its id."""
    config, layers = image.get("Config") or {}, (image.get("RootFS") or {}).get("Layers") or []
    runs = {name: config.get(name) or None for name in ("Entrypoint", "Cmd", "Env", "User", "WorkingDir")}
    return f"sha256:{hashlib.sha256(json.dumps([layers, runs], sort_keys=True).encode()).hexdigest()}"


def _names_of(image: Mapping[str, Any]) -> list[str]:
    names = [str(name) for name in image.get("RepoTags") or () if "<none>" not in name]
    return names or [str(image["Id"])]


def _body(settings: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    """The engine's form of the settings (Compose specification; Engine API, NetworkCreate)."""
    ipam = settings.get("ipam") or {}
    pools = [{name: pool[key] for key, name in _OF_POOL if pool.get(key)} for pool in ipam.get("config") or ()]
    flags = {name: bool(settings[key]) for key, name in _FLAGS if settings.get(key) is not None}
    options = {key: str(value) for key, value in (settings.get("driver_opts") or {}).items()}
    own = {key: str(value) for key, value in (settings.get("labels") or {}).items()}
    addresses = {"Driver": ipam.get("driver") or "default", "Options": ipam.get("options") or {}, "Config": pools}
    body = {"Driver": settings.get("driver") or "bridge", "Options": options, "IPAM": addresses}
    return {**body, **flags, "Labels": {**own, **labels}}
