"""The emulated cloud stays while a run uses it: the refusal comes before anything is stopped."""

from collections.abc import Callable
from typing import cast

import pytest

from fastflow.emulation import LABEL
from fastflow.emulation.cloud import NAME, remove_cloud, reset_cloud
from fastflow.emulation.users import require_unused
from fastflow.engines.docker import DockerEngine
from fastflow.errors import EmulatorError
from tests.fakes.containers import Script
from tests.unit.emulation.clouds import IMAGE, PUBLISHED, Engine

RUN = {"io.fastflow.run": "r1", "io.fastflow.spec": "/shop/fastflow.yml"}


class Cloud(Engine):
    """An engine with a cloud that runs."""

    def __init__(self) -> None:
        super().__init__()
        self.world.start(self.world.create(NAME, {LABEL: "cloud"}, IMAGE, Script(ports=(PUBLISHED,))))

    @property
    def is_up(self) -> bool:
        return self.containers({LABEL: "cloud"}) != ()


def add(engine: Cloud, *, status: str, **labels: str) -> None:
    named = {f"io.fastflow.{key}": value for key, value in labels.items()}
    box = engine.world.create(f"c{len(engine.world.boxes)}", {**RUN, **named}, IMAGE, Script(ports=(PUBLISHED,)))
    if status != "created":
        engine.world.start(box)
    if status == "exited":
        engine.end(box.container.id, 137)


@pytest.mark.parametrize("change", [remove_cloud, reset_cloud])
@pytest.mark.parametrize("status", ["running", "created"])
def test_a_live_run_keeps_the_cloud_unless_it_is_forced(change: Callable[..., object], status: str) -> None:
    engine = Cloud()
    add(engine, status=status, role="lease", emulated="true", host="ci-1")
    with pytest.raises(EmulatorError) as caught:
        change(cast(DockerEngine, engine))
    assert caught.value.message == ("the emulated cloud is in use by run r1 of /shop/fastflow.yml (started on ci-1)")
    assert "--force" in str(caught.value.hint)
    assert engine.is_up
    assert engine.asked == []
    change(cast(DockerEngine, engine), force=True)
    assert (engine.is_up, engine.asked != []) == ((False, False) if change is remove_cloud else (True, True))


def test_runs_without_the_emulator_and_dead_ones_use_nothing() -> None:
    engine = Cloud()
    add(engine, status="running", role="lease")
    add(engine, status="exited", role="lease", emulated="true")
    require_unused(cast(DockerEngine, engine))
    assert remove_cloud(cast(DockerEngine, engine))
    assert not engine.is_up
    assert not remove_cloud(cast(DockerEngine, engine))
