"""Networks with an explicit name: used as they are, else made once and removed when nobody is on them."""

from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest

from fastflow.errors import EngineCallError, NameInUseError
from fastflow.record.events import RunRefused
from fastflow.run.networks import RANGES
from tests.fakes.containers import Box, Script
from tests.fakes.engine import FakeEngine
from tests.unit.run.stage import PASSES, SPEC, Stage, then

SHARED = (
    ", networks: { default: { name: shared, labels: { of: user }, ipam: { config: [{ subnet: 10.9.0.0/24 }] } } } }"
)
ONE = SPEC.replace("tests:1 } } }", "tests:1 } }" + SHARED)
TWO = """
workflows:
  one: &one
    build_id: one1
    compose:
      services: { app: { image: app:1 } }
      networks: { default: { name: shared } }
    nodes: { t: { mode: testing, test_record_id: r1 } }
  two:
    <<: *one
    build_id: two1
    compose:
      services: { app: { image: app:1, networks: [other] } }
      networks: { other: { name: shared } }
    nodes: { t: { mode: testing, test_record_id: r1, depends_on: [one.t] } }
"""


def networks_of(stage: Stage) -> list[dict[str, dict[str, str]]]:  # no test
    """The engine's networks when each tester begins."""
    seen: list[dict[str, dict[str, str]]] = []
    for name in ("fast-test", "fast-t"):
        look = then(lambda: seen.append(dict(stage.engine.kept["networks"])))
        stage.engine.scripts[name] = replace(PASSES, on_start=look)
    return seen


def attached(engine: FakeEngine, network: str, name: str = "developer-app-1") -> Box:  # no test
    """A container of somebody else's on a network."""
    box = engine.world.create(name, {}, "app:1", Script())
    box.attached = frozenset({network})
    return box


def test_a_missing_one_is_made_as_the_file_says_and_goes_with_the_run(tmp_path: Path) -> None:
    stage = Stage(tmp_path, ONE)
    seen = networks_of(stage)
    assert stage.run().exit_code == 0
    labels = {"io.fastflow.run": "r1", "io.fastflow.spec": "spec-1", "io.fastflow.role": "network"}
    assert seen == [{"shared": {"of": "user", **labels, "com.docker.compose.network": "default"}}]
    assert stage.engine.kept["networks"] == {}
    assert not stage.engine.world.boxes


def test_one_that_is_there_is_used_as_it_is_and_stays(tmp_path: Path) -> None:
    stage = Stage(tmp_path, ONE)
    stage.engine.kept["networks"]["shared"] = {"whose": "the developer's"}
    seen = networks_of(stage)
    assert stage.run().exit_code == 0
    assert [*seen, stage.engine.kept["networks"]] == [{"shared": {"whose": "the developer's"}}] * 2


def test_workflows_of_a_run_share_one_until_the_last_of_them_has_ended(tmp_path: Path) -> None:
    stage = Stage(tmp_path, TWO)
    seen = networks_of(stage)
    assert stage.run().exit_code == 0
    assert [list(networks) for networks in seen] == [["shared"], ["shared"]]
    assert seen[0]["shared"] is seen[1]["shared"]
    assert stage.engine.kept["networks"] == {}


def test_one_that_is_made_for_a_workflow_goes_with_it(tmp_path: Path) -> None:
    text = TWO.replace("networks: { other: { name: shared } }", "networks: { other: { name: other } }")
    stage = Stage(tmp_path, text)
    seen = networks_of(stage)
    assert stage.run().exit_code == 0
    assert [list(networks) for networks in seen] == [["shared"], ["other"]]


def test_one_on_which_somebody_else_is_stays_until_the_last_run_that_used_it(tmp_path: Path) -> None:
    (tmp_path / "later").mkdir()
    first, later = Stage(tmp_path, ONE), Stage(tmp_path / "later", ONE)
    later.engine = first.engine
    networks, guests = first.engine.kept["networks"], list[Box]()
    join = then(lambda: guests.append(attached(first.engine, "shared")))
    first.engine.scripts["fast-test"] = replace(PASSES, on_start=join)
    result = first.run()
    assert (result.exit_code, result.leftovers, list(networks)) == (0, (), ["shared"])
    networks["shared"] = {**networks["shared"], "io.fastflow.run": "r0"}
    first.engine.world.remove(guests[0])
    first.engine.scripts["fast-test"] = PASSES
    assert (later.run().exit_code, list(networks)) == (0, [])


