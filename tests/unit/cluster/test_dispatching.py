"""Units from their start to their end: what agents, nodes and signals can do to them."""

import threading
from pathlib import Path

import pytest

from fastflow.cluster.cluster import Unit
from fastflow.cluster.dispatching import Patience
from fastflow.cluster.ending import remove_ended
from fastflow.model.compose_keys import LABEL
from fastflow.record.events import Note
from tests.fakes.cluster import FakeCluster, Script
from tests.waiting import until

from .agents import QUICK, RUN, Stage, changed, ended, result, said

PASSES = said(changed("a.test", "starting"), changed("a.test", "passed"), ended(result("a.test", "passed")))


def passing(phase: str) -> Script:
    lines = said(changed(phase, "starting"), changed(phase, "passed"), ended(result(phase, "passed")))
    return Script(lines, exit_code=0)


def test_a_unit_runs_and_tells_what_happens(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {"a.test": passing("a.test")})
    stage.dispatcher().execute()
    assert stage.states("a.test") == ["starting", "passed"]
    assert stage.result("a.test").state == "passed"
    assert stage.result("a.test").host == "farm/node1"


def test_units_wait_at_the_dispatcher_for_their_turn(tmp_path: Path) -> None:
    scripts = {f"w{number}.test": passing(f"w{number}.test") for number in range(5)}
    stage = Stage(tmp_path, scripts)
    most = 0
    start = stage.cluster.start

    def counted(unit: str) -> None:
        nonlocal most
        start(unit)
        most = max(most, sum(not watch.is_over for watch in stage.watches.values() if watch.reader.seen))

    stage.cluster.start = counted  # type: ignore[method-assign]
    stage.dispatcher(limit=2).execute()
    assert len(stage.cluster.started) == 5
    assert most <= 2
    assert {stage.result(phase).state for phase in scripts} == {"passed"}


def test_a_log_that_stops_is_followed_again_and_nothing_is_told_twice(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {"a.test": Script(said(changed("a.test", "starting")))})
    unit = stage.watches["a.test"].id
    follow, again = stage.cluster.follow, threading.Event()

    def broken_once(one: str, on_line: object) -> object:
        stream = follow(one, on_line)  # type: ignore[arg-type]
        if not again.is_set():
            again.set()
            stage.cluster.break_streams(one)
            for line in PASSES[2:]:
                stage.cluster.print(one, line)
        return stream

    stage.cluster.follow = broken_once  # type: ignore[method-assign, assignment]
    stage.dispatcher().execute()
    assert stage.states("a.test") == ["starting", "passed"]
    assert stage.watches["a.test"].id == unit


def test_an_end_that_the_stream_did_not_bring_is_read_from_the_log(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {"a.test": Script(PASSES, exit_code=0)})
    follow = stage.cluster.follow
    stage.cluster.follow = lambda unit, on_line: follow(unit, lambda _: None)  # type: ignore[method-assign]
    stage.dispatcher().execute()
    assert stage.result("a.test").state == "passed"


def test_an_agent_that_dies_fails_its_phases_with_its_last_words(tmp_path: Path) -> None:
    lines = (*said(changed("a.test", "starting")), "Traceback (most recent call last):", "MemoryError")
    stage = Stage(tmp_path, {"a.test": Script(lines, exit_code=137), "b.test": passing("b.test")})
    stage.dispatcher().execute()
    failed = stage.result("a.test")
    assert failed.state == "failed"
    assert "exit code 137 on node node1" in (failed.reason or "")
    assert "MemoryError" in (failed.reason or "")
    assert stage.result("b.test").state == "passed"


def test_an_image_that_no_node_has_says_what_to_do(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {"a.test": Script()})

    def rejected(unit: str) -> None:
        stage.cluster.end(unit, 0, "No such image: fastflow-agent:0")

    stage.cluster.start = rejected  # type: ignore[method-assign]
    stage.dispatcher().execute()
    assert "No such image" in (stage.result("a.test").reason or "")
    assert "fastflow agent build" in (stage.result("a.test").hint or "")


