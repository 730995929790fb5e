"""Which phases run, which are skipped, and how many at once (docs: a run, States)."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from fastflow.plan.making import Selection
from fastflow.record.events import Event, PhaseChanged
from tests.fakes.containers import Script
from tests.fakes.engine import FakeEngine
from tests.unit.run.stage import BROKEN, FINDS, PASSES, RECORDS, SENDS, SPEC, Stage, said, settings_of, spec_of
from tests.waiting import PATIENCE


@pytest.mark.parametrize(
    ("first", "condition", "state"),
    [
        (PASSES, "completed", "passed"),
        (FINDS, "completed", "passed"),
        (BROKEN, "completed", "skipped"),
        (PASSES, "passed", "passed"),
        (FINDS, "passed", "skipped"),
        (BROKEN, "passed", "skipped"),
        (PASSES, "finished", "passed"),
        (FINDS, "finished", "passed"),
        (BROKEN, "finished", "passed"),
    ],
)
def test_a_condition_says_which_end_lets_a_dependent_run(
    tmp_path: Path, first: Script, condition: str, state: str
) -> None:
    text = spec_of(a="", b=f"depends_on: {{ a: {{ condition: {condition} }} }}")
    stage = Stage(tmp_path, text, {"fast-a": first, "fast-b": PASSES})
    phase = stage.phase("web.b")
    assert phase.state == state
    if state == "skipped":
        why = {FINDS.lines: "found vulnerabilities", BROKEN.lines: "failed"}[first.lines]
        assert phase.reason == f"web.a {why}"
        assert (phase.started, phase.log, phase.attempts) == (None, None, 0)


def test_a_skip_goes_on_and_changes_no_exit_code(tmp_path: Path) -> None:
    text = spec_of(a="", b="depends_on: [a]", c="depends_on: { b: { condition: finished } }")
    stage = Stage(tmp_path, text, {"fast-a": BROKEN, "fast-b": PASSES, "fast-c": PASSES})
    result = stage.run()
    assert [(phase.state, phase.reason) for phase in result.phases[1:]] == [
        ("skipped", "web.a failed"),
        ("skipped", "web.b was skipped"),
    ]
    assert result.exit_code == 3
    assert stage.states("web.c") == ["skipped"]


@pytest.mark.parametrize("first", [BROKEN, FINDS])
def test_what_may_fail_fails_neither_the_run_nor_its_dependents(tmp_path: Path, first: Script) -> None:
    text = spec_of(a="allow_failure: true", b="depends_on: { a: { condition: passed } }")
    result = Stage(tmp_path, text, {"fast-a": first, "fast-b": PASSES}).run()
    assert [phase.state for phase in result.phases] == ["failed" if first is BROKEN else "vulnerable", "passed"]
    assert result.exit_code == 0
    assert result.phases[0].allow_failure


def test_a_recording_that_may_fail_lends_no_record(tmp_path: Path) -> None:
    text = SPEC.replace("mode: recording,", "mode: recording, allow_failure: true,")
    result = Stage(tmp_path, text, {"tests": replace(SENDS, exit_code=1)}).run()
    assert [phase.state for phase in result.phases] == ["failed", "skipped"]
    assert result.phases[1].reason == "web.record failed, so there is no record to test"
    assert result.exit_code == 0


def test_vulnerabilities_outweigh_failures(tmp_path: Path) -> None:
    stage = Stage(tmp_path, spec_of(a="", b=""), {"fast-a": BROKEN, "fast-b": FINDS})
    assert stage.run().exit_code == 1


def test_a_phase_that_is_left_out_counts_as_passed_and_the_order_through_it_stays(tmp_path: Path) -> None:
    text = """
workflows:
  a: { nodes: { t: { mode: testing, build_id: a1, test_record_id: r1 } } }
  b: { nodes: { r: { mode: recording, build_id: b1, depends_on: [a.t] } } }
  c: { nodes: { t: { mode: testing, build_id: b1, depends_on: [b.r] } } }
