"""What ends a run before its time: timeouts, signals, engines that hang."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from fastflow.run.lease import own_key
from tests.fakes.containers import Script
from tests.unit.run.stage import FINDS, PASSES, SENDS, SPEC, Stage, said, settings_of, spec_of
from tests.waiting import until


def test_a_workflow_has_its_time_from_its_first_phase_on(tmp_path: Path) -> None:
    text = spec_of(a="", b="depends_on: { a: { condition: finished } }").replace(
        "    nodes:", "    timeout: 1\n    nodes:"
    )
    stage = Stage(tmp_path, text, {"fast-a": said("fast-test", "slow"), "fast-b": PASSES})
    phases = stage.phases()
    assert phases["web.a"].reason == "the phase did not end within 1 s, the timeout of its workflow, while running"
    assert phases["web.b"].reason == "the phase did not end within 1 s, the timeout of its workflow, while starting"
    assert not [call for call in stage.calls("start") if "fast-b" in call]


def test_a_call_of_the_engine_that_hangs_ends_with_the_phase(tmp_path: Path) -> None:
    stage = Stage(tmp_path, spec_of(a="timeout: 1"))
    stage.engine.hanging.add("create fastflow-r1-web fast-a")
    phase = stage.phase("web.a")
    assert phase.reason == "the phase did not end within 1 s, its timeout, while starting"


CANCELLED = "interrupted by SIGINT"


@pytest.mark.parametrize(
    ("scripts", "state", "step"),
    [
        ({"app": Script(health="starting")}, "starting", "starting"),
        ({"fast-record": said("fast-record", "connecting")}, "starting", "starting"),
        ({"tests": replace(SENDS, exit_code=None)}, "running", "running"),
    ],
    ids=["services", "ready", "source"],
)
def test_a_recording_is_cancelled_in_each_step(
    tmp_path: Path, scripts: dict[str, Script], state: str, step: str
) -> None:
    stage = Stage(tmp_path, scripts=scripts)
    with stage.running() as work:
        stage.until("web.record", state)
        stage.cancellation.set(CANCELLED, 130)
        result = work.join()
    assert [(phase.state, phase.reason) for phase in result.phases] == [
        ("cancelled", f"{CANCELLED}, while {step}"),
        ("cancelled", f"{CANCELLED}, while waiting"),
    ]
    assert result.exit_code == 130
    assert not stage.engine.world.boxes
    assert stage.states("web.test") == ["cancelled"]


def test_a_cancelled_recorder_finishes_its_record_in_the_time_that_is_left(tmp_path: Path) -> None:
    stage = Stage(tmp_path, scripts={"tests": replace(SENDS, exit_code=None)})
    with stage.running() as work:
        stage.until("web.record", "running")
        stage.cancellation.set(CANCELLED, 143)
        phase = work.phase("web.record")
    assert stage.calls("stop") == ["stop fastflow-r1-web-fast-record-1 3"]
    assert phase.test_record == "rec_1"


def test_a_tester_is_cancelled_and_what_it_found_is_kept(tmp_path: Path) -> None:
    stage = Stage(tmp_path, spec_of(a=""), {"fast-a": replace(FINDS, lines=FINDS.lines[:3], exit_code=None)})
    with stage.running() as work:
        stage.until("web.a", "running")
        stage.cancellation.set(CANCELLED, 130)
        phase = work.phase("web.a")
    assert (phase.state, len(phase.vulnerabilities)) == ("cancelled", 2)


@pytest.mark.parametrize(
    "call", ["up fastflow-r1-web app", "create fastflow-r1-web fast-record fast-test", "run fastflow-r1-web tests"]
)
def test_a_hanging_call_is_interrupted(tmp_path: Path, call: str) -> None:
    stage = Stage(tmp_path)
    stage.engine.hanging.add(call)
    with stage.running() as work:
        stage.until("web.record", "starting")
        until(lambda: call in stage.engine.calls)
        stage.cancellation.set(CANCELLED, 130)
        assert work.phase("web.record").state == "cancelled"
    assert not stage.engine.world.boxes


def test_a_network_that_the_engine_makes_for_a_killed_compose_is_removed(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    networks = stage.engine.kept["networks"]
    stage.engine.hanging.add("up fastflow-r1-web app")
    stage.engine.late = lambda: networks.update({"late": {"io.fastflow.run": "r1"}})
    with stage.running():
        until(lambda: "up fastflow-r1-web app" in stage.engine.calls)
        stage.cancellation.set(CANCELLED, 130)
    stage.engine.settle()  # who does not wait for it meets it later
    assert not networks


def test_a_node_that_does_not_stop_in_time_is_killed(tmp_path: Path) -> None:
    stage = Stage(tmp_path, scripts={"tests": replace(SENDS, exit_code=None)}, settings=settings_of(cancel_limit=0.2))

    stopped: list[str] = []

    def stop(container_id: str, grace: float) -> None:
        until(lambda: not stage.engine.inspect([container_id]))
        stopped.append(container_id)

    stage.engine.stop = stop  # type: ignore[method-assign]  # an engine that waits for a node that does not heed it
    with stage.running() as work:
        stage.until("web.record", "running")
        stage.cancellation.set(CANCELLED, 130)
        phase = work.phase("web.record")
    assert len(stopped) == 1  # else it would be left to itself
    assert (phase.state, phase.test_record) == ("cancelled", "rec_1")


def test_a_stop_that_hangs_does_not_keep_a_cancelled_run(tmp_path: Path) -> None:
    settings = settings_of(cancel_limit=0.3)
    stage = Stage(tmp_path, scripts={"tests": replace(SENDS, exit_code=None)}, settings=settings)
    stage.engine.hanging.add("stop fastflow-r1-web-fast-record-1 3")
    hung = threading.Event()
    real = stage.engine.stop

    def stop(container_id: str, grace: float) -> None:
        hung.wait()
        real(container_id, grace)

    stage.engine.stop = stop  # type: ignore[method-assign]  # an engine that hangs whatever is asked
    with stage.running() as work:
        stage.until("web.record", "running")
        stage.cancellation.set(CANCELLED, 130)
        result = work.join()  # while it hangs
        hung.set()
    assert [phase.state for phase in result.phases] == ["cancelled", "cancelled"]
    assert stage.states("web.record")[-1] == "cancelled"
    assert not stage.engine.world.boxes


@pytest.mark.parametrize("call", ["pull app:1", "build fastflow-r1-web app"])
def test_preparation_is_cancelled_and_nothing_was_started(tmp_path: Path, call: str) -> None:
    text = SPEC.replace("app: { image: app:1 }", "app: { build: . }") if "build" in call else SPEC
    stage = Stage(tmp_path, text)
    stage.engine.known_images = {"tests:1", "wallarm/fast"}
    stage.engine.hanging.add(call)
    with stage.running() as work:
        until(lambda: call in stage.engine.calls)
        stage.cancellation.set(CANCELLED, 130)
        result = work.join()
    assert result.exit_code == 130
    assert {phase.state for phase in result.phases} == {"cancelled"}
    held = [f"hold {own_key('r1').name}"] if "build" in call else []  # says that the run lives, before it builds
    assert (stage.calls("up"), stage.calls("hold")) == ([], held)
    assert not stage.engine.world.boxes
