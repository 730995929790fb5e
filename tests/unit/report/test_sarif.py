"""The shape of SARIF logs. That Microsoft's Multitool accepts them, tests/e2e/test_sarif.py asks the tool itself."""

import json
from pathlib import Path
from typing import Any

import pytest

from fastflow.report.sarif import Location, Result, Rule, sarif_log, uri_of
from fastflow.spec.reader import relative_path, root_of

SQLI = Rule("sqli", "an SQL injection", "A parameter comes into SQL.", "Bind parameters.", level="error")
OPEN = Rule("scope-open", "an open scope", "Every host is attacked.", "Name hosts.", is_enabled=False)
PLACE = Location("shop/fastflow.yml", 3, 5, 4, 9, logical_name="web.test")


def result(rule: str = "sqli", message: str = "found", **more: Any) -> Result:
    return Result(rule, "error", message, "e131a9f1", more.pop("locations", (PLACE,)), **more)


def run_of(*results: Result, rules: tuple[Rule, ...] = (SQLI, OPEN)) -> dict[str, Any]:
    (run,) = json.loads(sarif_log("fastflow-up", rules, results))["runs"]
    assert isinstance(run, dict)
    return run


def test_results_point_at_their_rule() -> None:
    run = run_of(result(), result("scope-open"))
    assert [(one["ruleId"], one["ruleIndex"]) for one in run["results"]] == [("sqli", 0), ("scope-open", 1)]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["sqli", "scope-open"]


def test_a_result_of_no_listed_rule_is_refused() -> None:
    with pytest.raises(KeyError):
        run_of(result("xss"))


def test_a_rule_is_enabled_unless_it_says_otherwise_and_its_name_is_not_its_id_again() -> None:
    first, second = run_of()["tool"]["driver"]["rules"]
    assert first["defaultConfiguration"] == {"level": "error"}
    assert second["defaultConfiguration"] == {"level": "warning", "enabled": False}
    assert "name" not in first
    assert second["name"] == "ScopeOpen"


def test_a_location_below_the_root_is_relative_and_another_is_whole() -> None:
    told = run_of(result(locations=(PLACE, Location("/etc/x.yml"))))["results"][0]["locations"]
    assert [place["physicalLocation"]["artifactLocation"] for place in told] == [
        {"uri": "shop/fastflow.yml", "uriBaseId": "SRCROOT"},
        {"uri": "file:///etc/x.yml"},
    ]
    assert told[0]["logicalLocations"] == [{"fullyQualifiedName": "web.test"}]


def test_a_region_without_columns_is_whole_lines() -> None:
    told = run_of(result(locations=(PLACE, Location("a.yml", 7))))["results"][0]["locations"]
    assert [place["physicalLocation"]["region"] for place in told] == [
        {"startLine": 3, "startColumn": 5, "endLine": 4, "endColumn": 9},
        {"startLine": 7, "endLine": 7},
    ]


def test_a_result_tells_all_that_is_known_of_it_and_nothing_else() -> None:
    full = result(
        related=(Location("a.yml", message="here"),),
        suppressed="known",
        rank=80,
        properties={"a": 1},
    )
    told, bare = run_of(full, result())["results"]
    assert told["relatedLocations"][0]["message"] == {"text": "here."}
    assert told["suppressions"] == [{"kind": "external", "status": "accepted", "justification": "known"}]
    assert (told["rank"], told["properties"]) == (80, {"a": 1})
    assert told["partialFingerprints"] == {"fastflow/v1": "e131a9f1"}
    assert not {"relatedLocations", "suppressions", "rank", "properties"} & set(bare)


def test_brackets_in_a_message_make_no_link() -> None:
    told = run_of(result(message="[a](b) in `q`"))["results"][0]["message"]
    assert told == {"text": "[a\\](b) in `q`."}


def test_files_are_named_from_the_work_tree_of_git(tmp_path: Path) -> None:
    root = tmp_path.resolve()
    (root / "sub").mkdir()
    assert root_of(root / "sub") == root / "sub"
    (root / ".git").mkdir()
    assert root_of(root / "sub") == root
    assert relative_path(str(root / "sub" / ".." / "a.yml"), root) == "a.yml"
    assert uri_of(str(root / "sub" / "ä b.yml"), root) == "sub/%C3%A4%20b.yml"
    assert uri_of("/elsewhere/a.yml", root) == "/elsewhere/a.yml"
    assert uri_of("-", root) == "stdin"
