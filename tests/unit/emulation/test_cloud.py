"""The lock under which the emulated cloud is started: whoever holds it lives, and whoever died keeps nobody out."""

from collections.abc import Mapping
from typing import cast

import pytest

from fastflow.emulation import LABEL
from fastflow.emulation.cloud import ensure_cloud
from fastflow.engines.docker import DockerEngine
from fastflow.run.engine import EngineInfo
from tests.fakes.containers import Script
from tests.fakes.lease import FakeLease
from tests.unit.emulation.clouds import IMAGE, Engine

LOCK = "fastflow-emulator-lock"


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
