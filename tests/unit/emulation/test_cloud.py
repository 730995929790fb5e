"""The lock under which the emulated cloud is started: whoever holds it lives, and whoever died keeps nobody out."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

import pytest

from fastflow.emulation import LABEL
from fastflow.emulation.cloud import ensure_cloud
from fastflow.engines.docker import DockerEngine
from fastflow.errors import EngineError
from fastflow.run.container import PublishedPort
from fastflow.run.engine import EngineInfo
from tests.fakes.containers import Script
from tests.fakes.engine import FakeEngine
from tests.fakes.lease import FakeLease

LOCK = "fastflow-emulator-lock"
IMAGE = "fastflow-emulator:1"
PORT = PublishedPort(80, "tcp", "127.0.0.1", 40001)


class LeaseInTwoSteps(FakeLease):
    """As over an engine's socket: the container is there first, and runs when it is told to."""

    def start(self) -> None:
        engine = cast(FakeEngine, self._engine)
        engine.world.start(engine.box(self.container_id))


class Engine(FakeEngine):
    """Makes the cloud. `locks` are the states of the lock's container at each step, `asked` what the cloud is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.locks: list[str] = []
        self.held = 0
        self.asked: list[str] = []

    def hold(self, name: str, image: str, labels: Mapping[str, str]) -> FakeLease | None:
        self.held += 1
        try:
            return LeaseInTwoSteps(self, self.world.create(name, labels, image, Script()).container.id)
        except EngineError:
            return None

    def create_network(self, name: str, settings: Mapping[str, Any], labels: Mapping[str, str]) -> None:
        self._look()
        super().create_network(name, settings, labels)

    def create_volume(self, name: str, labels: Mapping[str, str]) -> None:
        self._look()
        self.kept["volumes"][name] = dict(labels)

    def create_container(self, settings: Mapping[str, Any], name: str) -> str:
        self._look()
        return self.world.create(name, settings["Labels"], settings["Image"], Script(ports=(PORT,))).container.id

    def output_of(self, container_id: str, command: Iterable[str]) -> str:
        self._look()
        self.asked.append(f"{container_id} {list(command)[-1]}")
        return ""

    def attached(self, network_id: str) -> tuple[str, ...]:
        return self.network_users(network_id)

    def disconnect(self, network_id: str, container_id: str) -> None:
        self.box(container_id).attached -= {network_id}

    def _look(self) -> None:
        self.locks += [found.status for found in self.containers({LABEL: "lock"})]


def ensure(engine: Engine) -> str | None:
    return ensure_cloud(cast(DockerEngine, engine), IMAGE, "")


def test_the_lock_runs_while_the_cloud_is_started_and_is_then_given_back() -> None:
    engine = Engine()
    ensure(engine)
    assert set(engine.locks) == {"running"}
    assert [box.container.name for box in engine.world.boxes.values()] == ["fastflow-emulator"]


@pytest.mark.parametrize("ran", [False, True])
def test_the_lock_of_a_process_that_died_keeps_nobody_out(ran: bool) -> None:
    engine = Engine()
    box = engine.world.create(LOCK, {LABEL: "lock"}, IMAGE, Script(exit_code=0))
    if ran:
        engine.world.start(box)
    ensure(engine)
    assert box.container.id not in engine.world.boxes


def test_a_lock_that_is_about_to_run_is_left_to_its_process() -> None:
    engine = Engine()
    box = engine.world.create(LOCK, {LABEL: "lock"}, IMAGE, Script())
    steps = iter((lambda: None, lambda: engine.world.start(box), lambda: None, lambda: engine.world.remove(box)))
    hold = engine.hold
    seen: list[bool] = []

    def hold_as_others_go_on(name: str, image: str, labels: Mapping[str, str]) -> FakeLease | None:
        seen.append(box.container.id in engine.world.boxes)
        next(steps)()
        return hold(name, image, labels)

    engine.hold = hold_as_others_go_on  # type: ignore[method-assign]  # what another process does meanwhile
    ensure(engine)
    assert seen == [True] * 4


@pytest.mark.parametrize(("is_local", "address"), [(True, "http://127.0.0.1:40001"), (False, None)])
def test_the_cloud_of_another_machine_has_no_address_here(is_local: bool, address: str | None) -> None:
    engine = Engine()
    engine.info = lambda: EngineInfo("20.10", "2.40", "ssh://there", is_local)  # type: ignore[method-assign]  # elsewhere
    assert [ensure(engine) for _ in ("started", "found")] == [address, address]
