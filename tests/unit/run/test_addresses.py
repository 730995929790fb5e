"""Where the engine has no addresses left for a network, a run finds some (docs: a run, Networks)."""

import sys
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastflow.engines.routes import routed
from fastflow.run.networks import RANGES, free_subnets
from tests.unit.run.stage import PASSES, SERVES, Stage

SPEC = """
workflows:
  web:
    compose: {{ services: {{ app: {{ image: app:1{app} }} }}, networks: {{ {networks} }} }}
    nodes:
      a: {{ mode: testing, build_id: a1, test_record_id: r1 }}
      b: {{ mode: testing, build_id: b1, test_record_id: r1, depends_on: [a] }}
"""
NODES = {"fast-a": PASSES, "fast-b": PASSES, "app": SERVES}
NOTE = "the engine has no addresses left for networks, so fastflow assigns free subnets to the networks of the run"


def stage_of(directory: Path, pools: list[str], app: str = "", networks: str = "") -> Stage:  # no test
    """A workflow of two testers on an engine with these address pools."""
    stage = Stage(directory, SPEC.format(app=app and f", {app}", networks=networks), NODES)
    stage.engine.addresses.pools = pools
    return stage


def subnets_of(stage: Stage) -> dict[str, str]:  # no test
    """The subnet that each network of the project got, also those that are gone."""
    given: dict[str, str] = {}
    take = stage.engine.addresses.take

    def taken(network: str, wanted: str | None) -> None:
        take(network, wanted)
        given[network.removeprefix("fastflow-r1-web_")] = stage.engine.addresses.taken[network]

    stage.engine.addresses.take = taken  # type: ignore[method-assign]  # watched
    return given


def test_nothing_is_chosen_while_the_engine_has_addresses(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, ["172.18.0.0/16"])
    given = subnets_of(stage)
    assert stage.run().exit_code == 0
    assert given == {"default": "172.18.0.0/16"}
    assert NOTE not in stage.notes


def test_a_network_without_addresses_gets_a_free_subnet_and_keeps_it(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, [], app="networks: [default, back]", networks="back: {}")
    given = subnets_of(stage)
    assert stage.run().exit_code == 0
    chosen = {name: IPv4Network(subnet) for name, subnet in given.items()}
    assert set(chosen) == {"default", "back"}
    assert not chosen["default"].overlaps(chosen["back"])
    assert {network.prefixlen for network in chosen.values()} == {26}
    assert stage.notes.count(NOTE) == 1
    # Two calls fail and are made again at most: a later one with another subnet would have the network made anew.
    assert [call.split()[-1] for call in stage.calls("up")] == ["app", "app"]
    assert [call.split()[2:] for call in stage.calls("create")] == [["fast-a", "fast-b"]]


def test_a_network_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, ["172.18.0.0/16"], app="networks: [default, back]", networks="back: {}")
    given = subnets_of(stage)
    assert stage.run().exit_code == 0
    assert given["default"] == "172.18.0.0/16"
    assert IPv4Network(given["back"]).subnet_of(RANGES[0])


@pytest.mark.parametrize(
    "own", ["{ ipam: { config: [{ subnet: 10.9.0.0/24 }] } }", "{ driver: overlay }", "{ external: true }"]
)
def test_what_the_file_decides_is_left_alone(tmp_path: Path, own: str) -> None:
    stage = stage_of(tmp_path, [], app="networks: [default, own]", networks=f"own: {own}")
    if "external" in own:
        stage.engine.kept["networks"]["own"] = {}
    given = subnets_of(stage)
    phase = stage.phase("web.a")
    assert IPv4Network(given["default"]).subnet_of(RANGES[0])
    if "driver" in own:
        assert phase.state == "failed"
        assert "could not find an available" in str(phase.reason)
    else:
        assert phase.state == "passed"
        assert given.get("own", "10.9.0.0/24") == "10.9.0.0/24"


