"""A recording phase: ready, sources, stop, verdict (docs: a run, Recording)."""

from dataclasses import replace
from pathlib import Path

import pytest

from fastflow.errors import EngineCallError
from fastflow.record.events import Event, Note, PhaseChanged
from fastflow.record.result import Evidence
from tests.fakes.containers import Box, Script
from tests.unit.run.recordings import PUBLISHED, spec
from tests.unit.run.stage import RECORDS, SENDS, STARTS, Stage, said, settings_of, then

ALONE = "workflows: { web: { build_id: web1, nodes: { record: { mode: recording } } } }"


SENT = "source: { service: tests }"
KILLED = 137


def test_services_node_source_stop_in_this_order(tmp_path: Path) -> None:
    stage = Stage(tmp_path, spec("source: { service: tests }, services: [app]"))
    phase = stage.phase()
    assert (phase.state, phase.exit_code, phase.test_record, phase.reason) == ("passed", 0, "rec_1", None)
    assert stage.states("web.record") == ["starting", "ready", "running", "stopping", "passed"]
    did = [call.split()[0] + " " + call.split()[-1] for call in stage.engine.calls if "lease" not in call]
    began = did.index("up app")
    assert did[began : began + 6] == [
        "up app",
        "create fast-record",
        "start fastflow-r1-web-fast-record-1",
        "run tests",
        "remove fastflow-r1-web-fast-record.source",
        "stop 10",
    ]
    assert stage.log("web.record").splitlines() == list(RECORDS.lines)
    assert stage.log("web.record.source").splitlines() == ["42 requests sent"]


def test_an_error_line_fails_at_once_with_that_line(tmp_path: Path) -> None:
    denied = said("fast-record", "[error] Can't create new instance - access denied")
    stage = Stage(tmp_path, scripts={"fast-record": denied})  # the node goes on for ever
    phase = stage.phase()
    assert phase.state == "failed"
    assert phase.reason == "Can't create new instance - access denied"
    assert phase.hint is not None
    assert "token" in phase.hint
    assert stage.calls("run") == []


def test_an_exit_before_ready_fails_at_once_with_its_last_line(tmp_path: Path) -> None:
    phase = Stage(tmp_path, scripts={"fast-record": said("fast-record", "going down", exit_code=7)}).phase()
    assert (phase.state, phase.exit_code) == ("failed", 7)
    assert phase.reason == "the node ended before it was ready, with exit code 7: going down"


def test_a_node_that_is_not_ready_in_time_fails(tmp_path: Path) -> None:
    stage = Stage(
        tmp_path,
        spec("source: { service: tests }, ready: { timeout: 1s }"),
        {"fast-record": said("fast-record", "[info] Node connected to Wallarm Cloud")},
    )
    phase = stage.phase()
    assert phase.state == "failed"
    assert phase.reason == "the node was not ready within 1 s; its last line: [info] Node connected to Wallarm Cloud"


def test_a_pattern_of_ones_own_says_when_a_node_is_ready(tmp_path: Path) -> None:
    stage = Stage(tmp_path, spec("ready: { log: 'port \\d+ open' }"), {"fast-record": said("fast-record", "up")})
    with stage.running() as work:
        stage.until("web.record", "starting")
        stage.engine.say(_node(stage), STARTS)
        assert stage.states("web.record") == ["starting"]
        stage.engine.say(_node(stage), "port 8080 open")
        stage.until("web.record", "running")
        stage.engine.end(_node(stage), 0)
        phase = work.phase("web.record")
    assert (phase.state, phase.test_record) == ("passed", "rec_1")


def _node(stage: Stage) -> str:
    return stage.running_container("fast-record")


TWO = "source: [{ service: tests }, { service: more }]"


