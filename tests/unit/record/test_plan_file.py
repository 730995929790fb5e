"""plan.json of a run: what `plan --format json` prints and more, and nothing that is a secret."""

import json
from pathlib import Path
from typing import Any

import pytest

from fastflow.pipeline import SpecText, check, plan
from fastflow.plan.making import Selection
from fastflow.record.plan_file import EngineVersions, plan_file_of_run
from fastflow.report.plan import plan_as_json

SPEC = """\
name: shop
x-note: &git https://joe:opensesame@git.example/ext.git
workflows:
  web:
    build_id: web${NUMBER}
    nodes:
      record:
        mode: recording
        environment: { PASSWORD: "${ANYTHING}" }
        container: { working_dir: "/${ANYTHING}" }
        source: { run: "curl $ANYTHING", environment: { A: "${ANYTHING}" } }
      test:
        mode: testing
        gate: { threat: 50, accept: known.yml }
        test_run_name: "of ${NUMBER} and ${MY_API_KEY} and ${DB_PASSWORD}"
        git_extensions: *git
        allow_failure: true
"""
VALUES = {
    "NUMBER": "7",
    "ANYTHING": "opensesame",
    "MY_API_KEY": "opensesame",
    "DB_PASSWORD": "opensesame",
    "WALLARM_API_TOKEN": "opensesame",
}


def told(directory: Path, name: str = "fastflow.yml") -> dict[str, Any]:
    text = SpecText(name, directory, SPEC.encode())
    (facts,) = check([text], VALUES).specs
    made = plan(facts, directory, Selection())
    content: dict[str, Any] = json.loads(json.dumps(plan_file_of_run(made, facts, VALUES, "r1").as_json()))
    plain = json.loads(plan_as_json(made))
    for phase in content["phases"]:
        (same,) = (one for one in plain["phases"] if one["id"] == phase["id"])
        assert phase.items() >= same.items()
    assert content.items() >= {key: value for key, value in plain.items() if key != "phases"}.items()
    return content


def test_a_phase_has_its_line_its_gate_and_its_image(tmp_path: Path) -> None:
    record, test = told(tmp_path)["phases"]
    assert {key: test[key] for key in ("line", "column", "allow_failure", "image", "gate")} == {
        "line": 12,
        "column": 7,
        "allow_failure": True,
        "image": "wallarm/fast",
        "gate": {"threat": 50, "accept": "known.yml"},
    }
    assert (record["line"], record["gate"]) == (7, None)


def test_the_spec_is_named_from_the_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    deep = tmp_path / "ci" / "fast"
    deep.mkdir(parents=True)
    assert told(deep, str(deep / "fastflow.yml"))["spec"] == "ci/fast/fastflow.yml"
    assert told(deep, "-")["spec"] == "-"


def test_the_spec_is_there_with_its_values_but_no_secret(tmp_path: Path) -> None:
    content = told(tmp_path)
    assert "opensesame" not in json.dumps(content)
    for line in ("build_id: web7", "of 7 and *** and ***", "https://***@git.example/ext.git", "curl $ANYTHING"):
        assert line in content["resolved"]


@pytest.mark.parametrize(("name", "shown"), [("", "default"), ("far", "far")])
def test_versions_are_told_by_host(name: str, shown: str) -> None:
    text = SpecText("fastflow.yml", Path(), SPEC.encode())
    (facts,) = check([text], VALUES).specs
    told = plan_file_of_run(plan(facts, Path(), Selection()), facts, VALUES, "r1")
    assert "hosts" not in told.as_json()
    content = told.with_hosts({name: EngineVersions("28.0", "2.40")}).as_json()
    assert content["hosts"] == {shown: {"engine": "28.0", "compose": "2.40"}}
