"""What an agent sends becomes events, results and files here."""

from pathlib import Path

from fastflow.cluster.watching import RUN_PATH, SPEC_PATH
from fastflow.record.events import LogLine, Note
from tests.fakes.cluster import Script

from .agents import RUN, TIME, Stage, changed, ended, files, result, said


def played(directory: Path, *messages: object) -> Stage:
    stage = Stage(directory, {"a.test": Script()})
    for line in said(*messages):  # type: ignore[arg-type]
        stage.watches["a.test"].take(line)
    return stage


def event(kind: str, **more: object) -> dict[str, object]:
    return {"type": "event", "event": {"time": TIME, "type": kind, **more}}


def test_paths_lead_to_where_the_files_are_here(tmp_path: Path) -> None:
    folder = tmp_path / ".fastflow" / "runs" / RUN
    paths = {"log": f"{RUN_PATH}/logs/a.test.log", "reports": [f"{SPEC_PATH}/out/a.test/report.html"]}
    sent = files(run__logs__a_test="one\n", spec__out__report="<html>")
    stage = played(tmp_path, sent, ended(result("a.test", "passed", **paths)))
    assert stage.result("a.test").log == str(folder / "logs/a.test.log")
    assert stage.result("a.test").reports == (str(tmp_path / "out/a.test/report.html"),)
    assert (folder / "logs/a_test").read_text() == "one\n"
    assert (tmp_path / "out/report").read_text() == "<html>"


def test_a_nodes_lines_are_shown_and_kept(tmp_path: Path) -> None:
    stage = played(tmp_path, event("log", phase="a.test", line="hello"), event("note", phase=None, message="built"))
    assert [one.line for one in stage.events if isinstance(one, LogLine)] == ["hello"]
    assert [one.message for one in stage.events if isinstance(one, Note)] == ["built"]
    assert stage.logged == [("a.test", "hello")]


def test_events_of_the_agents_own_run_and_of_phases_elsewhere_are_left_out(tmp_path: Path) -> None:
    told = [
        event("run", phase=None, state="started", run="r1u1", spec="s", phases=["a.test"]),
        event("run", phase=None, state="ended", exit_code=0),
        changed("b.test", "passed"),
    ]
    assert played(tmp_path, *told).events == []


def test_what_could_not_be_started_fails_with_the_reason(tmp_path: Path) -> None:
    stage = played(tmp_path, ended(code=4, refusal="BUILD_ID 1 is in use on this engine", hint="wait"))
    assert (stage.result("a.test").state, stage.result("a.test").hint) == ("failed", "wait")
    assert stage.result("a.test").reason == "BUILD_ID 1 is in use on this engine"


def test_an_archive_writes_nothing_outside(tmp_path: Path) -> None:
    inside = tmp_path / "spec"
    inside.mkdir()
    stage = Stage(inside, {"a.test": Script()})
    for line in said(files(spec__x="fine", **{"..__evil": "no"}), ended(result("a.test", "passed"))):
        stage.watches["a.test"].take(line)
    assert not (tmp_path / "evil").exists()
    assert stage.result("a.test").state == "passed"
