"""A run's folder, read: whole, cut short, of another version, or of something else."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from fastflow.errors import UsageError
from fastflow.record.archive import find_run, read_archive
from fastflow.record.events import as_json
from fastflow.record.plan_file import plan_file_from
from fastflow.record.result import RunResult, Suppression
from fastflow.report.kinds import KINDS, render
from tests.unit.report.drawings import plan_json, told
from tests.unit.report.html.archives import change, found, phase, time
from tests.unit.report.run_archives import write_run
from tests.unit.run.stage import FINDS, Stage

RUN = "261124090000abcde"
BEGUN = {"time": time(0), "type": "run", "phase": None, "state": "started", "run": RUN, "spec": "/w/fastflow.yml"}
PLAN = {**plan_json(told("web.test", 1), told("web.record", 0, mode="recording", build_id="b7")), "resolved": "a: 1\n"}


def result_of(*phases: object) -> RunResult:
    return RunResult(RUN, "/w/fastflow.yml", 1, time(0), time(9), phases)  # type: ignore[arg-type]  # of PhaseResult


def test_what_a_run_wrote_reads_back(tmp_path: Path) -> None:
    known = replace(found(2), gate="accepted", suppressed=Suppression("known", "2030-01-01"))
    result = result_of(phase("web.test", "vulnerable", vulnerabilities=(found(1), known)), phase("web.record"))
    folder = write_run(
        tmp_path,
        result,
        events=(BEGUN,),
        plan=PLAN,
        logs={"web.test": "t", "web.record.source": "s", "web.record": "r"},
    )
    archive = read_archive(folder)
    assert (archive.result, archive.phases, archive.plan) == (result, result.phases, plan_file_from(PLAN))
    assert list(archive.logs.items()) == [("web.test", "t"), ("web.record", "r"), ("web.record.source", "s")]
    assert (archive.resolved, archive.started) == ("a: 1\n", time(0))


def test_a_real_run_reads_back(tmp_path: Path) -> None:
    stage = Stage(tmp_path, scripts={"fast-test": FINDS})
    result = stage.run()
    archive = read_archive(tmp_path / ".fastflow/runs/r1")
    assert archive.result == result
    (tmp_path / ".fastflow/runs/r1/result.json").unlink()
    killed = read_archive(tmp_path / ".fastflow/runs/r1")
    told = [(one.id, one.state, one.reason, one.test_run, one.vulnerabilities) for one in result.phases]
    assert [(one.id, one.state, one.reason, one.test_run, one.vulnerabilities) for one in killed.phases] == told


def test_of_a_killed_run_the_events_tell_up_to_the_last_whole_line(tmp_path: Path) -> None:
    events = (
        {**BEGUN, "phases": ["web.record", "web.test", "web.again"]},
        replace(change(1, "web.record", "starting"), attempts=2),
        replace(change(5, "web.record", "passed"), test_record="rec_1"),
        change(5, "web.test", "starting", "testing"),
    )
    folder = write_run(tmp_path, None, events=events, plan=PLAN, logs={"web.record": ""})
    with (folder / "events.jsonl").open("a") as file:
        file.write("null\nno JSON\n" + json.dumps(as_json(change(9, "web.test", "passed"))))
    archive = read_archive(folder)
    assert archive.result is None
    test, record, again = archive.phases
    assert (record.id, record.state, record.test_record, record.attempts) == ("web.record", "passed", "rec_1", 2)
    assert (record.started, record.ended, record.build_id, record.mode) == (time(1), time(5), "b7", "recording")
    assert record.log == str(folder / "logs/web.record.log")
    assert (test.state, test.started, test.ended, test.log) == ("starting", time(5), None, None)
    assert (again.state, again.workflow) == ("waiting", "web")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_tells_of_a_run_that_was_killed(tmp_path: Path, kind: str) -> None:
    ended = replace(change(2, "web.test", "vulnerable", "testing"), vulnerabilities=(found(1),))
    folder = write_run(tmp_path, None, events=({**BEGUN, "phases": ["web.test", "web.record"]}, ended), plan=PLAN)
    text = render(kind, read_archive(folder))
    assert f"{1:016x}" in text
    if kind == "json":
        shown = json.loads(text)
        assert (shown["exit_code"], shown["ended"], shown["run"]) == (None, None, RUN)


def test_a_run_of_which_nothing_was_started_says_why(tmp_path: Path) -> None:
    refused = {"time": time(1), "type": "run", "phase": None, "state": "refused", "reason": "no <engine> & no luck"}
    archive = read_archive(write_run(tmp_path, None, events=(refused,), plan=PLAN))
    assert archive.history.refusal == "no <engine> & no luck"
    case = next(ElementTree.fromstring(render("junit", archive)).iter("error"))
    assert case.get("message") == archive.history.refusal
    assert "Nothing was started: `no <engine> & no luck`" in render("markdown", archive)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"run": 1}', "[" * 100_000])
def test_a_result_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    folder = write_run(tmp_path, None, events=(BEGUN,))
    (folder / "result.json").write_text(text)
    with pytest.raises(UsageError, match="cannot be parsed"):
        read_archive(folder)


def test_events_of_another_version_are_refused_unless_there_is_a_result(tmp_path: Path) -> None:
    begun = {**BEGUN, "phases": ["web.test"]}
    paused = {**as_json(change(1, "web.test", "starting")), "state": "paused"}
    with pytest.raises(UsageError, match=r"events\.jsonl cannot be read: another version of fastflow wrote it"):
        read_archive(write_run(tmp_path / "a", None, events=(begun, paused)))
    folder = write_run(tmp_path / "b", result_of(phase("web.test")), events=(begun, paused))
    assert [one.state for one in read_archive(folder).phases] == ["passed"]


def test_a_kind_of_event_that_is_not_known_is_left_out(tmp_path: Path) -> None:
    begun, other = {**BEGUN, "phases": ["web.test"]}, {"time": time(1), "type": "weather", "state": 7}
    archive = read_archive(write_run(tmp_path, None, events=(begun, other)))
    assert [(one.id, one.state) for one in archive.phases] == [("web.test", "waiting")]


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not the folder of a run"):
        read_archive(tmp_path)


@pytest.mark.parametrize("plan", ["", "[]", '{"phases": 7}', '{"phases": [7, {}]}'])
def test_a_plan_that_is_none_takes_nothing_away(tmp_path: Path, plan: str) -> None:
    folder = write_run(tmp_path, result_of(phase("web.test", vulnerabilities=(found(1),))))
    (folder / "plan.json").write_text(plan)
    archive = read_archive(folder)
    assert archive.planned("web.test") is None
    for kind in KINDS:
        assert "web.test" in render(kind, archive)


def test_runs_are_found_by_their_ids_or_folders_and_the_last_one_without(tmp_path: Path) -> None:
    early, late = (write_run(tmp_path, None, run=f"26112409000{at}abcde") for at in (1, 2))
    assert find_run(None, tmp_path) == late
    assert find_run(early.name, tmp_path) == early
    assert find_run(str(early), tmp_path / "elsewhere") == early
    with pytest.raises(UsageError) as caught:
        find_run("nothing", tmp_path)
    assert late.name in (caught.value.hint or "")
    with pytest.raises(UsageError, match="there is no run in"):
        find_run(None, tmp_path / "elsewhere")
