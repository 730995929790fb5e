"""The emulated cloud of a cluster: one service on an overlay network that nodes join, whichever machine they are on."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress

from fastflow.emulation import LABEL
from fastflow.emulation.image import ensure_image
from fastflow.engines.docker import DockerEngine
from fastflow.errors import EmulatorError, EngineCallError

CLUSTER_CLOUD = "fastflow-cluster-emulator"
"""The name of the service, of its network and of its volume; nodes reach the cloud under it."""
_READY_TIMEOUT = 60.0
_PAUSE = 0.1


def ensure_cluster_cloud(engine: DockerEngine, say: Callable[[str], None]) -> None:
    """Let the cloud run, on the manager that `engine` is: it has the image. Raises EmulatorError."""
    image = ensure_image(engine, say)
    http = engine.api.http
    with suppress(EngineCallError):  # it is there
        body = {"Name": CLUSTER_CLOUD, "Driver": "overlay", "Attachable": True, "CheckDuplicate": True}
        http.create("/networks/create", {**body, "Labels": {LABEL: "cluster-network"}})
    node = http.get("/info")["Swarm"]["NodeID"]
    service = {
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
    try:
        http.create("/services/create", service)
        say("starting the emulated cloud of the cluster")
    except EngineCallError as error:
        if "already exists" not in error.output and "name conflicts" not in error.output:
            raise EmulatorError(f"the emulated cloud did not start: {error.message}", error.hint) from error
    _wait_until_ready(engine)


def _wait_until_ready(engine: DockerEngine) -> None:
    deadline = time.monotonic() + _READY_TIMEOUT
    pause = threading.Event()
    while time.monotonic() < deadline:
        found = engine.api.containers({LABEL: "cluster-cloud"})
        running = next((one for one in found if one.status == "running"), None)
        if running is not None:
            with suppress(EngineCallError):
                url = "http://127.0.0.1:80/emulator/health"
                engine.api.output_of(running.id, ["wget", "-q", "-Y", "off", "-O", "-", url])
                return
        pause.wait(_PAUSE)
    hint = f"look at it with: docker service ps --no-trunc {CLUSTER_CLOUD}"
    raise EmulatorError("the emulated cloud of the cluster does not answer", hint)
