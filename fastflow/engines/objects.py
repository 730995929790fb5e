"""What an engine keeps, found by labels and removed by id: containers, networks, volumes, images."""

import re
import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from fastflow.engines.api import EngineApi, GoneError, label_filter, segment
from fastflow.engines.image_names import short_name
from fastflow.engines.inspection import subnets_of
from fastflow.errors import EngineCallError, EngineTimeoutError

Kind: TypeAlias = Literal["container", "network", "volume", "image"]
_REMOVAL_TIMEOUT = 15.0
"""Seconds until what somebody else removes must be gone."""
_IN_USE = re.compile(r"is being used|is using|conflict|dependent child", re.IGNORECASE)
"""What an engine says of an image that it does not remove because it is in use."""
_AT_ONCE = 8
_PAUSE = 0.03
"""Seconds between two looks at what somebody else is removing: the engine has nothing to wait for that with."""
_UNDER_WAY = re.compile(r"already in progress", re.IGNORECASE)


@dataclass(frozen=True)
class KeptObjects:
    """What an engine keeps. Raises EngineError if it does not answer, or refuses."""

    api: EngineApi

    def listed(self, kind: Kind, labels: Mapping[str, str | None]) -> tuple[str, ...]:
        """Return what carries these labels: ids of containers and networks, names of volumes and images."""
        selected = label_filter(labels)
        if kind == "container":
            return tuple(entry["Id"] for entry in self.api.get("/containers/json", all="1", filters=selected))
        if kind == "network":
            return tuple(entry["Id"] for entry in self.api.get("/networks", filters=selected))
        if kind == "volume":
            return tuple(sorted(entry["Name"] for entry in self.api.get("/volumes", filters=selected)["Volumes"] or ()))
        entries = self.api.get("/images/json", filters=selected)
        names = [name for entry in entries for name in _names_of(entry)]
        return tuple(dict.fromkeys(short_name(name, self.is_podman) for name in names))

    def is_podman(self) -> bool:
        """Whether Podman answers: it names images in full."""
        return self.api.is_podman

    def labelled(self, label: str) -> tuple[Mapping[str, str], ...]:
        """Return the labels of every container, network, volume and image that carries a label."""
        selected = label_filter({label: None})
        entries = [
            *self.api.get("/containers/json", all="1", filters=selected),
            *self.api.get("/networks", filters=selected),
            *(self.api.get("/volumes", filters=selected)["Volumes"] or ()),
            *self.api.get("/images/json", filters=selected),
        ]
        return tuple(entry.get("Labels") or {} for entry in entries)

    def subnets(self) -> tuple[str, ...]:
        """Return the subnets (CIDR) of all networks."""
        return subnets_of((entry.get("IPAM") or {}).get("Config") for entry in self.api.get("/networks"))

    def remove(self, kind: Kind, names: Iterable[str]) -> None:
        """Remove all at once, so that none keeps another from going.

        What is gone is fine, and so is an image that is in use. Raises the first other error when all were tried.
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
                self.api.delete(
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
                if not self.exists(kind, name):
                    return None
            else:
                return None

    def exists(self, kind: Kind, name: str) -> bool:
        """Whether the engine has a network, a volume or an image of this name, or a container."""
        json = "/json" if kind in ("container", "image") else ""
        try:
            self.api.get(f"/{kind}s/{segment(name)}{json}")
        except GoneError:
            return False
        return True


def _names_of(image: Mapping[str, Any]) -> list[str]:
    names = [str(name) for name in image.get("RepoTags") or () if "<none>" not in name]
    return names or [str(image["Id"])]
