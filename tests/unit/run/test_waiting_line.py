"""`--wait-lease`: runs that wait for a lease take it in the order in which they came, and leave no mark behind."""

import random
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fastflow.errors import BuildIdInUseError
from fastflow.model.compose_keys import LABEL
from fastflow.run import waiting_line
from fastflow.run.engine import Lease
from fastflow.run.lease import LeaseKey
from fastflow.run.observer import Cancellation
from fastflow.run.waiting_line import WAITS_FOR, Announcer, LeaseRequest, Patience
from tests.unit.run.leases import held_by, key
from tests.unit.run.stage import Stage

FOREVER = 1e9


class Waiter:
    """Another run in the line on a stage's engine, as its process would be."""

    def __init__(self, stage: Stage, run: str, *keys: LeaseKey) -> None:
        labels = {f"{LABEL}.run": run, f"{LABEL}.host": f"host-of-{run}"}
        self.notes: list[str] = []
        self.request = LeaseRequest(stage.engine, keys or (key(),), "app:1", labels, self.notes.append)
        self.line = waiting_line._Line(self.request)
        self.line._join()

    def obstacle(self) -> str:
        found = self.line.obstacles()
        return found[0].error.message if found else ""

    @property
    def ticket(self) -> Lease:
        assert self.line._lease is not None
        return self.line._lease


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path)
    made.settings = replace(made.settings, wait_lease=FOREVER)
    return made


def test_a_run_waits_says_for_whom_and_goes_on_when_it_is_its_turn(stage: Stage) -> None:
    holder = held_by(stage, key())
    with stage.running() as work:
        until_told(stage, "waiting at place 1 in line: BUILD_ID web1 is in use on this engine by run r0")
        assert stage.calls("up") == []
        stage.engine.remove_containers([holder.id])
        result = work.join()
    assert [phase.state for phase in result.phases] == ["passed", "passed"]
    assert not stage.engine.world.boxes


def until_told(stage: Stage, text: str) -> None:
    with stage._changed:
        assert stage._changed.wait_for(lambda: any(note.startswith(text) for note in stage.notes), 10), stage.notes


def test_who_came_first_is_served_first_and_others_see_their_place(stage: Stage) -> None:
    holder = held_by(stage, key())
    first, second, third = (Waiter(stage, run) for run in ("r2", "r3", "r4"))
    for waiter, place in ((first, 1), (second, 2), (third, 3)):
        assert "is in use on this engine by run r0" in waiter.obstacle()
        assert waiter.line.place == place
    stage.engine.remove_containers([holder.id])
    assert first.obstacle() == ""
    assert (
        second.obstacle()
        == third.obstacle()
        == ("run r2 (started on host-of-r2) waits in line for BUILD_ID web1 before this one")
    )
    with pytest.raises(BuildIdInUseError, match=r"run r2 .* waits in line for BUILD_ID web1"):
        Waiter(stage, "r9").request.take()  # who does not wait does not overtake either
    first.line._leave()
    assert second.obstacle() == ""
    stage.engine.end(second.ticket.container_id, 137)
    assert third.obstacle() == "", "a process that died keeps nobody waiting"


def test_only_those_that_want_the_same_wait_for_one_another(stage: Stage) -> None:
    Waiter(stage, "r2", key("a"), key("b"))
    assert Waiter(stage, "r3", key("c")).obstacle() == ""
    assert "run r2" in Waiter(stage, "r4", key("b"), key("c")).obstacle()
    assert "run r2" in Waiter(stage, "r5", key(None)).obstacle(), "a node without BUILD_ID wants the whole token"
    other = LeaseKey("0" * 16, "b")
    assert Waiter(stage, "r6", other).obstacle() == ""


def test_a_number_that_is_free_again_is_not_given_to_a_later_run(stage: Stage) -> None:
    first, second = Waiter(stage, "r2"), Waiter(stage, "r3")
    first.line._leave()
    third = Waiter(stage, "r4")
    assert (second.line.number, third.line.number) == (2, 3)
    assert second.obstacle() == ""
    assert "run r3" in third.obstacle()