def test_an_agent_of_another_version_is_stopped(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {"a.test": Script(said(changed("a.test", "starting"), version="0.0.1"))})
    stage.dispatcher().execute()
    assert "its agent is fastflow 0.0.1" in (stage.result("a.test").reason or "")
    assert stage.states("a.test") == ["failed"]
    (unit,) = stage.cluster.units({})
    assert unit.is_cancelled


def test_a_lost_node_fails_its_phases_and_its_unit_starts_nowhere_else(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {"a.test": Script(said(changed("a.test", "starting")))})
    start = stage.cluster.start

    def lost(unit: str) -> None:
        start(unit)
        stage.cluster.lose(unit)

    stage.cluster.start = lost  # type: ignore[method-assign]
    stage.dispatcher().execute()
    assert stage.result("a.test").state == "failed"
    assert "node node1 was lost (infrastructure)" in (stage.result("a.test").reason or "")
    (unit,) = stage.cluster.units({})
    assert (unit.state, unit.is_cancelled) == ("running", True)  # it is stopped when its node is back
    assert stage.cluster.started == ["fastflow-a.test"]
    assert remove_ended(stage.cluster, RUN) == [unit]


def test_a_node_that_comes_back_goes_on(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {"a.test": Script(said(changed("a.test", "starting")))})
    ask, looks = stage.cluster.units, iter(range(100))

    def back_after_three_looks(labels: dict[str, str]) -> tuple[Unit, ...]:
        unit, look = stage.watches["a.test"].id, next(looks)
        stage.cluster.lose(unit, is_lost=look < 3)
        if look == 3:
            for line in PASSES[2:]:
                stage.cluster.print(unit, line)
        return ask(labels)

    stage.cluster.units = back_after_three_looks  # type: ignore[method-assign, assignment]
    stage.dispatcher(patience=Patience(poll=0.01, silence=0.02, settling=0.0, lost=60.0)).execute()
    assert stage.result("a.test").state == "passed"
    assert any(isinstance(event, Note) and "does not answer" in event.message for event in stage.events)


def test_a_manager_that_does_not_answer_for_a_while_ends_nothing(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {"a.test": Script(said(changed("a.test", "starting")))})
    running = threading.Thread(target=stage.dispatcher().execute)
    running.start()
    until(lambda: stage.states("a.test") == ["starting"])
    stage.cluster.is_down = True
    until(lambda: any(isinstance(event, Note) for event in stage.events))
    stage.cluster.is_down = False
    until(lambda: sum(isinstance(event, Note) for event in stage.events) == 2)
    for line in PASSES[2:]:
        stage.cluster.print(stage.watches["a.test"].id, line)
    running.join()
    assert stage.result("a.test").state == "passed"


def test_a_signal_stops_what_runs_and_starts_nothing_more(tmp_path: Path) -> None:
    begun = said(changed("a.test", "starting"))
    reason = "interrupted by SIGTERM, while running"
    last = said(changed("a.test", "starting"), changed("a.test", "cancelled", reason), ended(code=143))[2:]
    stage = Stage(tmp_path, {"a.test": Script(begun, last=last), "b.test": passing("b.test")})
    running = threading.Thread(target=stage.dispatcher(limit=1).execute)
    running.start()
    until(lambda: stage.states("a.test") == ["starting"])
    stage.cancellation.set("interrupted by SIGINT", 130)
    running.join()
    assert stage.result("a.test").state == "cancelled"
    assert stage.result("b.test").reason == "interrupted by SIGINT, while waiting"
    assert stage.cluster.started == ["fastflow-a.test"]


def test_units_that_no_node_takes_are_reported_once_and_cancelled_as_what_they_are(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {"a.test": Script(), "b.test": Script()}, FakeCluster(nodes=()))
    running = threading.Thread(target=stage.dispatcher().execute)
    running.start()
    until(lambda: bool(stage.events))
    stage.cluster.cancel(stage.watches["a.test"].id)
    running.join()
    notes = [event.message for event in stage.events if isinstance(event, Note)]
    assert notes == ["units without a node yet: 2; the cluster says: no suitable node"]
    assert [stage.result(phase).state for phase in stage.scripts] == ["cancelled", "cancelled"]
    assert {stage.result(phase).reason for phase in stage.scripts} == {"interrupted by SIGTERM, while waiting"}
    assert stage.cancellation.by_signal == 130