def test_sources_run_in_turn_into_one_record(tmp_path: Path) -> None:
    alive: list[list[str]] = []

    def look() -> None:
        alive.append([found.service or "" for found in stage.engine.world.matching({}) if found.status == "running"])

    stage = Stage(tmp_path, spec(TWO), {"more": replace(SENDS, on_start=then(look))})
    phase = stage.phase()
    assert phase.state == "passed"
    assert [call.split()[-1] for call in stage.calls("run")] == ["tests", "more"]
    assert (len(stage.calls("up")), len(stage.calls("create"))) == (1, 1)  # the application once, the node once
    assert "tests" not in alive[0]
    assert stage.log("web.record.source-1").splitlines() == ["42 requests sent"]
    assert (stage.folder / "logs" / "web.record.source-2.log").is_file()


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("{ service: tests }", "the source `tests`"),
        ("{ run: 'echo one; echo 1 failed; exit 3' }", "the source `echo one; echo 1 failed; exit 3`"),
    ],
)
def test_a_failed_source_is_shown_with_its_own_last_lines(tmp_path: Path, source: str, name: str) -> None:
    stage = Stage(
        tmp_path,
        spec(f"source: {source}, services: []"),
        {"fast-record": PUBLISHED, "tests": Script(("one", "1 failed"), exit_code=3)},
    )
    phase = stage.phase()
    log = str(stage.folder / "logs/web.record.source.log")
    assert (phase.reason, phase.hint) == (f"{name} ended with exit code 3", f"its output is in {log}")
    assert phase.evidence == Evidence(name, log, ("one", "1 failed"))
    told = next(event for event in stage.events if isinstance(event, PhaseChanged) and event.state == "failed")
    assert told.evidence == phase.evidence


def test_a_failed_node_is_shown_with_its_last_lines(tmp_path: Path) -> None:
    stage = Stage(tmp_path, scripts={"fast-record": Script(("[info] x", "[error] access denied"), exit_code=1)})
    evidence = stage.phase().evidence
    assert evidence is not None
    assert (evidence.of, evidence.lines) == ("the node", ("[info] x", "[error] access denied"))


def test_a_failed_source_fails_the_phase_after_the_node_was_stopped(tmp_path: Path) -> None:
    stage = Stage(tmp_path, spec(TWO), {"tests": replace(SENDS, exit_code=5)})
    phase = stage.phase()
    assert (phase.state, phase.exit_code, phase.test_record) == ("failed", 0, "rec_1")
    assert phase.reason == "source 1 of 2 `tests` ended with exit code 5"
    assert [call.split()[-1] for call in stage.calls("run")] == ["tests"]
    assert stage.calls("stop") == ["stop fastflow-r1-web-fast-record-1 10"]


def test_a_source_that_cannot_be_started_fails_the_phase_after_the_node_was_stopped(tmp_path: Path) -> None:
    stage = Stage(tmp_path, spec("source: { service: tests }"))
    stage.engine.faults["run fastflow-r1-web tests"] = EngineCallError("no such image: tests:1", "pull it")
    phase = stage.phase()
    assert (phase.state, phase.hint) == ("failed", "pull it")
    assert phase.reason == "the source `tests` could not be run: no such image: tests:1"
    assert stage.calls("stop") == ["stop fastflow-r1-web-fast-record-1 10"]


def test_a_source_may_be_allowed_to_fail(tmp_path: Path) -> None:
    two = "source: [{ service: tests, allow_failure: true }, { service: more }]"
    stage = Stage(tmp_path, spec(two), {"tests": replace(SENDS, exit_code=5), "more": SENDS})
    assert stage.phase().state == "passed"
    assert stage.notes == ["source 1 of 2 `tests` ended with exit code 5, which is allowed"]
    assert [call.split()[-1] for call in stage.calls("run")] == ["tests", "more"]


