"""A run's prerequisites on an engine: an answer, images, ports, disk space."""

import shutil
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from fastflow.doctor.examination import Answer
from fastflow.engines.docker import DockerEngine
from fastflow.errors import EngineCallError, EngineError
from fastflow.model.cloud import ARCHIVED
from fastflow.model.node_parts import DEFAULT_IMAGE
from fastflow.run.container import Container

LEAST_FREE = 2_000_000_000
"""Free bytes that images, containers and logs of a run should find."""
_PLAIN_HTTP = "HTTP response to HTTPS client"
"""Docker's message about a registry without TLS, which the engine may be configured to trust."""
_KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}


@dataclass(frozen=True, slots=True)
class Claim:
    """A host port that a node or a service will publish; no address stands for all."""

    address: str | None
    number: int
    protocol: str
    owner: str

    def __str__(self) -> str:
        return f"{self.address + ':' if self.address else ''}{self.number}/{self.protocol} of {self.owner}"


def look_at_engine(engine: DockerEngine) -> Iterator[Answer]:
    """Check that the engine and Compose answer; raises EngineError, whose hint says what to do."""
    info = engine.info()
    where = "here" if info.is_local else "elsewhere"
    yield Answer("engine", f"Docker Engine {info.engine_version} answers at {info.address}, {where}")
    yield Answer("compose", f"Docker Compose {info.compose_version}")


def look_at_images(engine: DockerEngine, images: Iterable[str], advice: Mapping[str, str]) -> Iterator[Answer]:
    """Check that images are on the engine or can be pulled; `advice` says how to make those that no registry has."""
    wanted = tuple(dict.fromkeys(images))
    missing = engine.api.missing_images(wanted)
    for image in wanted:
        if image not in missing:
            yield Answer("image", f"{image} is on the engine")
        elif image in advice:
            yield Answer("image", f"{image} is not on the engine", advice[image])
        else:
            yield _in_registry(engine, image)


def _in_registry(engine: DockerEngine, image: str) -> Answer:
    """Whether an image that is not on the engine is available: asks its registry, as for a pull."""
    try:
        try:
            engine.cli.require_manifest(image)
        except EngineCallError as error:
            if _PLAIN_HTTP not in f"{error.message} {error.output}":
                raise
            engine.cli.require_manifest(image, is_insecure=True)  # the engine knows whether it accepts that
    except EngineError as error:
        advice = f"{error.hint or 'check its name, and log in to its registry'}; try: docker pull {image}"
        if DEFAULT_IMAGE in image:
            advice += f"; {ARCHIVED}"
        return Answer("image", f"{image} is not on the engine and cannot be pulled: {error.message}", advice)
    return Answer("image", f"{image} is not on the engine yet; it will be pulled")


def look_at_ports(engine: DockerEngine, claims: Iterable[Claim]) -> Iterator[Answer]:
    """Check that host ports are free: no container publishes them, and on this machine nothing else listens there."""
    containers, is_local = engine.api.containers({}), engine.info().is_local
    for claim in claims:
        holder = _holder(claim, containers)
        if holder is None and is_local and claim.protocol in _KINDS and _is_taken(claim):
            holder = "something else on this machine"
        if holder is None:
            yield Answer("port", f"{claim} is free")
        else:
            advice = f"stop what uses it, or give {claim.owner} another"
            yield Answer("port", f"{claim} is in use by {holder}", advice)


def _holder(claim: Claim, containers: Iterable[Container]) -> str | None:
    everywhere = {None, "", "0.0.0.0", "::"}  # noqa: S104  # to compare with, not to bind
    for container in containers:
        for port in container.ports:
            is_same = (port.host_port, port.protocol) == (claim.number, claim.protocol)
            if is_same and (claim.address == port.address or {claim.address, port.address} & everywhere):
                return f"the container {container.name}"
    return None


def _is_taken(claim: Claim) -> bool:
    family = socket.AF_INET6 if claim.address and ":" in claim.address else socket.AF_INET
    with socket.socket(family, _KINDS[claim.protocol]) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((claim.address or "", claim.number))
        except PermissionError:
            return False  # only the engine, not we, may bind a port below 1024
        except OSError:
            return True
    return False


def look_at_disk(engine: DockerEngine, images: Iterable[str]) -> Iterator[Answer]:
    """Check the engine's free disk space: on this machine if the engine is local, else inside one of `images`."""
    free = _free_here(engine) if engine.info().is_local else None
    if free is None:
        present = next((image for image in images if not engine.api.missing_images([image])), None)
        free = _free_inside(engine, present) if present else None
    if free is None:
        yield Answer("disk", "the free space is unknown; see: docker system df")
    elif free < LEAST_FREE:
        yield Answer("disk", f"{free / 1e9:.1f} GB are free on the engine", "free some space: docker system prune")
    else:
        yield Answer("disk", f"{free / 1e9:.1f} GB are free on the engine")


def _free_here(engine: DockerEngine) -> int | None:
    with suppress(OSError):  # the engine may run in a virtual machine
        return shutil.disk_usage(engine.api.root()).free
    return None


def _free_inside(engine: DockerEngine, image: str) -> int | None:
    columns = engine.api.run(image, ["df", "-Pk", "/"])[-1:]
    numbers = columns[0].split()[1:4] if columns else []
    return int(numbers[2]) * 1024 if len(numbers) == 3 and numbers[2].isdigit() else None
