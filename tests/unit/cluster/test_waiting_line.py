"""The line of runs that wait for a lease on a cluster: one order for all, dead ones passed over, nobody forgotten."""

import random
import time
from collections.abc import Callable

import pytest

from fastflow.cluster.cluster import UnitOrder
from fastflow.cluster.lease import Taking
from fastflow.cluster.waiting_line import Line, take_or_wait
from fastflow.errors import BuildIdInUseError
from fastflow.model.compose_keys import LABEL
from fastflow.run.lease import CANCELLABLE, LeaseKey
from fastflow.run.observer import Cancellation
from fastflow.run.waiting_line import Patience
from tests.fakes.cluster import FakeCluster

ONE, TWO, ALONE = LeaseKey("t", "1"), LeaseKey("t", "2"), LeaseKey("t", None)
FOREVER = float("inf")


class Waiter:
    """A run that wants leases, with the line as it sees it."""

    def __init__(
        self, cluster: FakeCluster, run: str, *keys: LeaseKey, is_cancellable: bool = False, grace: float = 1000
    ) -> None:
        self.cluster, self.run, self.notes = cluster, run, list[str]()
        labels = {f"{LABEL}.run": run, f"{LABEL}.role": "lease", f"{LABEL}.host": "ci-7"}
        labels |= {CANCELLABLE: "true"} if is_cancellable else {}
        self.unit = cluster.create(UnitOrder(f"fastflow-{run}u1", {f"{LABEL}.run": run}, "agent", ()))
        self.taking = Taking(cluster, keys, labels, self.notes.append, grace=grace)
        self.line = Line(self.taking)

    def hold(self) -> "Waiter":
        self.cluster.start(self.unit)
        assert self.taking.take()
        return self

    def end(self) -> None:
        self.cluster.end(self.unit, 0)

    def wait(self, patience: Patience, cancellation: Cancellation | None = None) -> int:
        return len(take_or_wait(self.taking, cancellation or Cancellation(), patience))


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster(cpus=1000)


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets seconds pass."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def passing(seconds: float) -> None:
        now[0] += seconds

    return passing


def tickets(cluster: FakeCluster) -> list[str]:
    return [claim.labels[f"{LABEL}.run"] for claim in cluster.claims({f"{LABEL}.role": "ticket"})]


def test_a_hundred_runs_in_line_are_all_served_in_the_order_in_which_they_came(cluster: FakeCluster) -> None:
    choice = random.Random(15)
    holder = Waiter(cluster, "r0", ONE).hold()
    line = [Waiter(cluster, f"r{number}", choice.choice((ONE, ALONE))) for number in range(1, 101)]
    for one in line:
        one.line._join()
    while line:
        if choice.random() < 0.1:
            left = line.pop(choice.randrange(len(line)))
            assert left.line._ticket is not None
            cluster.release([left.line._ticket.id])
            continue
        holder.end()
        assert [one.run for one in choice.sample(line, min(9, len(line))) if not one.line.before()] in (
            [],
            [line[0].run],
        )
        holder = line.pop(0)
        assert not holder.line.before()
        assert len(holder.taking.take()) == 1
        assert holder.line._ticket is not None
        cluster.release([holder.line._ticket.id])
        cluster.start(holder.unit)
    assert tickets(cluster) == []


def test_a_run_that_does_not_wait_does_not_overtake_one_that_does(cluster: FakeCluster) -> None:
    waiter = Waiter(cluster, "a", ONE)
    waiter.line._join()
    cluster.start(waiter.unit)  # it is about to
    with pytest.raises(BuildIdInUseError, match=r"run a \(started on ci-7\) waits in line for BUILD_ID 1 before"):
        take_or_wait(Waiter(cluster, "b", ONE).taking, Cancellation(), None)
    assert len(take_or_wait(Waiter(cluster, "c", TWO).taking, Cancellation(), None)) == 1


def test_the_ticket_of_a_run_that_died_is_passed_over(cluster: FakeCluster) -> None:
    Waiter(cluster, "dead", ONE).line._join()
    assert len(take_or_wait(Waiter(cluster, "a", ONE, grace=0).taking, Cancellation(), None)) == 1
    assert tickets(cluster) == []


def test_a_ticket_counts_as_long_as_it_is_renewed(cluster: FakeCluster, passing: Callable[[float], None]) -> None:
    first, second = Waiter(cluster, "a", ONE), Waiter(cluster, "b", ONE, grace=10)
    for one in (first, second):
        one.line._join()
    for _ in range(5):
        assert len(second.line.before()) == 1
        first.line._renew(Cancellation())
        passing(9.0)
    assert len(second.line.before()) == 1
    passing(10.0)
    assert not second.line.before()
    first.line._renew(Cancellation())  # it only slept, and joins again at the end
    assert tickets(cluster) == ["b", "a"]
    assert [claim.labels[f"{LABEL}.run"] for claim in first.line.before()] == ["b"]


def test_who_waits_gives_up_after_its_time_and_leaves_the_line(cluster: FakeCluster) -> None:
    Waiter(cluster, "a", ONE).hold()
    waiter = Waiter(cluster, "b", ONE)
    with pytest.raises(
        BuildIdInUseError, match=r"by run a .*the time limit of --wait-lease has passed \(place 1 in line\)"
    ):
        waiter.wait(Patience(time.monotonic()))
    assert tickets(cluster) == []


def test_who_is_cancelled_while_it_waits_takes_nothing(cluster: FakeCluster, passing: Callable[[float], None]) -> None:
    Waiter(cluster, "a", ONE).hold()
    waiter, cancellation = Waiter(cluster, "b", ONE), Cancellation()
    cluster.cancel(waiter.unit)
    waiter.line._join()
    passing(5.0)
    waiter.line._renew(cancellation)
    assert (cancellation.reason, cancellation.by_signal) == ("interrupted by `fastflow down`", 130)
    assert waiter.wait(Patience(FOREVER), cancellation) == 0


def test_a_newer_run_takes_the_place_of_those_that_agree(cluster: FakeCluster) -> None:
    holder = Waiter(cluster, "a", ONE, is_cancellable=True).hold()
    newer = Waiter(cluster, "b", ONE)
    agreed = Patience(FOREVER, waits=False, cancels=lambda labels: labels.get(CANCELLABLE) == "true")
    assert newer.wait(agreed) == 1
    assert "cancelling run a, to take its place (cancel_in_progress)" in newer.notes
    (unit,) = cluster.units({f"{LABEL}.run": "a"})
    assert (unit.id, unit.is_cancelled) == (holder.unit, True)


def test_a_run_that_does_not_agree_is_not_cancelled(cluster: FakeCluster) -> None:
    Waiter(cluster, "a", ONE).hold()
    with pytest.raises(BuildIdInUseError, match="it is not cancelled"):
        Waiter(cluster, "b", ONE).wait(Patience(FOREVER, waits=False))
    (unit,) = cluster.units({f"{LABEL}.run": "a"})
    assert not unit.is_cancelled
