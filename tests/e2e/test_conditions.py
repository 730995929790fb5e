"""What one phase's end means for others, and what the command line changes, on the real engine."""

import json
from pathlib import Path
from typing import Any

import pytest

from fastflow.engines.docker import DockerEngine

from .nodes import FOUND, PASSED, attacks, node, records, says, spec_of
from .runs import Ended, Fastflow, left_of

pytestmark = pytest.mark.e2e

BROKEN = ("[error] something else",)
DENIED = "[error] Can't create new instance - access denied"
TIMEOUT = "[error] Can't create new instance - Request Timeout"


def alone(lines: tuple[str, ...] = PASSED, exit_code: int = 0, **fields: str) -> str:
    """A tester of a record that was made elsewhere."""
    return attacks(lines, exit_code, test_record_id="rec_1", **fields)


def flow(build_id: str, **nodes: str) -> str:
    """One workflow of testers, each with a BUILD_ID of its own."""
    named = {
        name: text.replace("{ mode: testing", f"{{ mode: testing, build_id: {build_id}{name}")
        for name, text in nodes.items()
    }
    return spec_of({"w": named}, build_id)


def phase(ended: Ended, name: str) -> dict[str, Any]:
    """What became of a phase."""
    return next(found for found in ended.result["phases"] if found["id"] == name)


def test_the_three_conditions(fastflow: Fastflow, build_id: str) -> None:
    nodes = {"good": alone(), "bad": alone(FOUND, 1), "broken": alone(BROKEN, 1)}
    waits = ((before, condition) for before in tuple(nodes) for condition in ("completed", "passed", "finished"))
    for before, condition in tuple(waits):
        nodes[f"{before}-{condition}"] = alone(depends_on=f"{{ w.{before}: {{ condition: {condition} }} }}")
    nodes["after-skipped"] = alone(depends_on="{ w.broken-passed: { condition: finished } }")
    fastflow.write(
        flow(build_id, **{name.replace("-", ""): text for name, text in nodes.items()}).replace(
            "w.broken-passed", "w.brokenpassed"
        )
    )
    ended = fastflow("up", "--max-parallel", "4")
    assert ended.code == 1
    states = {name.removeprefix("w."): state for name, state in ended.states.items()}
    assert (states.pop("good"), states.pop("bad"), states.pop("broken")) == ("passed", "vulnerable", "failed")
    skipped = {name for name, state in states.items() if state == "skipped"}
    assert skipped == {"badpassed", "brokencompleted", "brokenpassed", "afterskipped"}
    assert {state for name, state in states.items() if name not in skipped} == {"passed"}
    assert ended.reasons["w.badpassed"] == "w.bad found vulnerabilities"
    assert ended.reasons["w.afterskipped"] == "w.brokenpassed was skipped"


def test_what_may_fail_blocks_nobody_but_lends_no_record(fastflow: Fastflow, build_id: str) -> None:
    nodes = {
        "record": records('{ run: "exit 1" }', allow_failure="true"),
        "test": attacks(),
        "found": alone(FOUND, 1, allow_failure="true", build_id=f"{build_id}found", alias="found"),
        "broken": alone(BROKEN, 1, allow_failure="true", build_id=f"{build_id}broken", alias="broken"),
        "after": alone(depends_on="{ record: { condition: passed }, found: { condition: passed } }").replace(
            "mode: testing", f"mode: testing, alias: after, build_id: {build_id}after"
        ),
    }
    fastflow.write(spec_of({"w": nodes}, build_id))
    ended = fastflow("up")
    assert ended.states == {
        "w.record": "failed",
        "w.test": "skipped",
        "w.found": "vulnerable",
        "w.broken": "failed",
        "w.after": "passed",
    }
    assert ended.code == 0
    assert ended.reasons["w.test"] == "w.record failed, so there is no record to test"


