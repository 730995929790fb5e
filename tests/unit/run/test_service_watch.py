"""A phase whose services fail while it runs has not passed (docs: a run, Services)."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fastflow.record.events import Event, LogLine, PhaseChanged
from fastflow.record.result import PhaseResult
from fastflow.run.container import Container, Probe
from tests.fakes.containers import Script
from tests.unit.run.recordings import PUBLISHED
from tests.unit.run.stage import FINDS, PASSES, RECORDS, SERVES, STARTS, Stage, said
from tests.waiting import until

SPEC = """
workflows:
  web:
    compose: { services: { app: { image: app:1 }, job: { image: job:1 } } }
    nodes:
      test: { mode: testing, build_id: a1, test_record_id: r1, test_run_uri: http://app:3000 }
"""
NODES = {"fast-test": PASSES, "app": SERVES, "job": SERVES}
AT = r" at \d\d:\d\d:\d\d UTC"
AFTER = ", after the node had sent a request of the test set for baseline #bl_1"

Act = Callable[[Stage], None]


def phase_with(directory: Path, act: Act, script: Script = PASSES, more: str = "", **scripts: Script) -> PhaseResult:
    """Run a tester; `act` happens when it has printed all that it prints."""
    stage = Stage(directory, SPEC.replace("http://app:3000", f"http://app:3000{more}"), {**NODES, **scripts})

    def on_event(event: Event) -> None:
        if isinstance(event, LogLine) and event.line == script.lines[-1]:
            act(stage)
            stage.engine.end(stage.container("fast-test"), script.exit_code or 0)

    stage.engine.scripts["fast-test"] = replace(script, exit_code=None)
    stage.listeners = (on_event,)
    return stage.phase("web.test")


def crashes(stage: Stage, code: int = 139) -> None:
    stage.engine.say(stage.container("app"), "Segmentation fault")
    stage.engine.restart(stage.container("app"), code)


def crashes_twice(stage: Stage) -> None:
    crashes(stage)
    crashes(stage)


def job_and_app_fail(stage: Stage) -> None:
    dies(stage, "job")
    crashes(stage)


def dies(stage: Stage, service: str = "app", code: int = 1) -> None:
    stage.engine.end(stage.container(service), code)


def runs_out_of_memory(stage: Stage) -> None:
    stage.engine.run_out_of_memory(stage.container("app"))


def is_killed_for_its_memory(stage: Stage) -> None:
    stage.engine.run_out_of_memory(stage.container("app"))
    stage.engine.restart(stage.container("app"), 137)


def is_ill_for_a_while(stage: Stage) -> None:
    stage.engine.set_health(stage.container("app"), "unhealthy", Probe(1, "HTTP 500"))
    stage.engine.set_health(stage.container("app"), "healthy", Probe(1, "HTTP 500"))


def is_removed(stage: Stage) -> None:
    stage.engine.remove_containers([stage.container("app")])


def restarts_unheard(stage: Stage) -> None:
    listeners = stage.engine.world.listeners
    kept, listeners[:] = list(listeners), []
    stage.engine.restart(stage.container("app"), 139)
    listeners[:] = kept


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (crashes, f"service app ended with exit code 139{AT}, and was restarted{AFTER}"),
        (lambda stage: crashes(stage, 0), f"service app ended with exit code 0{AT}, and was restarted{AFTER}"),
        (
            crashes_twice,
            f"service app ended with exit code 139{AT}, and was restarted 2 times{AFTER}",
        ),
        (dies, f"service app ended with exit code 1{AT}{AFTER}"),
        (lambda stage: dies(stage, "job", 2), f"service job ended with exit code 2{AT}{AFTER}"),
        (runs_out_of_memory, f"service app ran out of memory{AT}{AFTER}"),
        (
            is_killed_for_its_memory,
            f"service app ended with exit code 137 \\(out of memory\\){AT}, and was restarted{AFTER}",
        ),
        (
            is_ill_for_a_while,
            f"service app turned unhealthy{AT}{AFTER}: its last healthcheck ended with exit code 1: HTTP 500",
        ),
        (is_removed, "service app is gone: something else removed its container"),
        (restarts_unheard, f"service app was restarted{AT}"),
        (
            job_and_app_fail,
            f"service job ended with exit code 1{AT}{AFTER}; service app ended with exit code 139{AT}, .*",
        ),
    ],
)
def test_a_tester_has_not_passed_when_a_service_failed_meanwhile(tmp_path: Path, act: Act, reason: str) -> None:
    phase = phase_with(tmp_path, act)
    assert phase.state == "failed"
    assert re.fullmatch(reason, str(phase.reason)), phase.reason


def test_what_a_service_printed_before_it_failed_is_kept(tmp_path: Path) -> None:
    phase = phase_with(tmp_path, crashes)
    assert phase.evidence is not None
    assert (phase.evidence.of, phase.evidence.lines) == ("service app", ("listening", "Segmentation fault"))
    assert Path(phase.evidence.log).read_text() == "listening\nSegmentation fault\n"
    assert str(phase.hint).startswith("the log of app ends with `Segmentation fault`, see ")


@pytest.mark.parametrize("act", [crashes, is_ill_for_a_while, dies])
def test_what_was_found_stays_found_and_the_service_is_told_besides(tmp_path: Path, act: Act) -> None:
    phase = phase_with(tmp_path, act, FINDS)
    assert phase.state == "vulnerable"
    assert str(phase.reason).startswith("2 vulnerabilities found: unknown; besides, service app ")
    assert phase.evidence is not None


def test_an_excused_vulnerability_excuses_no_service(tmp_path: Path) -> None:
    phase = phase_with(tmp_path, crashes, FINDS, more=", gate: off")
    assert phase.state == "failed"
    assert "every vulnerability found is excused" not in str(phase.reason)


def test_the_last_request_is_told_where_the_node_tells_it(tmp_path: Path) -> None:
    lines = (*PASSES.lines[:3], "DEBUG [1]: sent GET http://app:3000/?q=%00 HTTP/1.1")
    phase = phase_with(tmp_path, crashes, replace(PASSES, lines=lines))
    assert "and was restarted, after the node had sent `GET http://app:3000/?q=%00`; " in str(phase.reason)


def test_a_service_that_ends_with_0_has_done_its_work(tmp_path: Path) -> None:
    assert phase_with(tmp_path, lambda stage: dies(stage, "job", 0)).state == "passed"


def test_the_service_that_is_attacked_may_not_end_at_all(tmp_path: Path) -> None:
    phase = phase_with(tmp_path, lambda stage: dies(stage, code=0))
    assert phase.state == "failed"
    assert str(phase.reason).startswith("service app ended with exit code 0 at ")


@pytest.mark.parametrize(("script", "state"), [(PASSES, "failed"), (FINDS, "vulnerable")])
def test_a_tester_whose_target_has_ended_for_good_is_stopped(tmp_path: Path, script: Script, state: str) -> None:
    stage = Stage(tmp_path, SPEC, NODES)
    runs_on = replace(script, lines=script.lines[:3], exit_code=None, on_start=lambda _: dies(stage), stop_code=143)
    stage.engine.scripts["fast-test"] = runs_on
    phase = stage.phase("web.test")
    assert phase.state == state
    assert "service app ended with exit code 1 at " in str(phase.reason)
    if state == "failed":
        assert str(phase.reason).endswith("; the node was stopped, because nothing was left to test")


def test_restarts_before_a_service_was_first_up_do_not_count(tmp_path: Path) -> None:
    stage = Stage(tmp_path, SPEC, {**NODES, "app": replace(SERVES, health="starting")})
    with stage.running() as work:
        app = stage.running_container("app")
        for _ in range(3):
            stage.engine.restart(app, 1)
        stage.engine.set_health(app, "healthy")
        assert work.phase("web.test").state == "passed"


def test_restarts_between_two_phases_do_not_count(tmp_path: Path) -> None:
    later = "      later: { mode: testing, build_id: b1, test_record_id: r1, depends_on: [test] }\n"
    stage = Stage(tmp_path, SPEC + later, {**NODES, "fast-later": PASSES})

    def on_event(event: Event) -> None:
        if isinstance(event, PhaseChanged) and (event.phase, event.state) == ("web.test", "passed"):
            stage.engine.restart(stage.container("app"), 1)

    stage.listeners = (on_event,)
    assert {phase.state for phase in stage.phases().values()} == {"passed"}


RECORDING = """
workflows:
  web:
    compose: { services: { app: { image: app:1 }, tests: { image: tests:1 } } }
    nodes:
      record: { mode: recording, build_id: a1, SOURCE }
"""


@pytest.mark.parametrize("source", ["source: { service: tests }", "source: { run: exec sleep 600 }", ""])
def test_a_recording_of_a_dying_application_ends_at_once_and_is_none(tmp_path: Path, source: str) -> None:
    stage = Stage(tmp_path, RECORDING.replace(", SOURCE", source and f", {source}"), {"tests": Script(("testing",))})
    if "run:" in source:
        stage.engine.scripts["fast-record"] = PUBLISHED
    with stage.running() as work:
        stage.until("web.record", "running")
        if "service" in source:
            until(lambda: bool(stage.calls("run")))
        crashes(stage)
        phase = work.phase("web.record")
    assert (phase.state, phase.test_record) == ("failed", "rec_1")
    assert re.fullmatch(f"service app ended with exit code 139{AT}, and was restarted", str(phase.reason))
    assert phase.exit_code == 0


def test_a_failed_source_is_told_after_the_service_that_failed(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.engine.scripts["tests"] = said("tests", exit_code=3, on_start=lambda _: crashes(stage))
    phase = stage.phase()
    assert re.fullmatch(
        f"service app ended with exit code 139{AT}, and was restarted(; the source `tests` ended with exit code 3)?",
        str(phase.reason),
    )


@pytest.mark.parametrize(("script", "state"), [(SERVES, "passed"), (replace(SERVES, health="healthy"), "failed")])
def test_a_service_that_cannot_say_when_it_is_up_may_restart_until_requests_are_sent(
    tmp_path: Path, script: Script, state: str
) -> None:
    stage = Stage(tmp_path, scripts={"app": script})

    def starts(found: Container) -> None:
        crashes(stage)
        stage.engine.say(found.id, STARTS)

    stage.engine.scripts["fast-record"] = replace(RECORDS, lines=RECORDS.lines[:1], on_start=starts)
    phase = stage.phase()
    assert phase.state == state
    assert ("healthcheck" in str(phase.hint)) is False


def test_what_a_cancelled_run_kills_has_not_failed(tmp_path: Path) -> None:
    stage = Stage(tmp_path, SPEC, NODES)
    stage.engine.scripts["fast-test"] = replace(PASSES, exit_code=None)
    with stage.running() as work:
        stage.until("web.test", "running")
        stage.cancellation.set("enough")
        dies(stage)
        assert work.phase("web.test").state == "cancelled"
