"""The emulated cloud of a cluster: one service on an overlay network that nodes on all machines join."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from fastflow.emulation import LABEL
from fastflow.emulation.image import ensure_image
from fastflow.engines.api import GoneError
from fastflow.engines.docker import DockerEngine
from fastflow.errors import EmulatorError, EngineCallError

CLUSTER_CLOUD = "fastflow-cluster-emulator"
"""The name of the service, of its network and of its volume; nodes reach the cloud under it."""
_READY_TIMEOUT = 60.0
_PAUSE = 0.1


def ensure_cluster_cloud(engine: DockerEngine, say: Callable[[str], None]) -> None:
    """Make the cloud run on the manager `engine`, which has the image. Raises EmulatorError."""
    image = ensure_image(engine, say)
    http = engine.api.http
    with suppress(EngineCallError):  # it exists already
        body = {"Name": CLUSTER_CLOUD, "Driver": "overlay", "Attachable": True, "CheckDuplicate": True}
        http.create("/networks/create", {**body, "Labels": {LABEL: "cluster-network"}})
    try:
        http.create("/services/create", _service(image, http.get("/info")["Swarm"]["NodeID"]))
        say("starting the emulated cloud of the cluster")
    except EngineCallError as error:
        if "already exists" not in error.output and "name conflicts" not in error.output:
            raise EmulatorError(f"the emulated cloud did not start: {error.message}", error.hint) from error
    _wait_until_ready(engine)


def _service(image: str, node: str) -> dict[str, Any]:
    """The cloud as a service, on the node that has its image."""
    return {
        "Name": CLUSTER_CLOUD,
        "Labels": {LABEL: "cluster-cloud"},
        "Mode": {"Replicated": {"Replicas": 1}},
        "EndpointSpec": {"Mode": "dnsrr"},
        "TaskTemplate": {
            "Networks": [{"Target": CLUSTER_CLOUD}],
            "Placement": {"Constraints": [f"node.id=={node}"]},
            "ContainerSpec": {
                "Image": image,
                "Args": ["python3", "-m", "emulator", "cloud"],
                "Mounts": [{"Type": "volume", "Source": CLUSTER_CLOUD, "Target": "/data"}],
                "Labels": {LABEL: "cluster-cloud"},
            },
        },
    }


def _wait_until_ready(engine: DockerEngine) -> None:
    deadline, pause = time.monotonic() + _READY_TIMEOUT, threading.Event()
    while time.monotonic() < deadline:
        with suppress(EngineCallError, EmulatorError):
            ask_cluster_cloud(engine, "health")
            return
        pause.wait(_PAUSE)
    hint = f"see: docker service ps --no-trunc {CLUSTER_CLOUD}"
    raise EmulatorError("the emulated cloud of the cluster does not answer", hint)


def remove_cluster_cloud(engine: DockerEngine) -> bool:
    """Remove the cloud's service and its network; its records stay. Return whether there was one."""
    http = engine.api.http
    try:
        http.delete(f"/services/{CLUSTER_CLOUD}")
        was_there = True
    except GoneError:
        was_there = False
    deadline, pause = time.monotonic() + _READY_TIMEOUT, threading.Event()
    while True:
        try:
            http.delete(f"/networks/{CLUSTER_CLOUD}")
        except GoneError:
            return was_there
        except EngineCallError as error:  # until the last container has left it
            if time.monotonic() >= deadline:
                hint = "end the runs that use it: fastflow ps"
                raise EmulatorError(
                    f"the network of the emulated cloud was not removed: {error.message}", hint
                ) from error
        pause.wait(_PAUSE)


def reset_cluster_cloud(engine: DockerEngine) -> None:
    """Delete all test records and test runs. Raises EmulatorError if the cloud does not run on this manager."""
    ask_cluster_cloud(engine, "reset", "--post-data=")


def cluster_cloud_counts(engine: DockerEngine) -> Mapping[str, int] | None:
    """The counts of the cloud's contents; None if it does not run."""
    if _running(engine) is None:
        return None
    found: Mapping[str, int] = json.loads(ask_cluster_cloud(engine, "status"))
    return found


def ask_cluster_cloud(engine: DockerEngine, what: str, *options: str) -> str:
    """Call the emulator's own API from inside its container."""
    running = _running(engine)
    if running is None:
        raise EmulatorError(
            "the emulated cloud of the cluster is not running on this manager", "see: docker service ls"
        )
    url = f"http://127.0.0.1:80/emulator/{what}"
    return engine.api.output_of(running, ["wget", "-q", "-Y", "off", "-O", "-", *options, url])


def _running(engine: DockerEngine) -> str | None:
    found = engine.api.containers({LABEL: "cluster-cloud"})
    return next((one.id for one in found if one.status == "running"), None)