def test_a_run_whose_units_are_removed_before_their_last_word_was_interrupted(tmp_path: Path) -> None:
    begun = said(changed("a.test", "starting"), changed("a.test", "cancelled", "interrupted by SIGTERM, while running"))
    stage = Stage(tmp_path, {"a.test": Script(begun)})
    running = threading.Thread(target=stage.dispatcher(patience=Patience(poll=0.01)).execute)
    running.start()
    until(lambda: stage.states("a.test") == ["starting", "cancelled"])
    stage.cluster.remove([stage.watches["a.test"].id])
    running.join()
    assert stage.cancellation.by_signal == 130


def test_a_unit_that_does_not_end_is_given_up_in_time(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {"a.test": Script(said(changed("a.test", "starting")))})
    stage.cluster.cancel = lambda unit: None  # type: ignore[method-assign]
    running = threading.Thread(target=stage.dispatcher(patience=Patience(poll=0.01, cancelling=0.05)).execute)
    running.start()
    until(lambda: stage.states("a.test") == ["starting"])
    stage.cancellation.set("interrupted by SIGINT", 130)
    running.join()
    assert "may still be ending it on node1" in (stage.result("a.test").reason or "")


def test_fail_fast_stops_the_other_units(tmp_path: Path) -> None:
    bad = Script(said(changed("a.test", "vulnerable"), ended(result("a.test", "vulnerable"), code=1)), exit_code=1)
    last = said(changed("b.test", "cancelled", "interrupted by SIGTERM"), ended(code=143))[1:]
    stage = Stage(tmp_path, {"b.test": Script(said(), last=last), "a.test": bad})
    stage.dispatcher(fail_fast=True, patience=QUICK).execute()
    assert stage.cancellation.reason == "a.test vulnerable (--fail-fast)"
    assert stage.result("b.test").state == "cancelled"


@pytest.mark.parametrize("state", ["created", "ended"])
def test_what_is_over_is_removed_with_all_that_its_run_claimed(tmp_path: Path, state: str) -> None:
    stage = Stage(tmp_path, {"a.test": passing("a.test")}, FakeCluster())
    stage.cluster.claim("name", {f"{LABEL}.run": RUN})
    others = stage.cluster.claim("other", {f"{LABEL}.run": "r2"})
    if state == "ended":
        stage.dispatcher().execute()
    assert remove_ended(stage.cluster, RUN) == []
    assert stage.cluster.units({}) == ()
    assert stage.cluster.claims({}) == (others,)


@pytest.mark.parametrize(
    ("is_cancelled", "state", "reason"),
    [
        (True, "cancelled", "interrupted by SIGTERM, while running"),
        (False, "failed", "node node1 was drained, cut off or shut down (infrastructure)"),
    ],
)
def test_who_told_an_agent_to_stop_decides_what_that_means(
    tmp_path: Path, is_cancelled: bool, state: str, reason: str
) -> None:
    last = said(
        changed("a.test", "starting"),
        changed("a.test", "cancelled", "interrupted by SIGTERM, while running"),
        ended(result("a.test", "cancelled", reason="interrupted by SIGTERM, while running"), code=143),
    )
    stage = Stage(tmp_path, {"a.test": Script(last[:2], last=last[2:])})
    running = threading.Thread(target=stage.dispatcher().execute)
    running.start()
    until(lambda: stage.states("a.test") == ["starting"])
    unit = stage.watches["a.test"].id
    if is_cancelled:
        stage.cluster.cancel(unit)
    else:
        for line in last[2:]:
            stage.cluster.print(unit, line)
    running.join()
    assert (stage.result("a.test").state, stage.result("a.test").reason) == (state, reason)
    assert stage.cancellation.by_signal == (130 if is_cancelled else None)
