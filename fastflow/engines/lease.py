"""A lease: a running container whose stdin is a connection of this process."""

import re
import threading
import time
from collections.abc import Mapping
from contextlib import suppress

from fastflow.engines.api import EngineApi, GoneError, segment
from fastflow.engines.connection import Connection
from fastflow.errors import EngineCallError, EngineError

_RELEASE_TIMEOUT = 5.0
_START_GRACE = 10.0
_TRIES = 10
_NAME_TAKEN = re.compile(r"is already in use by", re.IGNORECASE)
"""An engine's message about a taken container name: "by container ID" (Docker), "by ID" (Podman 4.3 to 5.8).

The status is not enough, because Podman 4.3 answers 500 instead of Docker's 409.
"""
_PAUSE = 0.02
"""Seconds between two checks of a holder that is about to run: the engine offers no way to wait for that."""


class ContainerLease:
    """Held by a connection to the container's stdin: any end of this process closes it, and so ends the container."""

    def __init__(self, api: EngineApi, name: str, image: str, labels: Mapping[str, str]) -> None:
        self._api = api
        self._name = name
        self._image = image
        self._labels = labels
        self._connection: Connection | None = None
        self._is_started = False
        self.container_id = ""

    def claim(self) -> bool:
        """Create the container and connect to it; False if another container has the name."""
        body = {
            "Image": self._image,
            "Entrypoint": ["cat"],
            "Cmd": [],
            "Labels": dict(self._labels),
            "AttachStdin": True,
            "OpenStdin": True,
            "StdinOnce": True,
            "NetworkDisabled": True,  # the mode `none` alone still makes a sandbox, which is half of a start's cost
            "Healthcheck": {"Test": ["NONE"]},
            "StopSignal": "SIGKILL",
            "HostConfig": {"NetworkMode": "none", "AutoRemove": True},
        }
        try:
            self.container_id = self._api.create("/containers/create", body, name=self._name)["Id"]
        except EngineCallError as error:
            if _NAME_TAKEN.search(error.output):
                return False
            raise
        self._disconnect()
        try:
            self._connection = self._api.connect(f"{self._path}/attach", stream="1", stdin="1")
        except GoneError:  # pruned while it did not run yet
            return self.claim()
        except BaseException:
            self.release()
            raise
        return True

    def start(self) -> None:
        """Start the container: from now on the lease counts as alive. Raises EngineError."""
        for _ in range(_TRIES):
            try:
                self._api.post(f"{self._path}/start")
            except GoneError:  # pruned while it did not run yet
                if not self.claim():
                    break
            else:
                self._is_started = True
                return
        raise EngineError(f"the container {self._name} was removed while it was being started", "try again")

    @property
    def _path(self) -> str:
        return f"/containers/{segment(self.container_id)}"

    def release(self) -> None:
        """Release the name. Never raises."""
        self._disconnect()
        with suppress(EngineError):
            if self._is_started:
                # The container ends with its stdin, and the engine then removes it.
                self._api.wait(f"{self._path}/wait", _RELEASE_TIMEOUT, condition="removed")
        with suppress(EngineError):
            self._api.delete(self._path, force="1", v="1")

    def _disconnect(self) -> None:
        """Close the connection, even if the container is gone."""
        if self._connection is not None:
            self._connection.drop()
            self._connection = None


def claim(api: EngineApi, name: str, image: str, labels: Mapping[str, str]) -> ContainerLease | None:
    """Take a container name; None if another container has it.

    A holder that is only created is about to run, or its client died. It gets some seconds before it counts as a
    holder, so that a lease that is just being taken does not count as dead.
    """
    deadline = time.monotonic() + _START_GRACE
    pause = threading.Event()
    while True:
        lease = ContainerLease(api, name, image, labels)
        if lease.claim():
            return lease
        while (status := _status_of(api, name)) in ("created", "removing"):
            if time.monotonic() > deadline:
                return None
            pause.wait(_PAUSE)
        if status is not None or time.monotonic() > deadline:
            return None


def _status_of(api: EngineApi, name: str) -> str | None:
    try:
        return str(api.get(f"/containers/{segment(name)}/json")["State"]["Status"])
    except GoneError:
        return None
