"""The lease of a run: who holds it, who is refused, what is reclaimed."""

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from fastflow.errors import BuildIdInUseError
from tests.unit.run.leases import held_by, key
from tests.unit.run.stage import RECORDS, Stage, spec_of


@pytest.mark.parametrize("other", ["web1", None])
def test_a_build_id_in_use_starts_nothing_and_names_the_holder(tmp_path: Path, other: str | None) -> None:
    stage = Stage(tmp_path)
    holder = held_by(stage, key(other))
    with pytest.raises(BuildIdInUseError) as caught:
        stage.run()
    assert caught.value.exit_code == 4
    assert re.search(r"by run r0 \(started on ci-1, since 2024-01-01T00:00:\d\dZ\)", caught.value.message)
    assert stage.calls("up") == []
    assert [box.container.id for box in stage.engine.world.boxes.values()] == [holder.id]
    told = stage.result_json()
    assert (told["exit_code"], {phase["state"] for phase in told["phases"]}) == (4, {"cancelled"})


def test_a_node_without_build_id_excludes_its_whole_token(tmp_path: Path) -> None:
    text = "workflows: { web: { nodes: { record: { mode: recording } } } }"
    stage = Stage(tmp_path, text)
    held_by(stage, key("other9"))
    with pytest.raises(BuildIdInUseError, match="BUILD_ID other9 is in use"):
        stage.run()


def test_leases_are_taken_in_order_all_or_none(tmp_path: Path) -> None:
    stage = Stage(tmp_path, spec_of(a="", b="", c=""))
    last = max((key(name) for name in "abc"), key=lambda one: one.name)
    held_by(stage, last)
    with pytest.raises(BuildIdInUseError):
        stage.run()
    names = [call.split()[1] for call in stage.calls("hold")][1:]
    assert names == sorted(key(name).name for name in "abc")
    assert len(stage.engine.world.boxes) == 1


def test_a_dead_holder_is_reclaimed_by_id(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    holder = held_by(stage, key())
    stage.engine.end(holder.id, 137)
    removed: list[str] = []
    real = stage.engine.remove_containers
    stage.engine.remove_containers = lambda ids: removed.extend(kept := list(ids)) or real(kept)  # type: ignore[method-assign, func-returns-value]
    assert stage.run().exit_code == 0
    assert removed[0] == holder.id
    assert stage.notes == ["lease reclaimed: BUILD_ID web1 was held by run r0, which is dead"]


def test_who_reclaims_a_lease_and_loses_it_to_another_says_both(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.engine.end(held_by(stage, key()).id, 137)
    real = stage.engine.remove_containers

    def remove(ids: Iterable[str]) -> None:
        real(ids)
        stage.engine.remove_containers = real  # type: ignore[method-assign]
        held_by(stage, key(), "r9")

    stage.engine.remove_containers = remove  # type: ignore[method-assign]
    with pytest.raises(BuildIdInUseError, match="by run r9"):
        stage.run()
    assert stage.notes == ["lease reclaimed: BUILD_ID web1 was held by run r0, which is dead"]


def test_the_lease_is_held_until_everything_is_removed(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.run()
    assert stage.engine.calls[-1] == f"remove {key().name}"
    assert stage.engine.calls.index(f"hold {key().name}") < stage.engine.calls.index("up fastflow-r1-web app")


def test_two_names_of_one_engine_are_no_two_holders(tmp_path: Path) -> None:
    text = """
hosts: { one: { context: one }, two: { context: two } }
workflows:
  a: { host: one, build_id: x1, nodes: { record: { mode: recording, inactivity_timeout: 9 } } }
  b: { host: two, build_id: x1, nodes: { test: { mode: testing } } }
"""
    stage = Stage(tmp_path, text)
    stage.engines = {"one": stage.engine, "two": stage.engine}
    stage.engine.scripts["fast-record"] = replace(RECORDS, on_start=lambda found: stage.engine.end(found.id, 0))
    assert [phase.state for phase in stage.run().phases] == ["passed", "passed"]