@pytest.mark.parametrize(
    ("source", "what"), [("service: tests", "tests"), ("run: 'echo begun; sleep 60'", "echo begun; sleep 60")]
)
def test_a_source_has_its_time(tmp_path: Path, source: str, what: str) -> None:
    scripts = {"tests": replace(SENDS, exit_code=None), "fast-record": PUBLISHED}
    stage = Stage(tmp_path, spec(f"source: {{ {source}, timeout: 1s }}"), scripts)
    phase = stage.phase()
    assert (phase.state, phase.exit_code) == ("failed", 0)
    assert phase.reason == f"the source `{what}` did not end within 1 s"
    assert stage.calls("stop") == ["stop fastflow-r1-web-fast-record-1 10"]
    assert not stage.engine.world.boxes


@pytest.mark.parametrize("code", [0, 1])
def test_a_recorder_with_a_source_that_ends_by_itself_has_failed(tmp_path: Path, code: int) -> None:
    stage = Stage(tmp_path)
    ends = replace(SENDS, exit_code=None, on_start=then(lambda: stage.engine.end(stage.container("fast-record"), code)))
    stage.engine.scripts["tests"] = ends
    phase = stage.phase()
    assert (phase.state, phase.exit_code) == ("failed", code)
    assert phase.reason == f"the recorder ended by itself before its source had (exit code {code})"
    assert not stage.engine.world.boxes


@pytest.mark.parametrize(("code", "state"), [(1, "passed"), (0, "passed"), (2, "failed"), (137, "failed")], ids=str)
def test_without_a_source_inactivity_ends_a_recording(tmp_path: Path, code: int, state: str) -> None:
    stage = Stage(tmp_path, ALONE)
    with stage.running() as work:
        stage.until("web.record", "running")
        stage.engine.end(stage.container("fast-record"), code)
        phase = work.phase("web.record")
    assert (phase.state, phase.exit_code) == (state, code)


def test_without_a_source_an_error_line_and_exit_1_is_no_inactivity(tmp_path: Path) -> None:
    stage = Stage(tmp_path, ALONE)
    with stage.running() as work:
        stage.until("web.record", "running")
        stage.engine.say(stage.container("fast-record"), "[error] lost the cloud")
        stage.engine.end(stage.container("fast-record"), 1)
        phase = work.phase("web.record")
    assert (phase.state, phase.reason) == ("failed", "lost the cloud")


def test_a_stopped_recorder_must_end_with_0(tmp_path: Path) -> None:
    stage = Stage(tmp_path, scripts={"fast-record": replace(RECORDS, stop_code=1, last_lines=("could not save",))})
    results = stage.phases()
    assert results["web.record"].reason == "the recorder ended with exit code 1 when it was stopped: could not save"
    assert results["web.test"].state == "skipped"


def test_a_recorder_that_does_not_heed_sigterm_has_failed(tmp_path: Path) -> None:
    phase = Stage(tmp_path, scripts={"fast-record": replace(RECORDS, heeds_stop=False)}).phase()
    assert (phase.state, phase.exit_code) == ("failed", 137)
    assert phase.reason == "the node was killed by signal 9 (exit code 137)"


def pruned(stage: Stage, service: str) -> None:
    """Somebody prunes a container as soon as it has ended, before anybody can look at it."""
    world, end = stage.engine.world, stage.engine.world.end

    def ended(box: Box, exit_code: int) -> None:
        end(box, exit_code)
        if box.container.service == service and exit_code != KILLED:
            world.remove(box)

    world.end = ended  # type: ignore[method-assign]  # hurt


@pytest.mark.parametrize("service", ["fast-record", "tests"])
def test_what_is_pruned_as_soon_as_it_has_ended_has_ended_as_it_did(tmp_path: Path, service: str) -> None:
    stage = Stage(tmp_path, spec(SENT))
    pruned(stage, service)
    phase = stage.phase("web.record")
    assert (phase.state, phase.reason, phase.exit_code) == ("passed", None, 0)


