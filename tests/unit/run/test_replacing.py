"""`concurrency: { cancel_in_progress: true }`: a run takes the place of another one, if that agrees; one remains."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from fastflow.errors import BuildIdInUseError, EngineError
from fastflow.masking import Masker
from fastflow.model.compose_keys import LABEL
from fastflow.record.folder import RunFolder
from fastflow.record.place import RunsDir
from fastflow.run.holding import patience_of
from fastflow.run.interrupting import Interrupter
from fastflow.run.lease import CANCELLABLE, REPLACE, LeaseKey
from fastflow.run.observer import Cancellation, Observer
from fastflow.run.waiting_line import WAITS_FOR, LeaseRequest, Patience
from tests.fakes.containers import Script
from tests.fakes.engine import FakeEngine
from tests.unit.run.leases import held_by, key
from tests.unit.run.stage import SENDS, SERVES, Stage
from tests.waiting import PATIENCE, until

FOREVER = 1e9


def stage_of(directory: Path, run: str, engine: FakeEngine | None = None, wait: float | None = None) -> Stage:
    """A run that cancels others, on an engine of its own or of another stage."""
    directory.mkdir()
    stage = Stage(directory)
    stage.engine = engine or stage.engine
    stage.settings = replace(
        stage.settings, run=run, spec=f"{directory}/fastflow.yml", cancel_in_progress=True, wait_lease=wait
    )
    return stage


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return stage_of(tmp_path / "new", "r2")


@contextmanager
def older(stage: Stage, directory: Path, **settings: object) -> Iterator[list[int]]:
    """A run that goes on, on the engine of a stage; in the end its exit code is in the list."""
    first, codes = stage_of(directory, "r1", stage.engine), list[int]()
    first.settings = replace(first.settings, **settings)  # type: ignore[arg-type]
    stage.engine.scripts["tests"] = SERVES
    with first.running() as work:
        until(lambda: any(box.container.service == "tests" for box in list(stage.engine.world.boxes.values())))
        stage.engine.scripts["tests"] = SENDS
        yield codes
        result = work.join() if stage.calls("signal") else None
        if result is not None:
            codes.append(result.exit_code)
            reasons = {phase.id: phase.reason for phase in result.phases}
            assert reasons["web.record"] == "cancelled by a newer run (cancel_in_progress), while running"


@pytest.mark.parametrize("wait", [None, FOREVER])
def test_a_run_that_agrees_is_cancelled_and_its_place_taken(stage: Stage, tmp_path: Path, wait: float | None) -> None:
    stage.settings = replace(stage.settings, wait_lease=wait)
    with older(stage, tmp_path / "old") as codes:
        result = stage.run()
    assert (codes, result.exit_code) == ([130], 0)
    said = [note for note in stage.notes if note.startswith("cancelling ")]
    assert len(said) == 1
    assert said[0].startswith("cancelling run r1 (started on ")
    assert said[0].endswith(f" of {tmp_path}/old/fastflow.yml, to take its place (cancel_in_progress)")
    assert not stage.engine.world.boxes


def test_in_a_shared_place_a_run_of_the_same_checkout_is_cancelled_unasked_and_no_other(
    stage: Stage, tmp_path: Path
) -> None:
    place = RunsDir(tmp_path / "runs")
    new = RunFolder(tmp_path / "new", "r2", Masker(), place)
    RunFolder(tmp_path / "new", "r1", Masker(), place).close()
    patience = patience_of(stage.settings, new)
    assert patience is not None
    labels = {"io.fastflow.run": "r1", "io.fastflow.spec": stage.settings.spec}
    assert patience.cancels(labels)
    (tmp_path / "new").rename(tmp_path / "container")
    (tmp_path / "new").mkdir()  # as another job in a container has it: under the same path
    assert not patience.cancels(labels)
    new.close()


def test_a_run_that_does_not_agree_is_left_alone(stage: Stage, tmp_path: Path) -> None:
    with older(stage, tmp_path / "old", cancel_in_progress=False):
        with pytest.raises(
            BuildIdInUseError, match=r"in use on this engine by run r1 .*; it is not cancelled, because "
        ) as caught:
            stage.run()
        assert stage.calls("signal") == []
        stage.settings = replace(stage.settings, wait_lease=0.0)
        stage.directory = tmp_path / "again"
        with pytest.raises(BuildIdInUseError, match="the time limit of --wait-lease has passed"):
            stage.run()
    assert caught.value.exit_code == 4
    assert stage.calls("signal") == []


@pytest.mark.parametrize("is_here", [True, False])
def test_a_run_of_the_same_file_needs_not_agree_if_its_folder_is_here(stage: Stage, is_here: bool) -> None:
    holder = held_by(stage, key(), "r0")
    box = stage.engine.box(holder.id)
    labels = {**box.container.labels, f"{LABEL}.spec": stage.settings.spec}
    box.container = replace(box.container, labels=labels)
    if is_here:
        (stage.directory / ".fastflow" / "runs" / "r0").mkdir(parents=True)
    stage.settings = replace(stage.settings, wait_lease=0.0)
    with pytest.raises(BuildIdInUseError):
        stage.run()
    assert bool(stage.calls("signal")) == is_here


def test_a_run_that_does_not_end_is_not_replaced(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    holder = held_by(stage, key(), "r1")
    box = stage.engine.box(holder.id)
    box.container = replace(box.container, labels={**box.container.labels, CANCELLABLE: "true"})
    monkeypatch.setattr("fastflow.run.holding.TIMEOUT", 0.0)
    with pytest.raises(BuildIdInUseError, match="the time limit of cancel_in_progress has passed") as caught:
        stage.run()
    assert caught.value.exit_code == 4
    assert list(stage.engine.world.boxes) == [holder.id]


def test_a_run_without_the_field_cancels_nobody(stage: Stage, tmp_path: Path) -> None:
    stage.settings = replace(stage.settings, cancel_in_progress=False, wait_lease=0.0)
    with older(stage, tmp_path / "old"), pytest.raises(BuildIdInUseError):
        stage.run()
    assert stage.calls("signal") == []


def test_a_run_is_told_again_after_a_while_by_a_lease_that_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, seconds = FakeEngine(), [0.0]
    monkeypatch.setattr("time.monotonic", lambda: seconds[0])
    ids = [engine.world.create(name, {}, "app:1", Script()).container.id for name in ("gone", "there")]
    real = engine.signal

    def signal(container_id: str, name: str) -> None:
        if container_id == ids[0]:
            raise EngineError("no such container")
        real(container_id, name)

    monkeypatch.setattr(engine, "signal", signal)
    interrupter = Interrupter(REPLACE)
    told = []
    for at in (0.0, 1.9, 2.0, 2.1):
        seconds[0] = at
        told.append(interrupter.interrupt("r1", [(engine, one) for one in ids]))
    assert told == [True, False, False, False]
    assert [call for call in engine.calls if call.startswith("signal")] == ["signal there USR2"] * 2


@dataclass
class Contender:
    """A run that wants a lease and cancels whoever is in its way, in a thread of its own; it holds it to its end."""

    engine: FakeEngine
    run: str
    held: list[str]
    cancellation: Cancellation = field(default_factory=Cancellation)

    def start(self) -> None:
        self.observer = Observer(self.engine, self.cancellation, self.run)
        self.observer.start()
        self.thread = threading.Thread(target=self._live, daemon=True)
        self.thread.start()

    def _live(self) -> None:
        labels = {f"{LABEL}.run": self.run, CANCELLABLE: "true"}
        request = LeaseRequest(self.engine, (key("a"), key("b")), "app:1", labels, lambda _: None)
        patience = Patience(FOREVER, waits=False, cancels=lambda labels: labels.get(CANCELLABLE) == "true")
        try:
            leases = request.take()
        except BuildIdInUseError:
            leases = request.wait(self.cancellation, patience)
        if leases:
            self.held.append(self.run)
            with self.cancellation.changed:
                self.cancellation.changed.wait_for(lambda: self.cancellation.is_set)
            self.held.remove(self.run)
        for lease in leases:
            lease.release()

    @property
    def is_over(self) -> bool:
        return not self.thread.is_alive()


def test_of_many_that_take_one_place_at_once_one_remains() -> None:
    engine, held = FakeEngine(), list[str]()
    contenders = [Contender(engine, f"r{number}", held) for number in range(12)]
    for one in contenders:
        one.start()
    until(lambda: sum(one.is_over for one in contenders) == len(contenders) - 1 and bool(held))
    (last,) = [one for one in contenders if not one.is_over]
    assert held == [last.run]
    assert not last.cancellation.is_set
    assert not any(WAITS_FOR in box.container.labels for box in engine.world.boxes.values())
    last.cancellation.set("over")
    last.thread.join(PATIENCE)
    assert not engine.world.boxes


def test_whoever_waits_in_line_gives_its_place_to_a_newer_run() -> None:
    engine, held = FakeEngine(), list[str]()
    stranger = engine.hold(key("a").name, "app:1", {**key("a").labels, f"{LABEL}.run": "r0"})
    assert stranger is not None

    def waiting(run: str) -> tuple[LeaseRequest, Cancellation, threading.Thread]:
        cancellation = Cancellation()
        Observer(engine, cancellation, run).start()
        request = LeaseRequest(engine, (key("a"),), "app:1", {f"{LABEL}.run": run, CANCELLABLE: "true"}, lambda _: None)
        patience = Patience(FOREVER, waits=True, cancels=lambda labels: labels.get(CANCELLABLE) == "true")
        thread = threading.Thread(target=lambda: held.extend(run for _ in request.wait(cancellation, patience)))
        thread.start()
        until(lambda: any(box.container.labels.get(f"{LABEL}.run") == run for box in list(engine.world.boxes.values())))
        return request, cancellation, thread

    _, first, waits = waiting("r1")
    _, second, goes_on = waiting("r2")
    waits.join(PATIENCE)
    assert (first.reason, second.reason) == ("cancelled by a newer run (cancel_in_progress)", None)
    stranger.release()
    goes_on.join(PATIENCE)
    assert held == ["r2"]


def test_a_lease_of_another_token_is_not_in_the_way() -> None:
    engine = FakeEngine()
    other = LeaseKey("0" * 16, "a")
    engine.hold(other.name, "app:1", {**other.labels, f"{LABEL}.run": "r0", CANCELLABLE: "true"})
    request = LeaseRequest(engine, (key("a"),), "app:1", {f"{LABEL}.run": "r1"}, lambda _: None)
    assert len(request.wait(Cancellation(), Patience(FOREVER, waits=False, cancels=lambda _: True))) == 1
    assert not [call for call in engine.calls if call.startswith("signal")]
