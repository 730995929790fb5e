"""The lease of a BUILD_ID across a cluster: one holder, dead ones reclaimed, never two units that live."""

import threading
from collections.abc import Callable, Mapping

import pytest

from fastflow.cluster.cluster import Unit, UnitOrder
from fastflow.cluster.lease import Taking, is_alive, reclaim
from fastflow.errors import BuildIdInUseError, EngineError
from fastflow.model.compose_keys import LABEL
from fastflow.run.lease import LeaseKey
from tests.fakes.cluster import FakeCluster

ONE, TWO, ALONE = LeaseKey("t", "1"), LeaseKey("t", "2"), LeaseKey("t", None)


def labels(run: str) -> dict[str, str]:
    return {f"{LABEL}.run": run, f"{LABEL}.host": "ci-7", f"{LABEL}.since": "2026-01-01T00:00:00Z"}


def unit_of(cluster: FakeCluster, run: str, *, starts: bool = True) -> str:
    unit = cluster.create(UnitOrder(f"fastflow-{run}u1", labels(run), "agent", ()))
    if starts:
        cluster.start(unit)
    return unit


def take(cluster: FakeCluster, run: str, *keys: LeaseKey, notes: list[str] | None = None) -> int:
    held = {**labels(run), f"{LABEL}.role": "lease"}
    return len(Taking(cluster, keys, held, (notes if notes is not None else []).append, grace=0).take())


def test_a_second_run_is_refused_and_told_of_the_first() -> None:
    cluster = FakeCluster()
    unit_of(cluster, "a")
    assert take(cluster, "a", ONE, TWO) == 2
    with pytest.raises(BuildIdInUseError, match=r"BUILD_ID 2 is in use on this cluster by run a \(started on ci-7"):
        take(cluster, "b", TWO)


def test_all_claims_are_taken_or_none() -> None:
    cluster = FakeCluster()
    unit_of(cluster, "a")
    take(cluster, "a", TWO)
    with pytest.raises(BuildIdInUseError):
        take(cluster, "b", ONE, TWO, LeaseKey("t", "3"))
    assert [claim.labels[f"{LABEL}.run"] for claim in cluster.claims({})] == ["a"]


@pytest.mark.parametrize(("first", "second"), [(ONE, ALONE), (ALONE, ONE)])
def test_a_node_without_build_id_excludes_every_other_of_its_token(first: LeaseKey, second: LeaseKey) -> None:
    cluster = FakeCluster()
    unit_of(cluster, "a")
    take(cluster, "a", first)
    with pytest.raises(BuildIdInUseError):
        take(cluster, "b", second)
    assert take(cluster, "c", LeaseKey("other", second.build_id)) == 1


def test_a_run_whose_units_have_ended_is_dead_and_its_logs_stay() -> None:
    cluster, notes = FakeCluster(), list[str]()
    unit = unit_of(cluster, "a")
    take(cluster, "a", ONE)
    cluster.end(unit, 0)
    assert take(cluster, "b", ONE, notes=notes) == 1
    assert notes == ["lease reclaimed: BUILD_ID 1 was held by run a, which is dead"]
    assert [one.id for one in cluster.units(labels("a"))] == [unit]


def test_a_unit_that_waits_for_room_holds_its_lease() -> None:
    cluster = FakeCluster(nodes=("node1",), cpus=1)
    unit_of(cluster, "other")
    unit_of(cluster, "a")
    take(cluster, "a", ONE)
    with pytest.raises(BuildIdInUseError):
        take(cluster, "b", ONE)


def test_a_dispatcher_that_sleeps_cannot_start_what_was_reclaimed() -> None:
    cluster = FakeCluster()
    unit = unit_of(cluster, "a", starts=False)
    take(cluster, "a", ONE)
    unit_of(cluster, "b")
    assert take(cluster, "b", ONE) == 1
    with pytest.raises(EngineError):
        cluster.start(unit)
    assert cluster.started == ["fastflow-bu1"]


def test_a_run_that_begins_while_it_is_reclaimed_keeps_its_lease() -> None:
    cluster = FakeCluster()
    unit = unit_of(cluster, "a", starts=False)
    take(cluster, "a", ONE)
    (claim,) = cluster.claims({})
    cluster.start(unit)
    assert not reclaim(cluster, claim)
    assert [one.state for one in cluster.units(labels("a"))] == ["running"]
    assert cluster.claims({}) == (claim,)


def test_a_run_that_has_not_begun_gets_a_moment() -> None:
    cluster = FakeCluster()
    unit = unit_of(cluster, "a", starts=False)
    threading.Timer(0.3, cluster.start, (unit,)).start()
    assert is_alive(cluster, "a", grace=30)


class Watched(FakeCluster):
    """A cluster in which something happens each time that somebody looks at the units of one run."""

    def __init__(self, run: str, then: Callable[[], object]) -> None:
        super().__init__()
        self.run, self.then = run, then

    def units(self, labels: Mapping[str, str]) -> tuple[Unit, ...]:
        if labels.get(f"{LABEL}.run") == self.run:
            self.then()
        return super().units(labels)


def test_a_run_that_waits_for_its_own_rival_is_not_taken_for_dead() -> None:
    """Run a waits for BUILD_ID 2 of silent x, and holds BUILD_ID 1 meanwhile."""
    renewals = list[int]()
    cluster = Watched("x", lambda: renewals.extend(one.revision for one in cluster.claims(labels("a"))))
    for run in ("x", "a"):
        unit_of(cluster, run, starts=False)
    take(cluster, "x", TWO)
    taking = Taking(cluster, (ONE, TWO), {**labels("a"), f"{LABEL}.role": "lease"}, lambda _: None, grace=1)
    assert len(taking.take()) == 2
    assert len(set(renewals)) >= 3


def test_a_renewed_claim_is_a_sign_of_life() -> None:
    cluster = Watched("a", lambda: cluster.renew(cluster.claims(labels("a"))[0].id))
    unit_of(cluster, "a", starts=False)
    take(cluster, "a", ONE)
    assert is_alive(cluster, "a", grace=30)


def test_who_gives_its_claims_back_is_not_waited_for() -> None:
    """Nor are its units touched: it may wait in line from now on."""
    cluster = Watched("a", lambda: cluster.release(one.id for one in cluster.claims(labels("a"))))
    unit = unit_of(cluster, "a", starts=False)
    take(cluster, "a", ONE)
    taking = Taking(cluster, (ONE,), {**labels("b"), f"{LABEL}.role": "lease"}, lambda _: None, grace=30)
    assert len(taking.take()) == 1
    cluster.start(unit)
