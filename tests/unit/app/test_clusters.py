"""A run on a cluster is ended: what its units said last is read before they are removed."""

import platform
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastflow.app import clusters
from fastflow.app.clusters import ClusterHost, end_run, runs_on, without_units
from fastflow.cluster.cluster import UnitOrder
from fastflow.masking import Masker
from fastflow.model.compose_keys import LABEL
from fastflow.model.host import Host
from fastflow.record.folder import RunFolder
from fastflow.record.place import RunsDir
from fastflow.run.live import LiveRun
from tests.fakes.cluster import FakeCluster, Script
from tests.waiting import until


class Ending:
    """A run with one unit on a cluster, and `fastflow down --run` of it in a thread."""

    def __init__(self, directory: Path, started_on: str) -> None:
        self.cluster = FakeCluster(scripts={"fastflow-r1u1": Script(stopped=143)})
        labels = {f"{LABEL}.run": "r1", f"{LABEL}.spec": str(directory / "fastflow.yml"), f"{LABEL}.host": started_on}
        self.unit = self.cluster.create(UnitOrder("fastflow-r1u1", labels, "agent", ()))
        self.cluster.start(self.unit)
        (run,) = runs_on([ClusterHost("farm", Host(), self.cluster)], lambda _: None)
        self.thread = threading.Thread(target=end_run, args=(run, RunsDir()), daemon=True)

    @property
    def states(self) -> list[str]:
        return [unit.state for unit in self.cluster.units({})]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[RunFolder]:
    """The folder of a run that a process on this machine watches."""
    folder = RunFolder(tmp_path, "r1", Masker())
    yield folder
    folder.close()


def test_units_stay_until_the_watch_on_this_machine_has_read_them(tmp_path: Path, watched: RunFolder) -> None:
    ending = Ending(tmp_path, platform.node())
    ending.thread.start()
    until(lambda: ending.states == ["ended"])
    ending.thread.join(0.5)
    assert ending.states == ["ended"]
    watched.close()
    ending.thread.join()
    assert ending.states == []


def test_a_run_without_a_watch_is_removed_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "_READING", 3600.0)
    ending = Ending(tmp_path, platform.node())
    ending.thread.start()
    ending.thread.join()
    assert ending.states == []


def test_a_watch_on_another_machine_removes_what_it_has_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "_READING", 3600.0)
    ending = Ending(tmp_path, "elsewhere")
    ending.thread.start()
    until(lambda: ending.states == ["ended"])
    ending.thread.join(0.5)
    assert ending.states == ["ended"]
    ending.cluster.remove([ending.unit])
    ending.thread.join()


def test_a_watch_on_another_machine_that_is_dead_is_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusters, "_READING", 0.1)
    ending = Ending(tmp_path, "elsewhere")
    ending.thread.start()
    ending.thread.join()
    assert ending.states == []


def test_a_unit_on_the_managers_own_engine_is_no_run_besides(tmp_path: Path) -> None:
    ending = Ending(tmp_path, platform.node())
    sent = runs_on([ClusterHost("farm", Host(), ending.cluster)], lambda _: None)
    on_engine = [LiveRun(run, ()) for run in ("r1u1", "r1u2", "r2")]
    assert [run.id for run in without_units(on_engine, sent)] == ["r1u2", "r2"]
