"""The baselines of phases when they last passed, from the folders of earlier runs."""

import json
from pathlib import Path
from typing import Any

from fastflow.record.baselines import baselines_before


def run(runs: Path, name: str, *phases: dict[str, Any], spec: str = "/s") -> Path:
    """The folder of a run with these phases."""
    folder = runs / name
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(json.dumps({"spec": spec, "phases": phases}))
    return folder


def phase(baselines: int | None, state: str = "passed", name: str = "web.record") -> dict[str, Any]:
    return {"id": name, "state": state, "baselines": baselines}


def test_the_latest_pass_of_this_spec_counts(tmp_path: Path) -> None:
    run(tmp_path, "1", phase(1), phase(11, name="web.scan"))
    run(tmp_path, "2", phase(2), phase(None, name="web.scan"))
    run(tmp_path, "3", phase(3, "failed"))
    run(tmp_path, "4", phase(4), spec="/other")
    (run(tmp_path, "5") / "result.json").write_text("{")
    (tmp_path / "6").mkdir()
    earlier = [tmp_path / str(number) for number in range(6, 0, -1)]
    assert baselines_before(earlier, "/s") == {"web.record": 2, "web.scan": 11}


def test_a_result_of_the_version_before_tells_of_none(tmp_path: Path) -> None:
    assert baselines_before([run(tmp_path, "1", {"id": "web.record", "state": "passed"})], "/s") == {}
