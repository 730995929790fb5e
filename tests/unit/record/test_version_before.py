"""The run's folder as the version before wrote it: it is still read, and its lines are still written so."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fastflow.record.archive import read_archive
from fastflow.record.digest import read_digest
from fastflow.record.events import PhaseChanged, as_json
from fastflow.record.history import read_history
from fastflow.record.plan_file import read_plan_file
from fastflow.report.kinds import KINDS, render

SAVED = Path(__file__).parent / "version_before"
RUN = SAVED / "r1"


def _with_added(phase: dict[str, Any], *, in_result: bool = True) -> dict[str, Any]:
    """A phase as it was told, with the fields that this version adds."""
    found = [one | {"scanner": None, "message": None} for one in phase.get("vulnerabilities", ())]
    more = {"vulnerabilities": found} if "vulnerabilities" in phase else {}
    return phase | more | ({"baselines": None} if in_result else {})


def test_its_result_is_read() -> None:
    archive = read_archive(RUN)
    assert archive.result is not None
    assert (archive.run, archive.result.exit_code) == ("r1", 1)
    assert [(phase.id, phase.state) for phase in archive.phases] == [
        ("web.record", "passed"),
        ("web.test", "vulnerable"),
    ]
    assert json.loads(json.dumps(archive.result.as_json())) == json.loads((RUN / "result.json").read_text()) | {
        "phases": [_with_added(one) for one in json.loads((RUN / "result.json").read_text())["phases"]]
    }
    assert list(archive.logs) == ["web.record", "web.record.source", "web.test"]


def test_its_plan_is_written_as_it_was() -> None:
    plan = read_plan_file(RUN)
    assert plan is not None
    assert json.dumps(plan.as_json(), indent=2) + "\n" == (RUN / "plan.json").read_text()


def test_of_a_killed_one_the_events_tell_the_same(tmp_path: Path) -> None:
    killed = Path(shutil.copytree(RUN, tmp_path / "r1"))
    (killed / "result.json").unlink()
    told = read_archive(killed).phases
    assert [replace(phase, log=None, ended=None) for phase in told] == [
        replace(phase, log=None, ended=None, exit_code=None) for phase in read_archive(RUN).phases
    ]
    assert told[1].log == str(killed / "logs" / "web.test.log")


@pytest.mark.parametrize("path", [RUN / "events.jsonl", SAVED / "lines.jsonl"], ids=lambda path: path.stem)
def test_its_events_are_written_as_they_were(path: Path, tmp_path: Path) -> None:
    shutil.copy(path, tmp_path / "events.jsonl")
    history = read_history(tmp_path)
    assert history is not None
    assert history.is_understood
    lines = [json.dumps(as_json(event), ensure_ascii=False) for event in history.events]
    known = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    assert lines == [json.dumps(_with_added(one, in_result=False), ensure_ascii=False) for one in known]


def test_a_phase_that_is_kept_has_its_ids_also_where_it_has_none() -> None:
    kept = PhaseChanged("web.record", "passed", "passed in run r1", "recording", test_record="rec_1", is_kept=True)
    assert list(as_json(kept).items())[3:] == [
        ("state", "passed"),
        ("reason", "passed in run r1"),
        ("mode", "recording"),
        ("test_record", "rec_1"),
        ("test_run", None),
    ]


def test_it_can_be_resumed() -> None:
    digest = read_digest(RUN)
    assert digest is not None
    assert (digest.run, digest.is_emulated, digest.build_ids) == ("r1", True, {"workflows.web.build_id": "b1"})


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_report_tells_of_it(kind: str) -> None:
    assert "48da4db542cd3283" in render(kind, read_archive(RUN))