"""
    stage = Stage(tmp_path, text, {"fast-t": BROKEN}, selection=Selection(only="testing"))
    stage.run()
    ended = stage.order.index(("a.t", "failed"))
    assert stage.order.index(("c.t", "starting")) > ended
    assert [phase for phase, _ in stage.order if phase == "b.r"] == []


def test_phases_start_as_soon_as_what_they_depend_on_allows(tmp_path: Path) -> None:
    text = spec_of(a="", slow="", b="depends_on: [a]")
    scripts = {"fast-a": PASSES, "fast-slow": said("fast-test", "slow"), "fast-b": PASSES}
    stage = Stage(tmp_path, text, scripts)
    with stage.running() as work:
        stage.until("web.b", "passed")
        stage.until("web.slow", "running")
        assert stage.states("web.slow") == ["starting", "running"]
        stage.engine.end(stage.container("fast-slow"), 1)
        assert work.phase("web.slow").state == "failed"


@pytest.mark.parametrize(("own", "limit"), [("max_parallel: 2", 2), ("", 5)])
def test_no_more_phases_at_once_than_allowed(tmp_path: Path, own: str, limit: int) -> None:
    names = ["a", "b", "c", "d", "e"]
    stage = Stage(tmp_path, spec_of(own, **dict.fromkeys(names, "")))
    # Each waits in its container until as many as may be have come.
    meeting = threading.Barrier(limit, timeout=PATIENCE)
    everybody = range(len(names) // limit * limit)
    arrivals = iter(everybody)

    def meet(event: Event) -> None:
        is_start = isinstance(event, PhaseChanged) and event.state == "starting"
        if is_start and next(arrivals, None) is not None:
            meeting.wait()

    stage.engine.scripts.update(dict.fromkeys((f"fast-{name}" for name in names), PASSES))
    stage.listeners = (meet,)
    assert stage.run().exit_code == 0
    most, at_once = 0, set[str]()
    for phase, state in stage.order:
        (at_once.add if state in ("starting", "running") else at_once.discard)(phase)
        most = max(most, len(at_once))
    assert most == limit


def test_phases_of_workflows_that_are_up_come_first(tmp_path: Path) -> None:
    text = "max_parallel: 1\nworkflows:\n" + "".join(
        f"  {name}: {{ build_id: {name}1, nodes: {{ r: {{ mode: recording, inactivity_timeout: 9 }}, "
        "t: { mode: testing } } }\n"
        for name in ("one", "two")
    )
    stage = Stage(tmp_path, text, {"fast-t": PASSES})
    ends = replace(RECORDS, on_start=lambda found: stage.engine.end(found.id, 0))
    stage.engine.scripts["fast-r"] = ends
    stage.run()
    begun = [phase for phase, state in stage.order if state == "starting"]
    assert begun == ["one.r", "one.t", "two.r", "two.t"]


def test_a_host_has_its_own_limit(tmp_path: Path) -> None:
    text = """
hosts: { far: { context: far, max_parallel: 1 }, near: { context: near } }
workflows:
  a: { host: far, nodes: { t: { mode: testing, build_id: a1, test_record_id: r1 } } }
  b: { host: far, nodes: { t: { mode: testing, build_id: b1, test_record_id: r1 } } }
  c: { host: near, nodes: { t: { mode: testing, build_id: c1, test_record_id: r1 } } }
"""
    runs = said("fast-test", "working")
    engines = {name: FakeEngine({"fast-t": runs}) for name in ("far", "near")}
    stage = Stage(tmp_path, text, settings=settings_of(host_limits={"far": 1}), engines=engines)
    with stage.running() as work:
        stage.until("a.t", "running")
        stage.until("c.t", "running")
        assert stage.states("b.t") == []
        stage.engine = engines["far"]
        stage.engine.end(stage.container("fast-t"), 1)
        stage.until("b.t", "running")
        stage.cancellation.set("enough")
        assert {phase.host for phase in work.join().phases} == {"far", "near"}


def test_fail_fast_cancels_what_runs_and_what_waits(tmp_path: Path) -> None:
    text = spec_of(a="", slow="", b="depends_on: [slow]")
    scripts = {"fast-a": said("fast-test", "soon"), "fast-slow": said("fast-test", "slow")}
    stage = Stage(tmp_path, text, scripts, settings_of(fail_fast=True))
    with stage.running() as work:
        stage.until("web.a", "running")
        stage.until("web.slow", "running")
        stage.engine.end(stage.container("fast-a"), 1)
        result = work.join()
    assert [(phase.state, phase.reason) for phase in result.phases[1:]] == [
        ("cancelled", "web.a failed (--fail-fast), while running"),
        ("cancelled", "web.a failed (--fail-fast), while waiting"),
    ]
    assert result.exit_code == 3
