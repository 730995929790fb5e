from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastflow.record.events import Event, RunEnded, RunStarted
from fastflow.record.history import History, read_history
from fastflow.record.result import State
from fastflow.report.html.timeline import Timeline, timeline_of

from ..run_archives import write_run
from .archives import change, time

Steps: TypeAlias = Sequence[tuple[float, State]]
STATES: tuple[State, ...] = ("starting", "ready", "running", "stopping", "passed", "failed")


def drawn(*events: Event) -> Timeline:
    return timeline_of(History(events))


def test_bars_tell_waiting_starting_work_and_stopping_in_order() -> None:
    run = RunStarted(phases=("web.record", "web.test"), time=time(0))
    steps: Steps = [(10, "starting"), (20, "ready"), (20, "running"), (70, "stopping"), (80, "passed")]
    end = RunEnded(0, time=time(100))
    line = drawn(run, *(change(at, "web.record", state) for at, state in steps), end)
    track = line.track("web.record")
    assert [(bar.kind, bar.start, bar.width) for bar in track.bars] == [
        ("waiting", 0, 10),
        ("starting", 10, 10),
        ("recording", 20, 50),
        ("stopping", 70, 10),
    ]
    assert track.ready == 20
    assert track.said == "waiting 10.0 s, starting 10.0 s, recording 50.0 s, stopping 10.0 s"
    assert [(bar.kind, bar.width) for bar in line.track("web.test").bars] == [("waiting", 100)]


def test_work_is_named_after_the_mode() -> None:
    for mode, kind in (("recording", "recording"), ("testing", "testing"), ("report", "reporting")):
        events = [change(0, "web.x", "running", mode), change(5, "web.x", "passed", mode)]
        assert [bar.kind for bar in drawn(*events).track("web.x").bars] == [kind]


def test_a_phase_that_was_cut_short_goes_to_the_last_thing_known() -> None:
    events = [
        change(0, "a.test", "running", "testing"),
        change(50, "b.test", "starting"),
        change(100, "b.test", "failed"),
    ]
    (bar,) = drawn(*events).track("a.test").bars
    assert (bar.start, bar.width) == (0, 100)


def test_a_second_attempt_shows_after_the_first() -> None:
    steps: Steps = [(0, "starting"), (10, "running"), (20, "starting"), (30, "running"), (40, "passed")]
    track = drawn(*[change(at, "a.test", state, "testing") for at, state in steps]).track("a.test")
    assert [bar.kind for bar in track.bars] == ["starting", "testing"] * 2


def test_what_took_no_time_to_speak_of_is_seen_and_stays_within_the_line() -> None:
    steps: Steps = [(0, "starting"), (99.99, "running"), (100, "passed")]
    *_, last = drawn(*[change(at, "a.test", state, "testing") for at, state in steps]).track("a.test").bars
    assert last.width > 0.3
    assert last.start + last.width <= 100


@pytest.mark.parametrize(
    "event",
    [{}, {"time": None}, {"time": "yesterday", "type": "phase"}, {"time": time(1), "type": "phase", "state": 7}],
)
def test_events_that_cannot_be_read_are_left_out(event: dict[str, Any], tmp_path: Path) -> None:
    events = (event, change(1, "a.test", "running"), change(2, "a.test", "passed"))
    history = read_history(write_run(tmp_path, None, events=events))
    assert history is not None
    line = timeline_of(history)
    assert list(line.tracks) == ["a.test"]


def test_a_time_that_cannot_be_read_is_left_out() -> None:
    events = [replace(change(0, "a.test", "starting"), time="yesterday"), change(1, "a.test", "running")]
    assert drawn(*events, change(2, "a.test", "passed")).seconds == 1


@given(
    st.lists(st.tuples(st.floats(0, 1e6), st.sampled_from(["a.record", "b.test"]), st.sampled_from(STATES)), min_size=1)
)
def test_no_bar_leaves_the_line_whatever_happened(steps: list[tuple[float, str, State]]) -> None:
    line = drawn(*[change(at, name, state) for at, name, state in sorted(steps)])
    for track in line.tracks.values():
        assert all(bar.start >= 0 and bar.width > 0 and bar.start + bar.width < 100.01 for bar in track.bars)
    assert 0 < len(line.ticks) < 9
    assert all(0 <= tick.at <= 100 for tick in line.ticks)
