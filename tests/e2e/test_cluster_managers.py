"""A swarm of several managers: one lease for all of them, and runs that outlive their leader."""

import threading
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from fastflow.cluster.cluster import Cluster, UnitOrder
from fastflow.cluster.lease import ROLE, Taking, goes_on
from fastflow.engines.opening import open_cluster, open_engine
from fastflow.errors import BuildIdInUseError
from fastflow.model.compose_keys import LABEL
from fastflow.run.lease import LeaseKey
from tests.e2e.cluster_bench import IMAGE
from tests.e2e.cluster_runs import PATIENCE, RECORDS, Examples
from tests.e2e.swarms import Swarm
from tests.waiting import until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("cluster-ends")]
RACERS, ROUNDS = 20, 3


class Race:
    """Runs that all want two BUILD_IDs of three, by one manager or the other, at the same time."""

    def __init__(self, clusters: Sequence[Cluster]) -> None:
        self.clusters, self.name = clusters, uuid.uuid4().hex[:8]
        self.won, self.lost, self.errors = list[str](), list[str](), list[BaseException]()
        self._gate = threading.Barrier(RACERS)

    @property
    def labels(self) -> dict[str, str]:
        return {f"{LABEL}.race": self.name}

    def run(self) -> None:
        racers = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(RACERS)]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join()

    def _run(self, number: int) -> None:
        cluster, name = self.clusters[number % 2], f"{self.name}r{number}"
        labels = {f"{LABEL}.run": name, f"{LABEL}.role": ROLE, **self.labels}
        keys = tuple(LeaseKey(self.name, str(one)) for one in range(3) if one != number % 3)
        order = UnitOrder(f"fastflow-{name}u1", labels, IMAGE, ("sleep", "600"), cpus=0.01, grace=1.0)
        try:
            unit = cluster.create(order)
            self._gate.wait(30)
            try:
                Taking(cluster, keys, labels, lambda _: None).take()
            except BuildIdInUseError:
                self.lost.append(name)
                cluster.remove([unit])
            else:
                cluster.start(unit)
                self.won.append(name)
        except BaseException as error:
            self.errors.append(error)

    def remove(self) -> None:
        cluster = self.clusters[1]
        for unit in cluster.units(self.labels):
            cluster.cancel(unit.id)
        until(lambda: not any(goes_on(one) for one in cluster.units(self.labels)))
        cluster.remove(one.id for one in cluster.units(self.labels))
        cluster.release(one.id for one in cluster.claims(self.labels))


@pytest.fixture(scope="module")
def managers(swarm_with_agent: Swarm) -> Iterator[Swarm]:
    with swarm_with_agent.three_managers():
        yield swarm_with_agent


def test_of_twenty_racers_over_two_managers_one_runs(managers: Swarm) -> None:
    """Every racer wants two BUILD_IDs of three, so that any two of them exclude each other."""
    clusters = [
        open_cluster(open_engine({**managers.environment, "DOCKER_HOST": machine.docker_host}))
        for machine in managers.machines[:2]
    ]
    for _ in range(ROUNDS):
        race = Race(clusters)
        race.run()
        live = [one.labels[f"{LABEL}.run"] for one in clusters[0].units(race.labels) if goes_on(one)]
        race.remove()
        assert race.errors == []
        assert (live, len(race.lost)) == (race.won, RACERS - len(race.won))
        assert len(race.won) <= 1


def test_a_run_outlives_the_leader_of_the_managers(tmp_path: Path, managers: Swarm) -> None:
    """The leader is the manager that the run is watched through, and its engine comes back when another one leads."""
    examples = Examples(tmp_path, managers)
    until(lambda: managers.leader(managers.machines) == managers.manager.name)
    live = examples.directory / "live" / "fastflow.yml"
    where = f"constraints: [node.hostname == {managers.machines[1].name}], reserve:"
    live.write_text(live.read_text().replace("reserve:", where, 1))
    with examples.up("live", RECORDS) as process:
        with managers.manager.down():  # back too early, it may be elected again
            until(lambda: managers.leader(managers.machines[1:]) in {one.name for one in managers.machines[1:]})
        assert process.poll() is None
        until(lambda: examples.call("down", "--run", examples.run, where="live").returncode == 0)
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err + out
    assert "web.record  cancelled" in out
    assert examples.left() == {}