def test_of_two_that_join_at_once_each_has_its_own_number(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    real = stage.engine.hold
    racing: list[Waiter] = []

    def hold(name: str, image: str, labels: Any) -> Any:
        if not racing and WAITS_FOR in labels:
            monkeypatch.setattr(stage.engine, "hold", real)
            racing.append(Waiter(stage, "r3"))
        return real(name, image, labels)

    monkeypatch.setattr(stage.engine, "hold", hold)
    late = Waiter(stage, "r2")
    assert (racing[0].line.number, late.line.number) == (1, 2)


def test_a_ticket_that_never_runs_is_of_a_dead_process(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Waiter(stage, "r2"), Waiter(stage, "r3")
    box = stage.engine.box(first.ticket.container_id)
    box.container = replace(box.container, status="created")
    assert "run r2" in second.obstacle(), "it may be about to run"
    assert Waiter(stage, "r9", key("other")).request.take() != ()
    monkeypatch.setattr(waiting_line, "_START_GRACE", 0.0)
    assert second.obstacle() == ""
    assert box.container.id not in stage.engine.world.boxes


def test_who_loses_its_ticket_joins_again_at_the_end(stage: Stage) -> None:
    first, second = Waiter(stage, "r2"), Waiter(stage, "r3")
    stage.engine.remove_containers([first.ticket.container_id])
    assert "run r3" in first.obstacle()
    assert second.obstacle() == ""


@pytest.mark.parametrize("is_held", [True, False])
def test_after_its_time_a_run_ends_with_4_and_leaves_the_line(stage: Stage, is_held: bool) -> None:
    before = held_by(stage, key()).id if is_held else Waiter(stage, "r2").ticket.container_id
    stage.settings = replace(stage.settings, wait_lease=0.0)
    with pytest.raises(BuildIdInUseError, match="the time limit of --wait-lease has passed") as caught:
        stage.run()
    assert caught.value.exit_code == 4
    assert list(stage.engine.world.boxes) == [before]
    assert {phase["state"] for phase in stage.result_json()["phases"]} == {"cancelled"}


def test_a_run_that_is_stopped_while_it_waits_leaves_the_line(stage: Stage) -> None:
    holder = held_by(stage, key())
    with stage.running() as work:
        until_told(stage, "waiting at place 1")
        stage.cancellation.set("interrupted by SIGTERM", 143)
        result = work.join()
    assert (result.exit_code, {phase.state for phase in result.phases}) == (143, {"cancelled"})
    assert list(stage.engine.world.boxes) == [holder.id]


def test_a_run_says_so_every_15_seconds_and_at_each_change(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: seconds[0])
    held_by(stage, key())
    first, second = Waiter(stage, "r2"), Waiter(stage, "r3")
    announcer = Announcer(second.notes.append)

    def look() -> None:
        obstacle = second.line.obstacles()[0].error
        announcer.announce(obstacle, second.line.place)

    for at in (0.0, 1.0, 14.9, 15.0, 16.0):
        seconds[0] = at
        look()
    first.line._leave()
    look()
    places = [re.match(r"waiting at place (\d) in line: BUILD_ID web1 is in use", note) for note in second.notes]
    assert [place and place[1] for place in places] == ["2", "2", "1"]


def test_engines_are_waited_for_in_one_order_whatever_specs_call_them(tmp_path: Path) -> None:
    orders: list[list[str]] = []
    for one, two in (("one", "two"), ("two", "one")):
        text = f"""
hosts: {{ one: {{ context: one }}, two: {{ context: two }} }}
workflows:
  a: {{ host: {one}, build_id: x1, nodes: {{ record: {{ mode: recording, inactivity_timeout: 9 }} }} }}
  b: {{ host: {two}, build_id: x2, nodes: {{ record: {{ mode: recording, inactivity_timeout: 9 }} }} }}
"""
        stage = Stage(tmp_path / one, text)
        stage.directory.mkdir()
        stage.settings = replace(stage.settings, wait_lease=FOREVER)
        engines = {name: Stage(tmp_path, text).engine for name in ("one", "two")}
        stage.engines = engines
        asked: list[str] = []
        for name, engine in engines.items():
            engine.identity = lambda name=name: name  # type: ignore[method-assign, misc]  # as another machine's
            engine.hold = noting(engine.hold, asked, name)  # type: ignore[method-assign]  # and the order of calls
        with stage.running():
            stage.until("a.record", "starting")
        orders.append(asked)
    assert orders == [["one", "two"], ["one", "two"]]


def noting(hold: Callable[..., Any], asked: list[str], name: str) -> Callable[..., Any]:
    def held(*arguments: Any) -> Any:
        asked.append(name)
        return hold(*arguments)

    return held


def test_nothing_is_taken_once_a_run_is_cancelled(stage: Stage) -> None:
    held_by(stage, key())
    cancelled = Cancellation()
    cancelled.set("over")
    waiter = Waiter(stage, "r2")
    waiter.line._leave()
    assert waiter.request.wait(cancelled, Patience(FOREVER)) == ()
    assert len(stage.engine.world.boxes) == 1


def test_a_hundred_runs_in_line_are_all_served_in_the_order_in_which_they_came(stage: Stage) -> None:
    """Whoever looks when: after each end the next has its turn, and nobody else; some leave before that."""
    choice = random.Random(15)
    holder = held_by(stage, key()).id
    line = [Waiter(stage, f"r{number + 1}", key(choice.choice(("web1", None)))) for number in range(100)]
    served, expected = [], []
    while line:
        if choice.random() < 0.1:
            line.pop(choice.randrange(len(line))).line._leave()
            continue
        assert all(one.obstacle() != "" for one in choice.sample(line, min(3, len(line))))
        stage.engine.remove_containers([holder])
        turn = [one for one in choice.sample(line, min(5, len(line))) if one.obstacle() == ""]
        assert turn in ([], line[:1])
        first = line.pop(0)
        expected.append(first.request.run)
        assert first.obstacle() == ""
        (lease,) = first.request._take()
        first.line._leave()
        served.append(stage.engine.box(lease.container_id).container.labels[f"{LABEL}.run"])
        holder = lease.container_id
    assert served == expected
    assert len(served) > 80
