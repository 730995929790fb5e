"""Findings as SARIF. That the log is valid, tests/e2e/test_sarif.py asks Microsoft's Multitool."""

import json
from pathlib import Path
from typing import Any

from fastflow.check.rules import RULES
from fastflow.diagnostic import Diagnostic, Mark, Related, Severity
from fastflow.report.findings_sarif import findings_as_sarif

ROOT = Path.cwd().resolve()
FOUND = Diagnostic(
    "build-id-collision",
    Severity.ERROR,
    "api.record records under BUILD_ID 1, and so does web.record",
    Mark("api.yml", 3, 15, 3, 16),
    "give each its own",
    (Related(Mark("web.yml", 5, 15, 5, 16), "web.record records under it here"),),
)


def run_of(*found: Diagnostic) -> dict[str, Any]:
    (run,) = json.loads(findings_as_sarif(found, ROOT))["runs"]
    assert isinstance(run, dict)
    return run


def fingerprints(*found: Diagnostic) -> list[str]:
    return [result["partialFingerprints"]["fastflow/v1"] for result in run_of(*found)["results"]]


def test_both_places_of_a_collision_are_told() -> None:
    (result,) = run_of(FOUND)["results"]
    assert (result["ruleId"], result["level"]) == ("build-id-collision", "error")
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "api.yml", "uriBaseId": "SRCROOT"}
    assert place["region"] == {"startLine": 3, "startColumn": 15, "endLine": 3, "endColumn": 16}
    assert result["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "web.yml"
    assert "give each its own" in result["message"]["text"]


def test_every_rule_has_its_page_and_its_usual_level() -> None:
    rules = {rule["id"]: rule for rule in run_of()["tool"]["driver"]["rules"]}
    assert set(rules) == {rule.id for rule in RULES}
    assert "its own BUILD_ID" in rules["build-id-collision"]["help"]["text"]
    assert "```yaml\nworkflows:" in rules["build-id-collision"]["help"]["markdown"]
    assert rules["build-id-collision"]["defaultConfiguration"] == {"level": "error"}
    assert rules["scope-open"]["defaultConfiguration"] == {"level": "warning"}
    assert rules["image-unpinned"]["defaultConfiguration"]["enabled"] is False


def test_a_fingerprint_stays_where_lines_move_and_differs_where_the_finding_does() -> None:
    (first,) = fingerprints(FOUND)
    moved = FOUND._replace(mark=Mark("api.yml", 30, 15, 30, 16), hint="said in other words")
    assert fingerprints(moved) == [first]
    assert fingerprints(FOUND._replace(message="other")) != [first]
    assert fingerprints(FOUND._replace(mark=Mark("web.yml", 3, 15, 3, 16))) != [first]
    assert fingerprints(FOUND._replace(rule="build-id-overlap")) != [first]


def test_of_equal_findings_each_has_a_fingerprint_of_its_own() -> None:
    assert len(set(fingerprints(FOUND, FOUND, FOUND))) == 3
