"""The adapter of wapiti, on what wapiti 3.2 wrote."""

from itertools import pairwise
from pathlib import Path

from .loading import SESSION, TARGET, adapter, attack, captured, shared

wapiti, sarif = adapter("wapiti"), shared("sarif")


def command() -> list[str]:
    words: list[str] = wapiti.command(attack(), Path("scratch"), Path("report"))
    return words


def values(option: str) -> list[str]:
    words = command()
    return [value for name, value in pairwise(words) if name == option]


def test_each_vulnerability_is_found_at_its_parameter() -> None:
    found = list(wapiti.findings(captured("wapiti.json"), TARGET))
    assert [(one.rule.id, one.method, one.url, one.parameter) for one in found] == [
        ("path_traversal", "GET", f"{TARGET}/manuals", "file"),
        ("reflected_cross_site_scripting", "GET", f"{TARGET}/search", "q"),
    ]
    assert [(one.rule.severity, one.rule.cwe) for one in found] == [(9.1, 22), (6.1, 79)]
    assert found[0].request.startswith("GET /manuals?file=")


def test_the_session_is_in_its_requests_and_not_in_the_report() -> None:
    found = list(wapiti.findings(captured("wapiti.json"), TARGET))
    assert f"cookie: {SESSION}" in found[0].request
    assert SESSION not in str(sarif.sarif_log(sarif.Tool("wapiti", "3", "https://wapiti.example"), found, "7"))
    assert values("--header") == [f"Cookie: {SESSION}"]


def test_it_starts_at_each_recorded_page_and_stays_on_the_target() -> None:
    starts = values("--start")
    assert f"{TARGET}/search?q=oak" in starts
    assert f"{TARGET}/coupon" not in starts  # a POST
    assert len(starts) == len(set(starts))
    assert (values("--url"), values("--scope"), values("--endpoint")) == ([f"{TARGET}/"], ["folder"], [TARGET])


def test_no_module_that_asks_a_server_elsewhere_is_on_by_itself() -> None:
    (modules,) = values("--module")
    assert not {"ssrf", "xxe", "log4shell", "wapp"} & set(modules.split(","))


def test_a_finding_of_the_application_as_a_whole_has_no_parameter() -> None:
    report = captured("wapiti.json")
    entry = report["vulnerabilities"]["Path Traversal"][0] | {"parameter": ""}
    report["vulnerabilities"] = {}
    report["anomalies"] = {"Path Traversal": [entry]}
    (found,) = wapiti.findings(report, TARGET)
    assert found.parameter is None
