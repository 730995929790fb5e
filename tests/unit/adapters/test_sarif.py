"""The SARIF that adapters write. That the Multitool accepts it, tests/e2e/test_adapters.py asks the tool itself."""

from typing import Any

import pytest

from .loading import TARGET, shared

sarif = shared("sarif")
XSS = sarif.Rule("xss", "Cross Site Scripting", 6.1, "A page shows what it is sent.", 79)
SQLI = sarif.Rule("sqli", "SQL Injection", 9.8, "A statement contains what it is sent.")
TOOL = sarif.Tool("scanner", "1.2", "https://scanner.example")


def finding(rule: Any = XSS, url: str = f"{TARGET}/search", parameter: str | None = "q", **more: Any) -> Any:
    return sarif.Finding(rule, "found", more.pop("method", "GET"), url, parameter, **more)


def run_of(*findings: Any) -> Any:
    (run,) = sarif.sarif_log(TOOL, findings, "7")["runs"]
    return run


def test_a_result_says_what_where_and_by_which_request() -> None:
    run = run_of(finding(request="GET /search?q=%3Cb%3E HTTP/1.1"))
    assert run["automationDetails"] == {"id": "scanner/7"}
    (result,) = run["results"]
    assert (result["ruleId"], result["level"], result["message"]) == ("xss", "warning", {"text": "found"})
    assert result["locations"] == [
        {
            "physicalLocation": {"artifactLocation": {"uri": f"{TARGET}/search"}},
            "logicalLocations": [{"name": "q", "kind": "parameter"}],
        }
    ]
    assert result["properties"] == {"method": "GET", "parameter": "q", "request": "GET /search?q=%3Cb%3E HTTP/1.1"}


def test_a_rule_carries_its_severity_as_code_scanning_reads_it() -> None:
    xss, sqli = run_of(finding(), finding(SQLI))["tool"]["driver"]["rules"]
    assert xss["properties"] == {"security-severity": "6.1", "tags": ["security", "external/cwe/cwe-079"]}
    assert (xss["name"], xss["defaultConfiguration"]) == ("CrossSiteScripting", {"level": "warning"})
    assert sqli["properties"] == {"security-severity": "9.8", "tags": ["security"]}


def test_each_result_points_at_its_own_rule() -> None:
    run = run_of(finding(SQLI), finding(), finding(SQLI, parameter="r"))
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [rules[result["ruleIndex"]] for result in run["results"]] == ["sqli", "xss", "sqli"]


def test_a_finding_without_a_parameter_has_none() -> None:
    (result,) = run_of(finding(parameter=None))["results"]
    assert "logicalLocations" not in result["locations"][0]
    assert result["properties"] == {"method": "GET"}


def test_payloads_and_hosts_are_no_part_of_a_fingerprint() -> None:
    first = finding(url=f"{TARGET}/search?q=<b>", request="one")
    assert first.fingerprint == finding(url="http://other/search?q=<i>", request="two").fingerprint
    assert len(run_of(first, finding(url=f"{TARGET}/search?q=x"))["results"]) == 1


@pytest.mark.parametrize(
    "other",
    [finding(SQLI), finding(url=f"{TARGET}/notes"), finding(parameter="r"), finding(method="POST")],
)
def test_another_rule_place_or_parameter_is_another_vulnerability(other: Any) -> None:
    assert other.fingerprint != finding().fingerprint


def test_an_operation_stands_for_paths_that_differ_in_every_run() -> None:
    orders = [finding(url=f"{TARGET}/orders/{number}", operation="GET /orders/{id}") for number in (1, 2)]
    assert orders[0].fingerprint == orders[1].fingerprint


def test_sessions_are_masked() -> None:
    request = "GET / HTTP/1.1\r\nHost: app\r\ncookie: session=5ecre7\r\nAuthorization: Bearer 5ecre7\r\n\r\n"
    (result,) = run_of(finding(request=request))["results"]
    assert result["properties"]["request"] == "GET / HTTP/1.1\nHost: app\ncookie: ***\nAuthorization: ***\n\n"


@pytest.mark.parametrize(
    ("url", "uri"),
    [
        (f"{TARGET}/a b/{{id}}?q=1#x", f"{TARGET}/a%20b/%7Bid%7D"),
        (f"{TARGET}/a%20b", f"{TARGET}/a%20b"),
        (TARGET, f"{TARGET}/"),
    ],
)
def test_a_location_is_a_valid_uri_without_a_query(url: str, uri: str) -> None:
    (result,) = run_of(finding(url=url))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


@pytest.mark.parametrize(
    ("severity", "level"), [(10, "error"), (7, "error"), (6.9, "warning"), (4, "warning"), (3.9, "note")]
)
def test_levels_are_split_as_cvss_splits_them(severity: float, level: str) -> None:
    assert sarif.level(severity) == level