def test_fail_fast_stops_what_runs(fastflow: Fastflow, build_id: str) -> None:
    long = node("testing", f"{says(*PASSED[:3])}; exec sleep 100", test_record_id="rec_1")
    first = alone(FOUND, 1).replace("echo", "sleep 1; echo", 1)
    fastflow.write(flow(build_id, bad=first, long=long, later=alone(depends_on="[long]")))
    ended = fastflow("up", "--fail-fast")
    assert (ended.code, ended.states) == (1, {"w.bad": "vulnerable", "w.long": "cancelled", "w.later": "cancelled"})
    assert (ended.reasons["w.later"] or "").startswith("w.bad vulnerable (--fail-fast)")


def test_only_and_w_run_what_they_name_in_the_order_of_all(fastflow: Fastflow, build_id: str) -> None:
    a = {"record": records(), "test": attacks(depends_on="[b.record]")}
    b = {"record": records('{ run: "exit 1" }'), "test": attacks()}
    fastflow.write(spec_of({"a": a, "b": b}, build_id))
    recorded = fastflow("up", "-w", "a", "--only", "recording")
    assert (recorded.code, recorded.states) == (0, {"a.record": "passed"})
    tested = fastflow("up", "-w", "a", "--only", "testing")
    assert (tested.code, tested.states) == (0, {"a.test": "passed"})
    assert phase(tested, "a.test")["test_record"] == phase(recorded, "a.test")["test_record"]
    one = fastflow("up", "-w", "b")
    assert (one.code, one.states) == (3, {"b.record": "failed", "b.test": "skipped"})
    empty = fastflow("up", "-w", "a", "--only", "report")
    assert (empty.code, len(empty.runs)) == (2, 3)


def test_keep_leaves_all_until_down(fastflow: Fastflow, build_id: str, docker_engine: DockerEngine) -> None:
    fastflow.write(spec_of({"web": {"record": records(), "test": attacks()}}, build_id))
    ended = fastflow("up", "--keep")
    run = ended.folder.name
    assert ended.code == 0
    left = left_of(docker_engine, run)
    assert {entry.rpartition("-fast-")[2] for entry in left if entry.startswith("container")} == {"record-1", "test-1"}
    assert any(entry.startswith("network") for entry in left)
    assert f"fastflow down --run {run}" in ended.out + ended.err
    assert all(found.status == "exited" for found in docker_engine.api.containers({"io.fastflow.run": run}))
    assert fastflow("down", "--run", run).code == 0
    assert left_of(docker_engine, run) == []


def test_only_infrastructure_is_tried_again_and_each_attempt_is_told(fastflow: Fastflow, build_id: str) -> None:
    later = f"test -e /work/tried || {{ touch /work/tried; {says(TIMEOUT)}; exit 1; }}; {says(*PASSED)}"
    mounted = node("testing", later, test_record_id="rec_1", attempts="3")
    fastflow.write(
        flow(
            build_id,
            late=mounted.replace("container: {", "container: { volumes: ['.:/work'],"),
            never=alone((TIMEOUT,), 1, attempts="2"),
            found=alone(FOUND, 1, attempts="3"),
            denied=alone((DENIED,), 1, attempts="3"),
        )
    )
    ended = fastflow("up", "--progress", "json")
    assert ended.states == {"w.late": "passed", "w.never": "failed", "w.found": "vulnerable", "w.denied": "failed"}
    attempts = {name: phase(ended, name)["attempts"] for name in ended.states}
    assert attempts == {"w.late": 2, "w.never": 2, "w.found": 1, "w.denied": 1}
    logs = {path.name: path.read_text() for path in (ended.folder / "logs").glob("w.*.log")}
    assert set(logs) == {
        "w.late.log",
        "w.late.attempt-2.log",
        "w.never.log",
        "w.never.attempt-2.log",
        "w.found.log",
        "w.denied.log",
    }
    assert TIMEOUT in logs["w.late.log"]
    assert "passed" in logs["w.late.attempt-2.log"]
    assert Path(phase(ended, "w.late")["log"]).name == "w.late.attempt-2.log"
    notes = [json.loads(line).get("message", "") for line in ended.err.splitlines() if line.startswith("{")]
    assert any(note.startswith("attempt 1 of 3 failed, trying again: ") for note in notes)
