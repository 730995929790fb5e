"""The lock under which the emulated cloud is started: whoever holds it lives, and whoever died keeps nobody out."""

import socket
from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import pytest

from fastflow.emulation import LABEL
from fastflow.emulation.cloud import ensure_cloud
from fastflow.engines.docker import DockerEngine
from fastflow.run.engine import EngineInfo
from tests.fakes.containers import Script
from tests.fakes.lease import FakeLease
from tests.unit.emulation.clouds import IMAGE, Engine, answering

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


@pytest.mark.parametrize(
    ("is_local", "told", "is_here"),
    [
        (True, '{"ok": true, "id": "CLOUD"}', True),
        (False, '{"ok": true, "id": "CLOUD"}', False),
        (True, '{"ok": true, "id": "another"}', False),
        (True, '{"ok": true, "id": ""}', False),
        (True, '{"ok": true}', False),
        (True, "[]", False),
        (True, "<html>", False),
        (True, "", False),
    ],
    ids=["here", "remote", "another", "nameless", "older", "list", "page", "nothing"],
)
def test_the_cloud_has_an_address_here_if_it_says_which_container_it_is(
    is_local: bool, told: str, is_here: bool
) -> None:
    engine = Engine()
    with answering(lambda: told.replace("CLOUD", engine.containers({LABEL: "cloud"})[0].id[:12])) as port:
        engine.published = replace(engine.published, host_port=port)
        engine.info = lambda: EngineInfo("20.10", "2.40", "there", is_local)  # type: ignore[method-assign]  # elsewhere
        address = f"http://127.0.0.1:{port}" if is_here else None
        assert [ensure(engine) for _ in ("started", "found")] == [address, address]


def test_the_cloud_of_an_engine_with_another_network_has_no_address_here() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        engine = Engine()
        engine.published = replace(engine.published, host_port=nobody.getsockname()[1])
        assert ensure(engine) is None
