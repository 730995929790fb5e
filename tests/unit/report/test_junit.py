"""The JUnit report, read back by junitparser as CI systems read it."""

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from fastflow.report.junit import render

from .html.archives import HOSTILE, Told, found, hostile_run, phase, told_run, vulnerable_run

LOG = """\
INFO [1]: Use TestRecord#rec_1 for creating TestRun
INFO [1]: TestRun#tr_1 created
INFO [1]: Running a test set for the baseline #bl_1
INFO [1]: Found 1 vulnerabilities, marking the test set for baseline #bl_1 as failed
INFO [1]: Running a test set for the baseline #bl_2
INFO [1]: No issues found. Test set for baseline #bl_2 passed.
INFO [1]: Running a test set for the baseline #bl_3
ERROR [1]: Test set for baseline #bl_3 could not run: GET http://app/ gave no answer
INFO [1]: Running a test set for the baseline #bl_4
"""


def read(told: Told) -> dict[str, TestCase]:
    """The cases by their class and name; each suite counts what it holds."""
    document = JUnitXml.fromstring(render(told).encode())
    cases: dict[str, TestCase] = {}
    for suite in document:
        assert isinstance(suite, TestSuite)
        held = list(suite)
        cases |= {f"{case.classname}/{case.name}": case for case in held}
        for kind, counted in ((Failure, suite.failures), (Error, suite.errors), (Skipped, suite.skipped)):
            assert counted == sum(isinstance(case.result[0], kind) for case in held if case.result)
        assert suite.tests == len(held)
    assert document.tests == len(cases)
    return cases


def outcome(case: TestCase) -> str:
    return type(case.result[0]).__name__ if case.result else "passed"


def test_suites_are_workflows_and_cases_are_phases() -> None:
    cases = read(vulnerable_run())
    assert {name: outcome(case) for name, case in cases.items() if "baseline" not in name} == {
        "web/web.record": "passed",
        "web/web.test": "Failure",
        "api/api.test": "Error",
    }
    assert cases["web/web.test"].result[0].message == "vulnerable: 3 vulnerabilities found"
    assert cases["api/api.test"].result[0].message == "failed (allowed): empty record"
    assert cases["web/web.record"].time == 10.0


@pytest.mark.parametrize(
    ("state", "kind"),
    [("skipped", "Skipped"), ("cancelled", "Skipped"), ("waiting", "Skipped"), ("running", "Error")],
)
def test_what_did_not_come_to_a_verdict_has_not_passed(state: str, kind: str) -> None:
    told = replace(told_run(), phases=(phase("web.test", state, ended=None),), result=None)  # type: ignore[arg-type]  # pytest's
    assert outcome(read(told)["web/web.test"]) == kind


def test_each_baseline_is_a_case_with_what_was_found_with_it() -> None:
    test = phase("web.test", "vulnerable", vulnerabilities=(found(1),))
    cases = read(told_run(test, logs={"web.test": LOG}))
    told = {name: outcome(case) for name, case in cases.items() if name.startswith("web.test/")}
    assert told == {
        "web.test/baseline bl_1": "Failure",
        "web.test/baseline bl_2": "passed",
        "web.test/baseline bl_3": "Error",
        "web.test/baseline bl_4": "Skipped",
    }
    failure = cases["web.test/baseline bl_1"].result[0]
    assert failure.type == "sqli"
    for text in ("sqli", "threat 80", "parameter code", "POST http://app:3000/coupon/1", f"{1:016x}", "code=SPRING1"):
        assert text in failure.text


def test_the_log_of_the_last_attempt_is_the_one_that_counts() -> None:
    test = phase("web.test", log="runs/r/logs/web.test.attempt-2.log")
    logs = {"web.test": LOG, "web.test.attempt-2": LOG.replace("bl_", "later_")}
    names = {name for name in read(told_run(test, logs=logs)) if name.startswith("web.test/")}
    assert names == {f"web.test/baseline later_{number}" for number in (1, 2, 3, 4)}


def test_what_is_excused_fails_no_case_and_is_told() -> None:
    one = replace(found(1), gate="below")
    cases = read(told_run(phase("web.test", "passed", vulnerabilities=(one,)), logs={"web.test": LOG}))
    assert [outcome(cases[name]) for name in ("web/web.test", "web.test/baseline bl_1")] == ["passed", "passed"]
    assert "below the gate" in cases["web.test/baseline bl_1"].system_out
    assert one.fingerprint in cases["web/web.test"].system_out


def test_what_was_found_without_a_baseline_is_told_under_the_phase() -> None:
    one = replace(found(1), baseline=None)
    (case,) = read(told_run(phase("web.test", "vulnerable", vulnerabilities=(one,)))).values()
    assert "code=SPRING1" in case.result[0].text


def test_hostile_texts_are_inert() -> None:
    text = render(hostile_run())
    tags = {element.tag for element in ElementTree.fromstring(text.encode()).iter()}
    assert tags <= {"testsuites", "testsuite", "testcase", "failure", "error", "skipped", "system-out"}
    assert not {character for character in text if ord(character) < 32} - {"\n", "\t"}
    names = {element.get("name") for element in ElementTree.fromstring(text.encode()).iter("testcase")}
    assert f"{HOSTILE[0]}.test" in names


def test_a_run_without_phases_is_an_empty_document() -> None:
    assert read(told_run()) == {}