def test_a_subnet_that_another_run_takes_first_is_chosen_anew(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, [])
    given = subnets_of(stage)
    look = stage.engine.subnets
    seen: list[IPv4Network] = []

    def another_takes_it() -> tuple[str, ...]:
        found = look()
        if not seen:
            seen.append(next(free_subnets(found, 3, "fastflow-r1-web")))
            stage.engine.addresses.taken["another"] = str(seen[0])
        return found

    stage.engine.subnets = another_takes_it  # type: ignore[method-assign]  # a race
    assert stage.run().exit_code == 0
    assert not IPv4Network(given["default"]).overlaps(seen[0])


def test_a_subnet_that_is_refused_is_not_chosen_again(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, [])
    first = next(free_subnets([], 3, "fastflow-r1-web"))
    stage.engine.addresses.taken["of which the engine does not tell"] = str(first)
    stage.engine.subnets = lambda: ()  # type: ignore[method-assign]  # such as a route of its machine
    assert stage.run().exit_code == 0


def test_where_nothing_is_free_the_phase_says_what_to_do(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, [])
    stage.engine.addresses.taken = {str(area): str(area) for area in RANGES}
    phase = stage.phase("web.a")
    assert phase.state == "failed"
    assert str(phase.reason).startswith("services: no subnet is free for network default")
    assert "docker network prune" in str(phase.hint)


def test_a_subnet_of_the_file_that_is_in_use_is_the_users_to_change(tmp_path: Path) -> None:
    own = "own: { ipam: { config: [{ subnet: 10.9.0.0/24 }] } }"
    stage = stage_of(tmp_path, ["172.18.0.0/16"], app="networks: [own, default]", networks=own)
    stage.engine.addresses.taken["other"] = "10.9.0.0/16"
    phase = stage.phase("web.a")
    assert "Pool overlaps" in str(phase.reason)
    assert len(stage.calls("up")) == 1


@given(
    st.lists(
        st.tuples(st.sampled_from(RANGES), st.integers(0, 2**20 - 1), st.integers(8, 28)).map(
            lambda choice: str(
                IPv4Network((int(choice[0].network_address) + choice[1] % choice[0].num_addresses, choice[2]), False)
            )
        ),
        max_size=12,
    ),
    st.integers(1, 500),
    st.text(max_size=5),
)
def test_free_subnets_overlap_with_nothing_and_have_room(taken: list[str], places: int, seed: str) -> None:
    free = free_subnets(taken, places, seed)
    found = [subnet for subnet, _ in zip(free, range(3), strict=False)]
    others = [IPv4Network(text) for text in taken]
    for at, subnet in enumerate(found):
        assert subnet.num_addresses >= max(64, 2 * places + 3)
        assert any(subnet.subnet_of(area) for area in RANGES)
        assert not any(subnet.overlaps(other) for other in [*others, *found[:at]])
    if not any(area.overlaps(other) for area in RANGES[:1] for other in others):
        assert len(found) == 3


def test_runs_begin_to_look_at_different_places() -> None:
    first = {next(free_subnets([], 4, f"fastflow-r{number}-web")) for number in range(20)}
    assert len(first) > 15


def test_free_subnets_end_where_all_are_taken() -> None:
    most = [str(IPv4Network(area).supernet(1)) for area in RANGES[:3]]
    assert sorted(free_subnets([*most, "198.18.0.0/16", "fd00::/8"], 4000, "y")) == [
        IPv4Network((int(IPv4Network("198.19.0.0/16").network_address) + (number << 13), 19)) for number in range(8)
    ]


def test_the_routes_of_this_machine_are_taken_but_for_the_default(tmp_path: Path) -> None:
    table = tmp_path / "route"
    rows = [("0.0.0.0", 0), ("10.208.0.0", 16), ("192.168.7.128", 25)]
    digits = [
        (
            f"{int.from_bytes(IPv4Network(row).network_address.packed, sys.byteorder):08X}",
            f"{int.from_bytes(IPv4Network(row).netmask.packed, sys.byteorder):08X}",
        )
        for row in rows
    ]
    lines = [f"eth0\t{destination}\t00000000\t0001\t0\t0\t0\t{mask}\t0\t0\t0" for destination, mask in digits]
    table.write_text("\n".join(["Iface\tDestination", *lines, ""]))
    assert routed(table) == ("10.208.0.0/16", "192.168.7.128/25")
    assert routed(tmp_path / "nothing") == ()
