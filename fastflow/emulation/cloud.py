"""The emulated cloud of an engine: one container on a network that only nodes join, with a volume for its records."""

import hashlib
import http.client
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from threading import Event

from fastflow.emulation import LABEL
from fastflow.emulation.users import disconnect, nodes_on_network, require_unused
from fastflow.engines.docker import DockerEngine
from fastflow.errors import EmulatorError, EngineError
from fastflow.run.container import Container

NAME = "fastflow-emulator"
"""The name of the container, of its network and of its volume; nodes reach the cloud under it."""
TOKENS = "FASTFLOW_EMULATOR_TOKENS"
_LOCK = "fastflow-emulator-lock"
_TOKENS_LABEL = f"{LABEL}.tokens"
_STARTED_BY_LABEL = f"{LABEL}.started-by"
_PORT = 80
_READY_TIMEOUT = 20.0
_LOCK_TIMEOUT = 60.0
_PAUSE = 0.05
_HERE_TIMEOUT = 2.0
_LARGEST_HEALTH = 1_000


@dataclass(frozen=True, slots=True)
class CloudStatus:
    """The running emulated cloud; `address` is the URL at which this machine reaches it, if any."""

    image: str
    address: str | None
    is_restricted: bool
    counts: dict[str, int]


def ensure_cloud(engine: DockerEngine, image: str, tokens: str, *, by_command: bool = False) -> str | None:
    """Make the cloud run with `image`, accepting `tokens` (comma-separated; all if empty); return its address.

    One that `fastflow emulator up` restricted to some tokens (`by_command`) stays restricted for runs that name none.
    Raises EmulatorError.
    """
    started_by = "emulator" if by_command else "run"
    found = _fitting(engine, image, tokens, by_command)
    if found is not None and not engine.api.containers({LABEL: "lock"}):  # the holder of the lock may be removing it
        return _address(engine, found)
    with _locked(engine, image):
        if (found := _fitting(engine, image, tokens, by_command)) is not None:
            return _address(engine, found)
        _start(engine, image, tokens, started_by)
        _wait_until_ready(engine)
        return _address(engine, _container(engine))


def remove_cloud(engine: DockerEngine, *, force: bool = False) -> bool:
    """Remove the cloud's container and network; its records stay. Return whether there was one.

    Raises EmulatorError, before anything is removed, if a run uses it; not with `force`.
    """
    with _for_change(engine, force):
        found = engine.api.containers({LABEL: "cloud"})
        engine.api.remove_containers(container.id for container in found)
        disconnect(engine, nodes_on_network(engine))
        networks = engine.api.networks({LABEL: "network"})
        engine.api.remove_networks(networks)
        return bool(found or networks)


def reset_cloud(engine: DockerEngine, *, force: bool = False) -> None:
    """Delete all test records and test runs. Raises EmulatorError if a run uses them; not with `force`."""
    with _for_change(engine, force):
        if _running(engine) is not None:
            _ask(engine, "reset", "--post-data=")
        else:
            engine.api.remove_volumes(engine.api.volumes({LABEL: "records"}))


@contextmanager
def _for_change(engine: DockerEngine, force: bool) -> Iterator[None]:
    """Keep runs from beginning to use the cloud while it is changed.

    A run marks that it uses the cloud, then checks whether the lock is held; this takes the lock, then checks for users
    of the cloud. One of them sees the other. An engine without an image of the emulator has no such run either.
    """
    images = [found.image for found in engine.api.containers({LABEL: "cloud"})] or list(
        engine.api.images({LABEL: "image"})
    )
    with _locked(engine, images[0]) if images else nullcontext():
        if not force:
            require_unused(engine)
        yield


def cloud_status(engine: DockerEngine) -> CloudStatus | None:
    """Return the status of the cloud; None if it does not run."""
    found = _running(engine)
    if found is None:
        return None
    counts = json.loads(_ask(engine, "status"))
    return CloudStatus(found.image, _address(engine, found), bool(found.labels.get(_TOKENS_LABEL)), counts)


def _running(engine: DockerEngine) -> Container | None:
    found = engine.api.containers({LABEL: "cloud"})
    return next((container for container in found if container.status == "running"), None)


def _fitting(engine: DockerEngine, image: str, tokens: str, by_command: bool) -> Container | None:
    """The running cloud, unless it is of another version or accepts other tokens."""
    found = _running(engine)
    if found is None or found.image != image:
        return None
    if not tokens and not by_command and found.labels.get(_STARTED_BY_LABEL) == "emulator":
        return found
    return found if found.labels.get(_TOKENS_LABEL, "") == _fingerprint(tokens) else None


def _fingerprint(tokens: str) -> str:
    return hashlib.sha256(tokens.encode()).hexdigest()[:16] if tokens else ""


