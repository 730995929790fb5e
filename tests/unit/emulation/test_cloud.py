"""The lock under which the emulated cloud is started: whoever holds it lives, and whoever died keeps nobody out."""

from collections.abc import Iterable, Mapping
from typing import cast

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
    """Knows the commands that make the cloud; `locks` are the states of the lock's container at each of them."""

    def __init__(self) -> None:
        super().__init__()
        self.locks: list[str] = []
        self.held = 0

    def hold(self, name: str, image: str, labels: Mapping[str, str]) -> FakeLease | None:
        self.held += 1
        try:
            return LeaseInTwoSteps(self, self.world.create(name, labels, image, Script()).container.id)
        except EngineError:
            return None

    def docker(self, arguments: Iterable[str], *, timeout: float | None = None, stdin: str = "") -> str:
        words = list(arguments)
        self.locks += [found.status for found in self.containers({LABEL: "lock"})]
        if words[0] == "run":
            box = self.world.create("fastflow-emulator", {LABEL: "cloud"}, IMAGE, Script(ports=(PORT,)))
            self.world.start(box)
        return ""


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
