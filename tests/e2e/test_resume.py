"""`fastflow up --resume` on the real engine: what an earlier run did not pass, on the records that it made."""

import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fastflow.engines.docker import DockerEngine

from .nodes import FOUND, PASSED, attacks, node, records, says, spec_of
from .runs import Ended, Fastflow, left_of

pytestmark = pytest.mark.e2e

FLAG = '{ run: "test -e mended" }'


def phase(ended: Ended, name: str) -> dict[str, Any]:
    """What became of a phase of the last run."""
    return next(found for found in ended.result["phases"] if found["id"] == name)


def events(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """What `--progress json` told, without the findings beside it."""
    return (json.loads(line) for line in lines if line.startswith("{"))


def log_of(ended: Ended, name: str) -> list[str]:
    """The lines that a node of the last run printed."""
    return Path(phase(ended, name)["log"]).read_text().splitlines()


def two_workflows(build_id: str) -> str:
    """`web` passes its recording, `api` only once it is mended; the test of `web` waits for both."""
    web = {"record": records(), "test": attacks(depends_on="[api.record]")}
    return spec_of({"web": web, "api": {"record": records(FLAG), "test": attacks()}}, build_id)


def test_what_was_not_passed_runs_again_on_the_records_that_are_there(fastflow: Fastflow, build_id: str) -> None:
    fastflow.write(two_workflows(build_id + "${PIPELINE}"))
    fastflow.extra["PIPELINE"] = "1"
    first = fastflow("up")
    states = {"web.record": "passed", "web.test": "skipped", "api.record": "failed", "api.test": "skipped"}
    assert (first.code, first.states) == (3, states), first.err
    record, run = phase(first, "web.record"), first.folder.name

    refused = fastflow("up", "--resume", run, "--only", "testing")
    assert (refused.code, len(refused.runs)) == (2, 1)
    assert "api.test needs the record of api.record, which is left out and has not passed before\n" in refused.err
    fastflow.write("", "mended")
    fastflow.extra["PIPELINE"] = "2"  # as in the next pipeline
    second = fastflow("up", "--resume", run, "--progress", "json")
    assert (second.code, set(second.states.values())) == (0, {"passed"}), second.err
    assert second.result["resumes"] == run != second.result["run"]
    assert phase(second, "web.record") == {
        **record,
        "reason": f"passed in run {run}",
        "log": str(second.folder / "logs" / "web.record.log"),
    }
    assert {phase(second, name)["build_id"] for name in ("web.record", "web.test")} == {f"{build_id}1web"}
    assert phase(second, "web.test")["test_record"] == record["test_record"]
    assert phase(second, "api.test")["test_record"] == phase(second, "api.record")["test_record"]
    for name in ("web", "api"):  # two records may be there under one BUILD_ID
        assert (
            log_of(second, f"{name}.test")[0] == f"TEST_RECORD_ID is {phase(second, f'{name}.record')['test_record']}"
        )
    started = {event["phase"] for event in events(second.err.splitlines()) if event.get("attempts")}
    assert started == {"web.test", "api.record", "api.test"}

    third = fastflow("up", "--resume", second.folder.name, "--report", "json=out.json")
    assert third.code == 0
    assert third.out == f"everything passed in run {second.folder.name}: there is nothing to run again\n"
    assert len(third.runs) == 2
    assert json.loads((fastflow.directory / "out.json").read_text()) == second.result


def test_a_copied_folder_carries_a_run_to_another_checkout(fastflow: Fastflow, build_id: str) -> None:
    here, there = (replace(fastflow, directory=fastflow.directory / name) for name in ("here", "there"))
    compose = "services: { app: { image: fastflow-python:3, command: [sleep, '60'], stop_signal: SIGKILL } }\n"
    text = spec_of({"web": {"record": records(), "test": attacks()}}, build_id + "${FASTFLOW_RUN_ID}c${FASTFLOW_CI_ID}")
    for checkout in (here, there):
        checkout.write(text.replace("    nodes:", "    compose: ../compose/app.yml\n    nodes:"))
    fastflow.write(compose, "compose/app.yml")
    first = here("up", "--only", "recording")
    assert first.code == 0, first.err
    shutil.copytree(first.folder, there.directory / "artifact")
    recorded = phase(first, "web.record")
    shutil.rmtree(here.directory)

    second = there("up", "--resume", "artifact")
    assert (second.code, second.states) == (0, {"web.record": "passed", "web.test": "passed"}), second.err
    assert phase(second, "web.test")["test_record"] == recorded["test_record"]
    assert phase(second, "web.test")["build_id"] == recorded["build_id"]
    assert Path(phase(second, "web.record")["log"]).read_text().strip().endswith("starts to record")


def test_a_vulnerable_phase_runs_again_and_its_report_is_of_all_test_runs(fastflow: Fastflow, build_id: str) -> None:
    writes = "echo $$TEST_RUN_ID; mkdir -p /opt/reports; echo {} > /opt/reports/$$TEST_RUN_ID.json"
    nodes = {
        "record": records(),
        "good": attacks(build_id=f"{build_id}good", test_record="record"),
        "bad": attacks(FOUND, 1, build_id=f"{build_id}bad", test_record="record"),
        "fetch": node("report", writes),
    }
    fastflow.write(spec_of({"web": nodes}, build_id))
    first = fastflow("up")
    run = first.folder.name
    assert (first.code, first.states["web.bad"], first.states["web.fetch"]) == (1, "vulnerable", "passed")
    second = fastflow("up", "--resume", run)
    assert (second.code, second.states["web.bad"]) == (1, "vulnerable")
    runs = {phase(second, name)["test_run"] for name in ("web.good", "web.bad")}
    assert {Path(path).stem for path in phase(second, "web.fetch")["reports"]} == runs
    assert phase(second, "web.bad")["test_record"] == phase(second, "web.record")["test_record"]
    assert second.reasons["web.record"] == second.reasons["web.good"] == f"passed in run {run}"


def test_a_record_that_was_found_empty_is_recorded_again(fastflow: Fastflow, build_id: str) -> None:
    empty = says("ERROR [1]: the test record has no baselines")
    test = node("testing", f'test -n "$$TEST_RECORD_ID" || {{ {empty}; exit 1; }}; {says(*PASSED)}')
    fastflow.write(spec_of({"web": {"record": records(), "test": test}}, build_id))
    first = fastflow("up")
    assert first.states == {"web.record": "passed", "web.test": "failed"}
    assert (first.reasons["web.test"] or "").startswith("empty record")
    old = phase(first, "web.record")
    second = fastflow("up", "--resume", first.folder.name)
    assert (second.code, second.states) == (0, {"web.record": "passed", "web.test": "passed"})
    assert phase(second, "web.record")["started"] > old["started"]
    assert phase(second, "web.test")["test_record"] == phase(second, "web.record")["test_record"]


@pytest.mark.parametrize("how", ["field", "added", "build-id", "compose", "token", "emulator", "missing", "no-folder"])
def test_what_has_changed_is_named_and_nothing_starts(how: str, fastflow: Fastflow, build_id: str) -> None:
    compose = "services: { app: { image: fastflow-python:3, command: [sleep, '60'], stop_signal: SIGKILL } }\n"
    fastflow.write(compose, "compose.yml")
    text = spec_of({"web": {"record": records(FLAG), "test": attacks()}}, build_id + "${A:-}")
    text = text.replace("    nodes:", "    compose: [compose.yml]\n    nodes:")
    fastflow.write(text)
    first = fastflow("up")
    assert first.code == 3, first.err
    run = first.folder.name
    arguments, expected = [run], f"run {run} cannot be resumed: "
    if how == "field":
        fastflow.write("# a comment is no change\n" + text.replace("for creating", "to create"))
        expected += "the spec's field workflows.web.nodes.test.container has changed\n"
    elif how == "added":
        fastflow.write(text.replace("mode: testing", "mode: testing, timeout: 90"))
        expected += "the spec's field workflows.web.nodes.test.timeout is new\n"
    elif how == "build-id":
        fastflow.write(text.replace("${A:-}", "${B:-}"))
        expected += "the spec's field workflows.web.build_id has changed\n"
    elif how == "compose":
        fastflow.write(compose.replace("60", "61"), "compose.yml")
        expected += "the Compose file compose.yml has changed\n"
    elif how == "token":
        fastflow.extra["WALLARM_API_TOKEN"] = "another-token"
        expected += "the value of the token has changed, but records belong to the token that they were recorded with\n"
    elif how == "emulator":
        arguments.append("--emulate")
        expected += "it was made without the emulator\n"
    elif how == "missing":
        arguments, expected = ["260101000000abcde"], "there is no run 260101000000abcde: "
    else:
        (fastflow.directory / "empty").mkdir()
        arguments, expected = ["empty"], f"{fastflow.directory}/empty is not the folder of a run: "
    second = fastflow("up", "--resume", *arguments)
    assert second.code == 2
    assert f"error: {expected}" in second.err
    assert len(second.runs) == 1


def test_a_live_run_is_left_alone_and_a_killed_one_is_taken_up(
    fastflow: Fastflow, build_id: str, docker_engine: DockerEngine
) -> None:
    waits = '{ run: "touch recording; while test ! -e mended; do sleep 0.1; done" }'
    nodes = {
        "record": records(),
        "other": records(waits, build_id=f"{build_id}other", alias="other"),
        "test": attacks(),
    }
    fastflow.write(spec_of({"web": nodes}, build_id))
    with fastflow.running("up", "--progress", "json") as process:
        assert process.stderr is not None
        done = False
        for line in process.stderr:
            event = next(events([line]), {"phase": None})
            done = done or (event["phase"], event.get("state")) == ("web.test", "passed")
            if done and (fastflow.directory / "recording").exists():
                break
        run = next((fastflow.directory / ".fastflow" / "runs").iterdir()).name
        refused = fastflow("up", "--resume", run)
        assert (refused.code, len(refused.runs)) == (2, 1)
        assert f"error: run {run} is still live\n" in refused.err
        process.kill()
        process.wait()
    assert any("fast-other" in entry for entry in left_of(docker_engine, run))
    fastflow.write("", "mended")
    second = fastflow("up", "--resume", run)
    assert (second.code, second.states) == (0, {"web.record": "passed", "web.other": "passed", "web.test": "passed"})
    assert second.reasons == {
        "web.record": f"passed in run {run}",
        "web.other": None,
        "web.test": f"passed in run {run}",
    }
    assert phase(second, "web.test")["test_run"]
    assert f"removed what run {run} had left on the engine" in second.err
    assert left_of(docker_engine, run) == []
