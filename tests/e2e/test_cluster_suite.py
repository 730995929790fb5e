"""What every cluster does, the one in memory and Docker Swarm alike; `-m "not e2e"` needs no engine."""

import threading
from collections.abc import Iterator

import pytest

from fastflow.cluster.cluster import Claim, UnitOrder
from fastflow.engines.opening import open_cluster, open_engine
from fastflow.engines.swarm import Swarm
from fastflow.errors import EngineError
from fastflow.model.compose_keys import LABEL
from tests.e2e.cluster_bench import IMAGE, ClusterBench, secrets_of
from tests.e2e.swarms import Swarm as OwnSwarm
from tests.fakes.cluster import FakeCluster, Script
from tests.waiting import until

RUNS = Script(lines=("up",), last=("ending",), stopped=9)
ENDS = Script(lines=("first", "second"), exit_code=3)
REAL = pytest.param("swarm", marks=[pytest.mark.e2e, pytest.mark.xdist_group("cluster")])


@pytest.fixture(params=["fake", REAL])
def bench(request: pytest.FixtureRequest) -> Iterator[ClusterBench]:
    if request.param == "fake":
        yield ClusterBench(FakeCluster())
        return
    swarm: OwnSwarm = request.getfixturevalue("swarm")
    made = ClusterBench(open_cluster(open_engine({**swarm.environment, "DOCKER_HOST": swarm.manager.docker_host})))
    yield made
    made.clear()


def test_it_names_the_nodes_that_can_take_units(bench: ClusterBench) -> None:
    assert bench.cluster.info().nodes == ("node1", "node2")


def test_a_unit_runs_when_it_is_started_and_not_before(bench: ClusterBench) -> None:
    unit = bench.create(ENDS)
    assert bench.unit(unit).state == "created"
    bench.cluster.start(unit)
    ended = bench.wait(unit, lambda one: one.state == "ended")
    assert (ended.exit_code, ended.is_cancelled) == (3, False)
    assert ended.node in ("node1", "node2")
    assert ended.labels == bench.labels


def test_its_log_comes_from_the_first_line_and_outlives_it(bench: ClusterBench) -> None:
    unit = bench.create(ENDS)
    bench.cluster.start(unit)
    stream = bench.follow(unit)
    until(lambda: bench.heard == ["first", "second"])
    bench.wait(unit, lambda one: one.state == "ended")
    stream.close()
    again: list[str] = []
    bench.cluster.read_log(unit, again.append)
    assert again == ["first", "second"]


def test_a_name_is_given_once(bench: ClusterBench) -> None:
    bench.create(RUNS)
    with pytest.raises(EngineError):
        bench.create(RUNS)


def test_a_cancelled_unit_gets_sigterm_and_never_starts_again(bench: ClusterBench) -> None:
    unit = bench.create(RUNS)
    bench.cluster.start(unit)
    stream = bench.follow(unit)
    until(lambda: bench.heard == ["up"])
    bench.cluster.cancel(unit)
    ended = bench.wait(unit, lambda one: one.state == "ended")
    assert (ended.exit_code, ended.is_cancelled) == (9, True)
    until(lambda: bench.heard == ["up", "ending"])
    stream.close()


def test_a_unit_that_was_cancelled_before_it_began_cannot_be_started(bench: ClusterBench) -> None:
    unit = bench.create(RUNS)
    bench.cluster.cancel(unit)
    with pytest.raises(EngineError):
        bench.cluster.start(unit)
    assert bench.unit(unit).state == "created"


def test_what_is_removed_is_gone_and_may_be_removed_again(bench: ClusterBench) -> None:
    unit = bench.create(ENDS)
    bench.cluster.start(unit)
    bench.wait(unit, lambda one: one.state == "ended")
    bench.cluster.remove([unit])
    bench.cluster.remove([unit])
    assert bench.cluster.units(bench.labels) == ()
    with pytest.raises(EngineError):
        bench.cluster.start(unit)
    if isinstance(bench.cluster, Swarm):
        assert secrets_of(bench.cluster, bench.run) == 0


def test_a_claim_has_one_winner_of_ten(bench: ClusterBench) -> None:
    gate, won = threading.Barrier(10), list[Claim]()

    def race() -> None:
        gate.wait()
        if (claim := bench.cluster.claim(f"claim-{bench.run}", bench.labels)) is not None:
            won.append(claim)

    racers = [threading.Thread(target=race) for _ in range(10)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    (claim,) = won
    assert [one.id for one in bench.cluster.claims(bench.labels)] == [claim.id]
    bench.cluster.release([claim.id, claim.id])
    assert bench.cluster.claims(bench.labels) == ()


def test_a_claim_is_renewed_as_long_as_it_is_there(bench: ClusterBench) -> None:
    claim = bench.cluster.claim(f"claim-{bench.run}", bench.labels)
    assert claim is not None
    revisions = []
    for _ in range(3):
        (found,) = bench.cluster.claims(bench.labels)
        revisions.append(found.revision)
        assert bench.cluster.renew(claim.id)
    assert len(set(revisions)) == 3
    bench.cluster.release([claim.id])
    assert not bench.cluster.renew(claim.id)


def test_a_file_is_kept_as_it_was(bench: ClusterBench) -> None:
    content = bytes(range(256)) * 3_000
    stored = bench.cluster.store(f"file-{bench.run}", content, bench.labels)
    assert bench.cluster.read(stored.id) == content
    unit = bench.create(ENDS, bundle=stored)
    bench.cluster.start(unit)
    assert bench.wait(unit, lambda one: one.state == "ended").exit_code == 3


@pytest.mark.parametrize(("constraints", "nodes"), [((), 2), (("node.role == worker",), 1)])
def test_a_sweep_runs_once_on_every_node_that_may_take_units(
    bench: ClusterBench, constraints: tuple[str, ...], nodes: int
) -> None:
    command = ("sh", "-c", "echo swept $(hostname)")
    name = f"fastflow-sweep-{bench.run}-{nodes}"
    order = UnitOrder(name, {f"{LABEL}.role": "sweep"}, IMAGE, command, cpus=0.0, constraints=constraints)
    lines: list[str] = []
    assert bench.cluster.sweep(order, 60.0, lines.append) == ()
    assert len(lines) == len(set(lines)) == nodes
    assert bench.cluster.units({f"{LABEL}.role": "sweep"}) == ()