@contextmanager
def _locked(engine: DockerEngine, image: str) -> Iterator[None]:
    """Let only one process at a time start the cloud: an engine may create two networks with the same name."""
    deadline = time.monotonic() + _LOCK_TIMEOUT
    pause = Event()
    about_to_run: frozenset[str] = frozenset()
    while (lock := engine.api.hold(_LOCK, image, {LABEL: "lock"})) is None:
        if time.monotonic() > deadline:
            raise EmulatorError("another process is starting the emulator, but does not finish")
        about_to_run = _remove_dead_lock(engine, about_to_run)
        pause.wait(_PAUSE)
    try:
        lock.start()
        yield
    finally:
        lock.release()


def _remove_dead_lock(engine: DockerEngine, before: frozenset[str]) -> frozenset[str]:
    """Remove the lock of a process that died; return the ids of those that are about to run.

    One that was about to run `before` and still is has had the whole time that `hold` waits, so its process died.
    """
    locks = engine.api.containers({LABEL: "lock"})
    about_to_run = frozenset(found.id for found in locks if found.status == "created")
    dead = {found.id for found in locks if found.has_ended} | (about_to_run & before)
    engine.api.remove_containers(dead)
    return about_to_run - dead


def _start(engine: DockerEngine, image: str, tokens: str, started_by: str) -> None:
    engine.api.remove_containers(found.id for found in engine.api.containers({LABEL: "cloud"}))
    if not engine.api.networks({LABEL: "network"}):
        engine.api.create_network(NAME, {}, {LABEL: "network"})
    if not engine.api.volumes({LABEL: "records"}):
        engine.api.create_volume(NAME, {LABEL: "records"})
    port = f"{_PORT}/tcp"
    settings = {
        "Image": image,
        "Cmd": ["python3", "-m", "emulator", "cloud"],
        "Env": [f"{TOKENS}={tokens}"] if tokens else [],
        "Labels": {LABEL: "cloud", _TOKENS_LABEL: _fingerprint(tokens), _STARTED_BY_LABEL: started_by},
        "ExposedPorts": {port: {}},
        "HostConfig": {
            "NetworkMode": NAME,
            "Binds": [f"{NAME}:/data"],
            "PortBindings": {port: [{"HostIp": "127.0.0.1", "HostPort": ""}]},
        },
    }
    try:
        engine.api.start(engine.api.create_container(settings, NAME))
    except EngineError as error:
        raise EmulatorError(f"the emulated cloud did not start: {error.message}", error.hint) from error


def _wait_until_ready(engine: DockerEngine) -> None:
    deadline = time.monotonic() + _READY_TIMEOUT
    pause = Event()
    while True:
        try:
            _ask(engine, "health")
        except EngineError:
            if time.monotonic() > deadline or _container(engine).status != "running":
                lines: list[str] = []
                engine.api.read_logs(NAME, lines.append)
                last = "\n".join(lines[-3:]).strip()
                message = f"the emulated cloud does not answer{': ' + last if last else ''}"
                raise EmulatorError(message, f"see: docker logs {NAME}") from None
            pause.wait(_PAUSE)
        else:
            return


def _container(engine: DockerEngine) -> Container:
    found = engine.api.containers({LABEL: "cloud"})
    if not found:
        raise EmulatorError("the emulated cloud is gone: something else removed its container", "try again")
    return found[0]


def _address(engine: DockerEngine, container: Container) -> str | None:
    """The cloud's URL on this machine; None if it has none here.

    A local socket may lead to an engine with a separate network (Docker in Docker, the socket mounted in a
    container). The same port may then be another engine's cloud, so the answer must say which container it is.
    """
    if not engine.info().is_local:
        return None
    ports = [port for port in container.ports if port.container_port == _PORT and port.host_port]
    if not ports or not _answers_as(container.id, ports[0].address, ports[0].host_port):
        return None
    return f"http://{ports[0].address}:{ports[0].host_port}"


def _answers_as(container_id: str, address: str, port: int) -> bool:
    """Whether the cloud at this address is in that container: its host name is the start of the id."""
    connection = http.client.HTTPConnection(address, port, timeout=_HERE_TIMEOUT)
    try:
        connection.request("GET", "/emulator/health")
        answer = json.loads(connection.getresponse().read(_LARGEST_HEALTH))
        return container_id.startswith(str(answer["id"]) or "?")
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError, RecursionError):
        return False
    finally:
        connection.close()


def _ask(engine: DockerEngine, what: str, *options: str) -> str:
    """Call the emulator's own API from inside its container: it may be on another machine."""
    url = f"http://127.0.0.1:{_PORT}/emulator/{what}"
    return engine.api.output_of(NAME, ["wget", "-q", "-Y", "off", "-O", "-", *options, url])
