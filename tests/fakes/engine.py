"""An engine in memory for tests. Implements `run.engine.Engine`; passes the suite of the real one."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from fastflow.compose import ComposeProject
from fastflow.errors import EngineCallError
from fastflow.run.container import PROJECT, Container, ContainerEvent, Health, Probe
from fastflow.run.engine import EngineInfo, ImageIdentity
from tests.fakes.calls import FakeCalls
from tests.fakes.containers import Box, Containers, FakeStream, Script
from tests.fakes.kept import Subnets, drop, keep, matching
from tests.fakes.lease import FakeLease
from tests.fakes.project import FakeProject

_SERVICE = "com.docker.compose.service"
_ONE_OFF = "com.docker.compose.oneoff"


class FakeEngine(FakeCalls):
    """Does at once, in the calling thread, what `scripts` say of each service; others run until they are stopped.

    A test moves the world on with `say`, `end` and `set_health`.
    """

    def __init__(
        self,
        scripts: Mapping[str, Script] | None = None,
        *,
        environment: Mapping[str, str] | None = None,
        images: Iterable[str] | None = None,
    ) -> None:
        super().__init__()
        self.scripts = dict(scripts or {})
        self.environment = dict(environment or {})
        self.known_images: set[str] | None = None if images is None else set(images)
        self.built: dict[str, dict[str, str]] = {}
        self.kept: dict[str, dict[str, dict[str, str]]] = {"networks": {}, "volumes": {}}
        self.addresses = Subnets()
        self.world = Containers()

    @property
    def compose(self) -> "FakeEngine":
        """Itself: it is both collaborators in one."""
        return self

    @property
    def api(self) -> "FakeEngine":
        """Itself: it is both collaborators in one."""
        return self

    # What a test does
    def say(self, container: str, *lines: str) -> None:
        """Let a container, by name or id, say something."""
        self.world.say(self.world.find(container), *lines)

    def end(self, container: str, exit_code: int = 0) -> None:
        """Let a container, by name or id, end."""
        self.world.end(self.world.find(container), exit_code)

    def restart(self, container: str, exit_code: int) -> None:
        """Let a container, by name or id, end, and its restart policy start it again."""
        self.world.restart(self.world.find(container), exit_code)

    def run_out_of_memory(self, container: str) -> None:
        """Let the memory limit kill a process of a container, by name or id, other than its first."""
        self.world.run_out_of_memory(self.world.find(container))

    def set_health(self, container: str, health: Health, probe: Probe | None = None) -> None:
        """Change the health of a container, by name or id; `probe` is the healthcheck that failed."""
        self.world.set_health(self.world.find(container), health, probe)

    def box(self, container: str) -> Box:
        """Return all that is known of a container, by name or id."""
        return self.world.find(container)

    def info(self) -> EngineInfo:
        """Tell what answers."""
        self.called("info")
        return EngineInfo("20.10.24", "2.40.3", "unix:///var/run/docker.sock", is_local=True)

    def identity(self) -> str:
        """Name the engine alike to whoever asks."""
        return f"fake {id(self.world)}"

    def missing_images(self, images: Iterable[str]) -> tuple[str, ...]:
        """Return those of `images` that the engine does not have, in order, each once."""
        if self.known_images is None:
            return ()
        return tuple(image for image in dict.fromkeys(images) if image not in {*self.known_images, *self.built})

    def identify_images(self, images: Iterable[str]) -> Mapping[str, ImageIdentity]:
        """Return what those of `images` are that the engine has; equal names are equal images."""
        wanted = tuple(images)
        present = set(wanted) - set(self.missing_images(wanted))
        digests = {image: f"sha256:{sha256(image.encode()).hexdigest()}" for image in present}
        return {image: ImageIdentity(digest, digest) for image, digest in digests.items()}

    def pull(self, image: str, timeout: float, platform: str | None = None) -> None:
        """Pull an image."""
        self.called(f"pull {image}{f' for {platform}' if platform else ''}", timeout)
        if self.known_images is not None:
            self.known_images.add(image)

    def config(self, project: ComposeProject, *, interpolate: bool = True) -> str:
        """Return the merged project as JSON."""
        self.called(f"config {project.name}")
        return FakeProject(project, self.environment if interpolate else None).as_json()

    def config_text(self, project: ComposeProject, *, interpolate: bool = False) -> str:
        """Return the merged project, with its variables left as references or replaced."""
        return self.config(project, interpolate=interpolate)

    def build(self, project: ComposeProject, services: Iterable[str], timeout: float) -> None:
        """Build the images of these services."""
        wanted = list(services)
        self.called(f"build {project.name} {' '.join(wanted)}", timeout)
        read = FakeProject(project, self.environment)
        for name in wanted:
            self.built[read.image(name)] = read.build_labels(name)

    def up(
        self,
        project: ComposeProject,
        services: Iterable[str],
        *,
        with_dependencies: bool,
        timeout: float,
        may_wait: bool = False,
    ) -> None:
        """Create and start services that do not run, never recreate one that exists."""
        wanted = list(services)
        self.called(f"up {project.name} {' '.join(wanted)}".rstrip(), timeout, may_wait=may_wait)
        read = FakeProject(project, self.environment)
        for name in wanted:
            read.service(name)
        ordered = read.in_order(wanted or read.application.services) if with_dependencies else wanted
        for name in ordered:
            self.world.start(self._box_of(read, name))

    def create(self, project: ComposeProject, services: Iterable[str], timeout: float) -> None:
        """Create the containers of services and do not start them."""
        wanted = list(services)
        self.called(f"create {project.name} {' '.join(wanted)}", timeout)
        read = FakeProject(project, self.environment)
        for name in wanted:
            self._box_of(read, name)

    def run_detached(
        self,
        project: ComposeProject,
        service: str,
        *,
        name: str,
        command: Iterable[str] | None,
        environment: Mapping[str, str],
        labels: Mapping[str, str],
        timeout: float,
    ) -> str:
        """Start a one-off container of a service; return its id."""
        self.called(f"run {project.name} {service}", timeout)
        read = FakeProject(project, self.environment)
        box = self._new(read, service, name, {**labels, _ONE_OFF: "True"})
        box.environment = {**box.environment, **environment}
        box.command = None if command is None else tuple(command)
        self.world.start(box)
        return box.container.id

    def containers(self, labels: Mapping[str, str | None]) -> tuple[Container, ...]:
        """Return all containers that carry these labels."""
        return self.world.matching(labels)

    def inspect(self, ids: Iterable[str]) -> tuple[Container, ...]:
        """Return the containers that (still) exist among `ids`."""
        return tuple(box.container for one in ids if (box := self._found(one)))

    def start(self, container_id: str) -> None:
        """Start a created container."""
        self.called(f"start {self.world.find(container_id).container.name}")
        self.world.start(self.world.find(container_id))

    def stop(self, container_id: str, grace: float) -> None:
        """Stop a container; one that has ended or is gone is fine."""
        if box := self._found(container_id):
            self.called(f"stop {box.container.name} {grace:g}")
            self.world.stop(box)

    def signal(self, container_id: str, name: str) -> None:
        """Send a signal to a running container."""
        self.called(f"signal {self.world.find(container_id).container.name} {name}")
        self.world.signal(self.world.find(container_id), name)

    def rename(self, container_id: str, name: str) -> None:
        """Give a container another name, so that its own is free."""
        box = self.world.find(container_id)
        self.called(f"rename {box.container.name} {name}")
        box.container = replace(box.container, name=name)

    def remove_containers(self, ids: Iterable[str]) -> None:
        """Kill and remove containers; those that are gone are fine."""
        for box in [box for one in ids if (box := self._found(one))]:
            self.called(f"remove {box.container.name}")
            self.world.remove(box)

    def copy_from(self, container_id: str, path: str, target: Path) -> bool:
        """Write the files that the script has below `path`; False where it has none."""
        box = self._found(container_id)
        files = {**box.script.files.get(path, {}), **box.given(path)} if box and box.has(path) else None
        for name, content in (files or {}).items():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(content)
            if box is not None and name in box.script.written:
                os.utime(target / name, (box.script.written[name],) * 2)
        return files is not None

    def copy_to(self, container_id: str, path: str, source: Path) -> None:
        """Copy a file to a container."""
        box = self.world.find(container_id)
        self.called(f"copy {source.name} to {box.container.name}")
        box.got[path] = source.read_bytes()

    def make_directory(self, container_id: str, path: str) -> None:
        """Make a directory in a container."""
        self.world.find(container_id).got.setdefault(path, b"")

    def exec(self, container_id: str, command: Iterable[str], timeout: float) -> int:
        """Give the exit code that the script has for commands."""
        box = self.world.find(container_id)
        self.called(f"exec {box.container.name} {' '.join(command)}", timeout)
        if box.container.status != "running":
            raise EngineCallError(f"Container {container_id} is not running", None, "fake", 1)
        return box.script.exec_code

    def follow_logs(self, container_id: str, on_line: Callable[[str], None]) -> FakeStream:
        """Give every line of a container's log from its first; what is there by now comes before this returns."""
        box = self._found(container_id)
        if box is None:
            stream = FakeStream(on_line, lambda: None)
            stream.end()
            return stream
        return self.world.follow(box, on_line)

    def read_logs(self, container_id: str, on_line: Callable[[str], None], until: str | None = None) -> None:
        """Give every line that a container has printed by now, or until a time."""
        box = self._found(container_id)
        for line, time in zip(box.lines, box.times, strict=True) if box else ():
            if until is None or time <= until:
                on_line(line)

    def events(self, on_event: Callable[[ContainerEvent], None]) -> FakeStream:
        """Give every container event from now on."""
        return self.world.listen(on_event)

    def networks(self, labels: Mapping[str, str | None]) -> tuple[str, ...]:
        """Return the ids of the networks that carry these labels."""
        return matching(self.kept["networks"], labels)

    def remove_networks(self, ids: Iterable[str]) -> None:
        """Remove networks; those that are gone are fine."""
        drop(self.kept["networks"], ids, self.addresses.taken)

    def network_ids(self, name: str) -> tuple[str, ...]:
        """Return the ids of the networks of exactly this name, which is an id here."""
        return (name,) if name in self.kept["networks"] else ()

    def create_network(self, name: str, settings: Mapping[str, Any], labels: Mapping[str, str]) -> None:
        """Create a network."""
        if name in self.kept["networks"]:
            raise EngineCallError(f"network with name {name} already exists", None, "fake", 1)
        pools = (settings.get("ipam") or {}).get("config") or [{}]
        self.addresses.take(name, pools[0].get("subnet"))
        self.kept["networks"][name] = {**(settings.get("labels") or {}), **labels}

    def network_users(self, network_id: str) -> tuple[str, ...]:
        """Return the ids of the containers on a network."""
        return tuple(box.container.id for box in list(self.world.boxes.values()) if network_id in box.attached)

    def subnets(self) -> tuple[str, ...]:
        """Return the subnets of all networks."""
        return tuple(self.addresses.taken.values())

    def volumes(self, labels: Mapping[str, str | None]) -> tuple[str, ...]:
        """Return the names of the volumes that carry these labels."""
        return matching(self.kept["volumes"], labels)

    def remove_volumes(self, names: Iterable[str]) -> None:
        """Remove volumes; those that are gone are fine."""
        drop(self.kept["volumes"], names)

    def images(self, labels: Mapping[str, str | None]) -> tuple[str, ...]:
        """Return the images that were built and carry these labels."""
        return matching(self.built, labels)

    def labelled(self, label: str) -> tuple[Mapping[str, str], ...]:
        """Return the labels of everything that carries a label."""
        everything = [found.labels for found in self.world.matching({})]
        for kept in (*self.kept.values(), self.built):
            everything += kept.values()
        return tuple(labels for labels in everything if label in labels)

    def remove_images(self, references: Iterable[str]) -> None:
        """Remove built images; those that are gone are fine."""
        drop(self.built, references)

    def hold(self, name: str, image: str, labels: Mapping[str, str]) -> FakeLease | None:
        """Take a container name; None where it is taken."""
        self.called(f"hold {name}")
        if self.missing_images([image]):
            raise EngineCallError(f"No such image: {image}", "pull or build the image first", "fake", 125)
        try:
            box = self.world.create(name, labels, image, Script())
        except EngineCallError:
            return None
        self.world.start(box)
        return FakeLease(self, box.container.id)

    def _found(self, reference: str) -> Box | None:
        try:
            return self.world.find(reference)
        except EngineCallError:
            return None

    def _box_of(self, read: FakeProject, service: str) -> Box:
        labels = {PROJECT: read.name, _SERVICE: service, _ONE_OFF: "False"}
        existing = self.world.matching(labels)
        if existing:
            return self.world.find(existing[0].id)
        name = read.service(service).container_name or f"{read.name}-{service}-1"
        return self._new(read, service, name, {_ONE_OFF: "False"})

    def _new(self, read: FakeProject, service: str, name: str, labels: Mapping[str, str]) -> Box:
        declared = read.service(service)
        keep(self.kept, self.addresses, read, service)
        attached = read.joined(service) | read.own("networks", declared.networks).keys()
        own = {**read.labels("services", service), _SERVICE: service, **labels}
        box = self.world.create(name, own, read.image(service), self.scripts.get(service, Script()))
        box.networks = {key: (service, *place.aliases) for key, place in declared.networks.items()}
        box.attached = attached
        box.environment = {key: value or "" for key, value in declared.environment.items()}
        return box
