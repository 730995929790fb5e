"""A run that takes up another: its selection, its fixed values, and what its folder is read for."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastflow.graph import Edge, Graph
from fastflow.masking import Masker
from fastflow.plan.making import Resumption, Selection
from fastflow.record.archive import find_run, read_archive
from fastflow.record.digest import ResumeDigest, digest_of_tokens, digests, read_digest, write_digest
from fastflow.record.folder import RunFolder
from fastflow.record.result import PhaseResult, RunResult
from fastflow.run.earlier import EarlierRun, earlier_run, results_to_keep

from .stage import PASSES, SPEC, Stage, settings_of

DIGEST = ResumeDigest(
    "r0", False, {"FASTFLOW_RUN_ID": "r0"}, {"workflows.web.build_id": "web1"}, "t", {"a": "1"}, {"c.yml": "2"}
)


def graph_of(count: int, edges: set[tuple[int, int]]) -> Graph:
    phases = {str(at): SimpleNamespace(node=SimpleNamespace(mode="testing")) for at in range(count)}
    made = Graph((), (Edge(str(a), str(b), "depends_on", "completed") for a, b in sorted(edges)))
    made.phases = phases  # type: ignore[assignment]  # only their names and modes are looked at
    return made


@given(st.data())
def test_what_did_not_pass_runs_again_with_all_that_depends_on_it_and_nothing_else(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 7))
    pairs = [(a, b) for b in range(count) for a in range(b)]
    edges = data.draw(st.sets(st.sampled_from(pairs))) if pairs else set()
    passed = data.draw(st.sets(st.integers(0, count - 1)))
    graph = graph_of(count, edges)
    again = Resumption("r0", frozenset(map(str, passed))).again(graph)
    expected = {
        str(at)
        for at in range(count)
        if at not in passed or any(other not in passed and graph.is_before(str(other), str(at)) for other in range(at))
    }
    assert again == expected


def resumed(directory: Path, *passed: str, text: str = SPEC, **more: frozenset[str]) -> Stage:
    return Stage(
        directory,
        text,
        settings=settings_of(keep=True),
        selection=Selection(resumption=Resumption("r0", frozenset(passed), **more)),
    )


def test_a_tester_gets_the_record_of_the_run_that_is_taken_up(tmp_path: Path) -> None:
    stage = resumed(tmp_path, "web.record")
    before = PhaseResult("web.record", "web", "default", "recording", "web1", "passed", test_record="rec_1")
    stage.earlier = (before,)
    result = stage.run()
    assert [(phase.id, phase.state, phase.test_record) for phase in result.phases] == [
        ("web.record", "passed", "rec_1"),
        ("web.test", "passed", "rec_1"),
    ]
    assert result.phases[0] == before
    assert (result.resumes, result.exit_code) == ("r0", 0)
    assert stage.environment_of("fast-test")["TEST_RECORD_ID"] == "rec_1"
    assert not stage.states("web.record")[1:]


def test_another_record_than_the_old_one_is_a_mismatch(tmp_path: Path) -> None:
    stage = resumed(tmp_path, "web.record")
    stage.earlier = (PhaseResult("web.record", "web", "default", "recording", "web1", "passed", test_record="rec_7"),)
    phase = {phase.id: phase for phase in stage.run().phases}["web.test"]
    assert phase.reason == "record mismatch: the node tested rec_1, but this run recorded rec_7"


def test_a_recording_that_runs_again_ties_its_tester_to_the_new_record(tmp_path: Path) -> None:
    stage = resumed(tmp_path, "web.test")
    assert {phase.id: phase.state for phase in stage.run().phases} == {"web.record": "passed", "web.test": "passed"}
    assert stage.environment_of("fast-test")["TEST_RECORD_ID"] == "rec_1"


def test_a_record_that_was_found_empty_is_recorded_again(tmp_path: Path) -> None:
    plan = resumed(tmp_path, "web.record", found_empty=frozenset(["web.test"])).plan
    assert [phase.id for phase in plan.selected] == ["web.record", "web.test"]


def test_digests_are_equal_for_equal_texts_under_one_token_only() -> None:
    texts = {"a": "1", "b": "1"}
    one, other = digests(texts, {"T": "x"}), digests(texts, {"T": "y"})
    assert one == digests(dict(texts), {"T": "x"})
    assert len({*one.values(), *other.values()}) == 4
    assert digest_of_tokens({"T": "x"}) != digest_of_tokens({"T": "y"}) != digest_of_tokens({"S": "y"})


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({"fields": {"a": "9"}}, ["the spec's field a has changed"]),
        ({"fields": {"b": "1"}}, ["the spec's field a is gone", "the spec's field b is new"]),
        ({"files": {}}, ["the Compose file c.yml is gone"]),
        (
            {"tokens": "u", "fields": {}},
            ["the value of the token has changed, but records belong to the token that they were recorded with"],
        ),
        ({"build_ids": {}, "variables": {}, "run": "r1"}, []),
    ],
)
def test_changes_are_named(now: Mapping[str, object], said: list[str]) -> None:
    changes = list(replace(DIGEST, **now).changes_since(DIGEST))  # type: ignore[arg-type]  # fields by name
    assert [text.partition(":")[0] for text in changes] == said


def found(name: str, directory: Path) -> EarlierRun:
    archive = read_archive(find_run(name, directory))
    return earlier_run(archive.folder, archive.phases)


def ended(directory: Path, *results: PhaseResult) -> RunFolder:
    """The folder of a run, as it was when it ended."""
    folder = RunFolder(directory, "r0", Masker())
    folder.close()
    write_digest(folder, DIGEST)
    folder.write_result(RunResult("r0", "fastflow.yml", 3, "t", "t", results))
    return folder


def test_a_folder_is_found_by_id_and_by_path_and_read(tmp_path: Path) -> None:
    empty = PhaseResult("web.test", "web", "h", "testing", None, "failed", "empty record: nothing")
    folder = ended(tmp_path, PhaseResult("web.record", "web", "h", "recording", None, "passed"), empty)
    for name, directory in (("r0", tmp_path), (str(folder.path), tmp_path / "elsewhere")):
        earlier = found(name, directory)
        assert earlier.digest == DIGEST == read_digest(folder.path)
        assert earlier.resumption == Resumption("r0", frozenset(["web.record"]), frozenset(["web.test"]))


def test_what_is_kept_moves_to_the_new_folder(tmp_path: Path) -> None:
    log = "/other/machine/.fastflow/runs/r0/logs/web.record.log"
    old = ended(tmp_path / "old", PhaseResult("web.record", "", "h", "recording", None, "passed", log=log))
    (old.path / "logs" / "web.record.log").write_text("recorded\n")
    (old.path / "logs" / "web.record2.log").write_text("of another phase\n")
    plan = resumed(tmp_path, "web.record").plan
    new = RunFolder(tmp_path / "new", "r1", Masker())
    new.close()
    (kept,) = results_to_keep(found(str(old.path), tmp_path), plan, new)
    assert (kept.build_id, kept.workflow, kept.reason) == ("web1", "web", "passed in run r0")
    assert kept.log is not None
    assert Path(kept.log).read_text() == "recorded\n"
    assert [path.name for path in new.path.glob("logs/*")] == ["web.record.log"]


def test_a_killed_run_is_read_from_its_events(tmp_path: Path) -> None:
    stage = Stage(tmp_path, scripts={"fast-test": PASSES})
    stage.run()
    shutil.copy(ended(tmp_path).path / "resume.json", stage.folder)
    (stage.folder / "result.json").unlink()
    results = found("r1", tmp_path).results
    assert (results["web.record"].state, results["web.record"].test_record) == ("passed", "rec_1")
    assert (results["web.test"].state, results["web.test"].test_run) == ("passed", "tr_1")