def test_one_that_is_removed_before_a_node_has_run_is_made_again(tmp_path: Path) -> None:
    stage = Stage(tmp_path, ONE)
    start = stage.engine.start
    lost: list[str] = []

    def lose(container_id: str) -> None:
        if not lost:
            lost.append(container_id)
            stage.engine.remove_networks(["shared"])
            raise EngineCallError("network shared not found", None, "fake", 1)
        start(container_id)

    stage.engine.start = lose  # type: ignore[method-assign]  # another run's removal
    assert stage.run().exit_code == 0
    assert lost


def test_one_that_is_removed_while_compose_looks_for_it_is_made_again(tmp_path: Path) -> None:
    stage = Stage(tmp_path, ONE)
    create = stage.engine.create_network
    lost: list[str] = []

    def lose(name: str, *words: Any) -> None:
        create(name, *words)
        if not lost:
            lost.append(name)
            stage.engine.remove_networks([name])

    stage.engine.create_network = lose  # type: ignore[method-assign, assignment]  # another run's removal
    assert stage.run().exit_code == 0
    assert lost


def test_one_for_which_the_engine_has_no_addresses_gets_a_free_subnet(tmp_path: Path) -> None:
    stage = Stage(tmp_path, SPEC.replace("tests:1 } } }", "tests:1 } }, networks: { default: { name: shared } } }"))
    stage.engine.addresses.pools = []
    taken: list[str] = []
    look = then(lambda: taken.extend(stage.engine.addresses.taken.values()))
    stage.engine.scripts["fast-test"] = replace(PASSES, on_start=look)
    assert stage.run().exit_code == 0
    assert all(IPv4Network(subnet).subnet_of(RANGES[0]) for subnet in taken)
    assert len(taken) == 1


def test_several_of_one_name_are_an_error_that_says_what_to_remove(tmp_path: Path) -> None:
    stage = Stage(tmp_path, ONE)
    stage.engine.network_ids = lambda _: ("a" * 64, "b" * 64)  # type: ignore[method-assign, assignment]  # Engine 20.10
    phase = stage.phase("web.record")
    assert (phase.reason, phase.hint) == (
        "services: the engine has 2 networks named shared",
        f"remove all but one: docker network rm {'b' * 12}",
    )


@pytest.mark.parametrize("alias", ["fast", "FAST"])
def test_an_alias_that_another_run_has_on_the_network_starts_nothing(tmp_path: Path, alias: str) -> None:
    (tmp_path / "later").mkdir()
    first = Stage(tmp_path, ONE)
    later = Stage(tmp_path / "later", ONE.replace("mode: recording,", f"mode: recording, alias: {alias},"))
    later.text = later.text.replace("web1", "web2")
    later.engine = first.engine
    caught: list[NameInUseError] = []

    def meanwhile() -> None:
        relabelled(first.engine, "other")
        with pytest.raises(NameInUseError) as error:
            later.run()
        caught.append(error.value)

    first.engine.scripts["fast-test"] = replace(PASSES, on_start=then(meanwhile))
    first.run()
    assert caught[0].exit_code == 4
    assert "the alias `fast` on the network shared is in use by run other" in caught[0].message
    assert isinstance(later.events[-1], RunRefused)


def relabelled(engine: FakeEngine, run: str) -> None:  # no test
    """Give what is held to another run: both of a test have one id."""
    for box in engine.world.boxes.values():
        if box.container.labels.get("io.fastflow.role") == "lease":
            labels = {**box.container.labels, "io.fastflow.run": run}
            box.container = replace(box.container, labels=labels)


def test_an_alias_of_a_dead_run_is_reclaimed(tmp_path: Path) -> None:
    stage = Stage(tmp_path, ONE)
    names: list[str] = []
    hold = stage.engine.hold

    def dead_before(name: str, image: str, labels: dict[str, str]) -> object:
        if "io.fastflow.holds" in labels and name not in names:
            names.append(name)
            box = stage.engine.world.create(name, {**labels, "io.fastflow.run": "dead"}, image, Script(exit_code=137))
            stage.engine.world.start(box)
        return hold(name, image, labels)

    stage.engine.hold = dead_before  # type: ignore[method-assign, assignment]  # what a killed run left
    assert stage.run().exit_code == 0
    assert len(names) == 2  # the alias, and the network that is made
    assert not stage.engine.world.boxes


def test_a_service_of_others_that_answers_to_a_name_of_the_run_is_told(tmp_path: Path) -> None:
    stage = Stage(tmp_path, ONE)
    stage.engine.kept["networks"]["shared"] = {}
    for service in ("app", "unrelated"):
        box = attached(stage.engine, "shared", f"developer-{service}-1")
        labels = {"com.docker.compose.service": service}
        box.container = replace(box.container, labels=labels, status="running")
    assert stage.run().exit_code == 0
    (told,) = (note for note in stage.notes if "answers to" in note)
    assert told.startswith("developer-app-1 also answers to `app` on the network shared: requests may reach it")
