"""SARIF of scanners: which results are vulnerabilities, and what is known of each."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastflow.record.result import Vulnerability
from fastflow.run import sarif_findings
from fastflow.run.sarif_findings import ScanResult, read_scan

FULL = {
    "ruleId": "sqli",
    "level": "warning",
    "message": {"text": "The answer holds an SQL error."},
    "locations": [
        {
            "physicalLocation": {"artifactLocation": {"uri": "http://me:pw@app:3000/coupon?code=%27#x"}},
            "logicalLocations": [{"name": "shop", "kind": "module"}, {"name": "code", "kind": "parameter"}],
        }
    ],
    "webRequest": {
        "method": "POST",
        "target": "http://app:3000/coupon",
        "headers": {"Authorization": "Bearer x", "Accept": "*/*"},
        "body": {"text": "code='"},
    },
}
RULES = [{"id": "sqli", "properties": {"security-severity": "9.1"}}, {"id": "info"}]


def scan(path: Path, *results: Any, rules: Any = RULES, name: str = "a.sarif") -> ScanResult:
    """Read a SARIF file of a scanner with such results."""
    driver = {"name": "probe", "rules": rules}
    (path / name).write_text(
        json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]})
    )
    return read_scan([path / name])


def one(path: Path, **changes: Any) -> Vulnerability:
    """What comes of a result with these changes."""
    result = {key: value for key, value in (FULL | changes).items() if value is not None}
    (found,) = scan(path, result).vulnerabilities
    return found


def test_a_result_tells_all_that_a_report_needs(tmp_path: Path) -> None:
    found = one(tmp_path)
    assert (found.type, found.threat, found.parameter, found.method) == ("sqli", 91, "code", "POST")
    assert found.uri == "http://app:3000/coupon"
    assert (found.scanner, found.message) == ("probe", "The answer holds an SQL error.")
    assert found.request == "POST http://app:3000/coupon HTTP/1.1\nAuthorization: ***\nAccept: */*\n\ncode='"


@pytest.mark.parametrize(
    ("result", "threat"),
    [
        ({"ruleId": "sqli"}, 91),
        ({"ruleId": "sqli", "properties": {"security-severity": "3"}}, 30),
        ({"ruleId": "sqli", "properties": {"security-severity": "0.0"}}, 1),
        ({"ruleId": "sqli", "properties": {"security-severity": "high"}}, 91),
        ({"ruleId": "sqli", "properties": {"security-severity": 10**400}}, 91),
        ({"ruleId": "sqli", "properties": {"security-severity": [7]}}, 91),
        ({"ruleId": "info", "level": "error"}, 80),
        ({"ruleId": "info", "level": "warning"}, 50),
        ({"ruleId": "info", "level": "note"}, 20),
        ({"ruleId": "info"}, 50),
        ({"ruleIndex": 0}, 91),
        ({"rule": {"index": 0}}, 91),
        ({"ruleId": "sqli/of-a-form"}, 91),
        ({}, 50),
    ],
)
def test_the_threat_is_the_severity_or_else_the_level(tmp_path: Path, result: dict[str, Any], threat: int) -> None:
    (found,) = scan(tmp_path, result).vulnerabilities
    assert found.threat == threat


def test_a_rule_may_have_a_level_for_its_results(tmp_path: Path) -> None:
    rules = [{"id": "info", "defaultConfiguration": {"level": "note"}}]
    (found,) = scan(tmp_path, {"ruleId": "info"}, rules=rules).vulnerabilities
    assert found.threat == 20


@pytest.mark.parametrize(
    "result",
    [
        {"kind": "pass"},
        {"kind": "notApplicable"},
        {"suppressions": [{"kind": "inSource"}]},
        {"suppressions": [{"kind": "external", "status": "accepted"}]},
        {"baselineState": "absent"},
    ],
)
def test_what_the_scanner_excuses_is_none(tmp_path: Path, result: dict[str, Any]) -> None:
    assert scan(tmp_path, {"ruleId": "sqli", **result}) == ScanResult((), "probe", is_sound=True)


def test_a_suppression_that_was_rejected_excuses_nothing(tmp_path: Path) -> None:
    assert scan(tmp_path, {"suppressions": [{"kind": "external", "status": "rejected"}]}).vulnerabilities


def test_a_scanners_own_fingerprint_holds_whatever_else_differs(tmp_path: Path) -> None:
    own = {"partialFingerprints": {"hole/v1": "abc"}}
    assert one(tmp_path, **own).fingerprint == one(tmp_path, **own, webRequest=None, locations=[]).fingerprint
    assert one(tmp_path, **own).fingerprint != one(tmp_path).fingerprint
    assert one(tmp_path, **own).fingerprint != one(tmp_path, partialFingerprints={"hole/v1": "abd"}).fingerprint
    assert len(one(tmp_path, **own).fingerprint) == len(one(tmp_path).fingerprint) == 16


def test_what_is_found_twice_counts_once_by_its_gravest(tmp_path: Path) -> None:
    found = scan(tmp_path, {"ruleId": "info", "level": "note"}, {"ruleId": "info", "level": "error"}).vulnerabilities
    assert [vulnerability.threat for vulnerability in found] == [80]


@pytest.mark.parametrize(
    ("files", "is_sound", "fault"),
    [
        ({}, False, None),
        ({"log.txt": "{}"}, False, None),
        ({"other.json": '{"version": "1.0"}'}, False, None),
        ({"a.sarif": '{"version": "2.1.0", "runs": []}'}, True, None),
        ({"a.json": '\ufeff{"version": "2.1.0", "runs": [{}]}', "b.json": "[]"}, True, None),
        ({"a.sarif": "{"}, False, "the scanner's a.sarif cannot be read: it is not SARIF 2.1.0"),
        ({"a.json": '{"version": "2.1.0", "runs": []}', "b.sarif": "[]"}, False, "the scanner's b.sarif cannot"),
    ],
)
def test_a_scan_is_sound_if_it_left_sarif_alone(
    tmp_path: Path, files: dict[str, str], is_sound: bool, fault: str | None
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    told = read_scan(sorted(tmp_path.iterdir()))
    assert told.is_sound == is_sound
    assert (told.fault or "").startswith(fault or "")
    assert (told.fault is None) == (fault is None)


def test_a_log_that_is_too_large_is_refused_as_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif_findings, "LARGEST_REPORT", 1_000_000)
    (tmp_path / "a.sarif").write_text('{"version": "2.1.0", "runs": []}'.ljust(1_000_001))
    told = read_scan([tmp_path / "a.sarif"])
    assert (told.is_sound, told.fault) == (False, "the scanner's a.sarif cannot be read: it is larger than 1 MB")


NAMES = ["ruleId", "level", "locations", "physicalLocation", "uri", "properties", "rules", "kind", "ruleIndex", "id"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner),
    max_leaves=10,
)


@given(st.lists(JSON, max_size=3), JSON)
def test_no_shape_of_a_result_is_an_error(tmp_path_factory: pytest.TempPathFactory, results: Any, rules: Any) -> None:
    scan(tmp_path_factory.mktemp("scan"), *results, rules=rules)