def test_a_source_that_is_pruned_after_it_failed_has_failed(tmp_path: Path) -> None:
    stage = Stage(tmp_path, spec(SENT), {"tests": said("tests", exit_code=4)})
    pruned(stage, "tests")
    assert stage.phase("web.record").reason == "the source `tests` ended with exit code 4"


def test_a_node_that_something_else_removed_has_failed(tmp_path: Path) -> None:
    stage = Stage(tmp_path, ALONE)
    with stage.running() as work:
        stage.until("web.record", "running")
        stage.engine.remove_containers([stage.container("fast-record")])
        phase = work.phase("web.record")
    assert (phase.state, phase.reason) == ("failed", "the node's container is gone: something else removed it")


def test_a_request_timeout_is_tried_again_and_access_denied_is_not(tmp_path: Path) -> None:
    text = spec("source: { service: tests }, attempts: 3")
    timeout = said("fast-record", "[error] Can't create new instance - Request Timeout", exit_code=1)
    stage = Stage(tmp_path / "a", text, {"fast-record": timeout})
    phase = stage.phase()
    assert (phase.state, phase.attempts, phase.reason) == (
        "failed",
        3,
        "Can't create new instance - Request Timeout",
    )
    assert (stage.folder / "logs" / "web.record.attempt-3.log").is_file()
    denied = said("fast-record", "[error] Can't create new instance - access denied", exit_code=1)
    assert Stage(tmp_path / "b", text, {"fast-record": denied}).phase().attempts == 1


def test_an_engine_that_recovers_makes_another_attempt_pass(tmp_path: Path) -> None:
    stage = Stage(tmp_path, spec("source: { service: tests }, attempts: 2"))
    fault = "create fastflow-r1-web fast-record"
    stage.engine.faults[fault] = EngineCallError("the engine is busy")

    def recover(event: Event) -> None:
        if isinstance(event, Note):
            stage.engine.faults.pop(fault, None)

    stage.listeners = (recover,)
    phase = stage.phase()
    assert (phase.state, phase.attempts) == ("passed", 2)


def test_a_recording_that_had_begun_is_never_tried_again(tmp_path: Path) -> None:
    lines = (STARTS, "[error] Can't create new instance - Request Timeout")
    stage = Stage(tmp_path, spec("attempts: 3"), {"fast-record": said("fast-record", *lines, exit_code=1)})
    phase = stage.phase()
    assert (phase.state, phase.attempts) == ("failed", 1)


def test_nor_is_one_that_was_ready_by_a_pattern_of_ones_own(tmp_path: Path) -> None:
    text = spec("source: { service: tests }, ready: { log: up }, attempts: 3")
    stage = Stage(tmp_path, text, {"fast-record": said("fast-record", "up")})
    stage.engine.faults["stop fastflow-r1-web-fast-record-1 10"] = EngineCallError("the engine is busy")
    phase = stage.phase()
    assert (phase.state, phase.attempts, phase.reason) == ("failed", 1, "the engine is busy")


@pytest.mark.parametrize("attempts", [1, 2])
def test_with_keep_another_attempt_has_a_container_of_its_own(tmp_path: Path, attempts: int) -> None:
    timeout = said("fast-record", "[error] Can't create new instance - Request Timeout", exit_code=1)
    stage = Stage(tmp_path, spec(f"attempts: {attempts}"), {"fast-record": timeout}, settings_of(keep=True))
    stage.phase()
    kept = [box.container.service for box in stage.engine.world.boxes.values()]
    assert kept.count("fast-record") == 1
    assert len({path.name for path in (stage.folder / "logs").iterdir()}) == attempts


def test_the_log_is_masked_and_read_from_its_first_line(tmp_path: Path) -> None:
    stage = Stage(tmp_path, scripts={"fast-record": said("fast-record", 'token is tok-7f3a9c"quoted\\0123.', STARTS)})
    stage.phase()
    assert stage.log("web.record").splitlines() == ["token is ***.", STARTS]
