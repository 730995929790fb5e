"""What a run tells: result.json, events.jsonl, listeners, and never a token (docs: machine formats)."""

import json
import re
import threading
from dataclasses import fields, replace
from pathlib import Path

import pytest

from fastflow.record.events import Event, as_json
from fastflow.record.result import PhaseResult, Vulnerability
from tests.fakes.containers import Script
from tests.unit.run.stage import FINDS, PASSES, SENDS, TOKEN, Stage, said, spec_of
from tests.waiting import until


def test_result_json_has_the_documented_fields(tmp_path: Path) -> None:
    stage = Stage(tmp_path, scripts={"fast-test": FINDS})
    stage.run()
    told = stage.result_json()
    assert list(told)[:7] == ["format_version", "run", "spec", "exit_code", "started", "ended", "phases"]
    assert (told["format_version"], told["run"], told["exit_code"]) == ("1.0", "r1", 1)
    assert list(told["phases"][0]) == [field.name for field in fields(PhaseResult)]
    wanted = "id workflow host mode build_id state reason allow_failure started ended exit_code attempts test_record"
    wanted += " test_run log reports vulnerabilities"
    assert list(told["phases"][0])[:17] == wanted.split()
    assert list(told["phases"][1]["vulnerabilities"][0]) == [field.name for field in fields(Vulnerability)]
    time_of_day = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    assert re.fullmatch(time_of_day, told["started"])
    assert re.fullmatch(time_of_day, told["phases"][0]["ended"])


def test_what_is_not_known_is_null(tmp_path: Path) -> None:
    stage = Stage(tmp_path, scripts={"app": Script(exit_code=1)})
    stage.run()
    told = stage.result_json()["phases"]
    unknown = ("exit_code", "test_record", "test_run", "log")
    assert [[phase[name] for name in unknown] for phase in told] == [[None] * 4] * 2
    assert (told[1]["started"], told[1]["ended"], told[1]["attempts"]) == (None, None, 0)


def test_every_change_of_state_is_a_line_with_its_reason(tmp_path: Path) -> None:
    stage = Stage(tmp_path, scripts={"tests": replace(SENDS, exit_code=2)})
    stage.run()
    lines = [json.loads(line) for line in (stage.folder / "events.jsonl").read_text().splitlines()]
    phases = [line for line in lines if line["type"] == "phase"]
    assert [(line["phase"], line["state"]) for line in phases] == stage.order
    assert all({"time", "type", "phase", "state", "reason"} <= line.keys() for line in phases)
    assert phases[-1]["reason"] == "web.record failed, so there is no record to test"
    assert "log" not in {line["type"] for line in lines}
    assert (lines[-1]["state"], lines[-1]["exit_code"]) == ("ended", 3)


def test_a_listener_that_raises_fails_nothing(tmp_path: Path) -> None:
    def broken(_: Event) -> None:
        raise RuntimeError("no terminal")

    stage = Stage(tmp_path, listeners=(broken,))
    assert stage.run().exit_code == 0
    assert (stage.folder / "events.jsonl").read_text().count("a display failed: no terminal") == 1


def test_no_token_is_told_anywhere(tmp_path: Path) -> None:
    heard: list[Event] = []
    stage = Stage(tmp_path, listeners=(heard.append,))
    stage.engine.scripts["fast-record"] = said("fast-record", f"[error] denied {TOKEN}", exit_code=1)
    stage.run()
    written = "".join(path.read_text() for path in stage.folder.rglob("*") if path.is_file())
    shown = json.dumps([as_json(event) for event in heard])
    for text in (TOKEN, json.dumps(TOKEN)[1:-1]):
        assert text not in written + shown
    assert "denied ***" in written


def test_a_run_folder_ignores_itself_in_git(tmp_path: Path) -> None:
    Stage(tmp_path).run()
    assert (tmp_path / ".fastflow" / ".gitignore").read_text() == "*\n"


def test_a_bug_in_one_phase_leaves_the_others_their_end(tmp_path: Path) -> None:
    stage = Stage(tmp_path, spec_of(a="", b=""), {"fast-a": PASSES, "fast-b": PASSES})
    real = stage.engine.copy_from

    def copy_from(container_id: str, path: str, target: Path) -> bool:
        if stage.engine.box(container_id).container.service == "fast-a":
            raise ZeroDivisionError
        return real(container_id, path, target)

    stage.engine.copy_from = copy_from  # type: ignore[method-assign]
    phases = stage.phases()
    assert (phases["web.a"].state, phases["web.a"].reason) == ("failed", "a bug of fastflow: ZeroDivisionError()")
    assert phases["web.a"].hint == f"please report it with {stage.folder / 'logs' / 'web.a.bug.log'}"
    assert "in copy_from" in stage.log("web.a.bug")
    assert phases["web.b"].state == "passed"
    assert not stage.engine.world.boxes


def test_a_phase_for_which_there_is_no_thread_has_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        if thread.name == "phase web.a":
            raise RuntimeError("can't start new thread")
        real(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    phases = Stage(tmp_path, spec_of(a="", b=""), {"fast-a": PASSES, "fast-b": PASSES}).phases()
    assert phases["web.a"].reason == "the phase could not be started: can't start new thread"
    assert phases["web.b"].state == "passed"


def test_a_run_leaves_no_thread_behind(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    Stage(tmp_path).run()
    until(lambda: not set(threading.enumerate()) - before)
