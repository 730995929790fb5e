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


def test_suites_are_workflows_and_cases_are_phases_and_vulnerabilities() -> None:
    cases = read(vulnerable_run())
    assert {name: outcome(case) for name, case in cases.items()} == {
        "web/web.record": "passed",
        "web/web.test": "passed",
        "web.test/test sets": "Skipped",
        "web.test/POST (unknown)": "Failure",
        "web.test/POST /coupon/1: code (sqli)": "Failure",
        "web.test/GET /search: q (xss)": "Failure",
        "web.test/POST /coupon/4: code (rce)": "passed",
        "web.test/POST /coupon/3: code (ptrav)": "passed",
        "api/api.test": "Error",
    }
    assert cases["web/web.test"].system_out.startswith("vulnerable: 3 vulnerabilities found\n")
    assert cases["api/api.test"].result[0].message == "failed (allowed): empty record"
    assert cases["web/web.record"].time == 10.0


def test_vulnerable_phase_of_which_no_more_is_known_is_a_failure() -> None:
    cases = read(told_run(phase("web.test", "vulnerable", reason="2 vulnerabilities found")))
    assert {name: outcome(case) for name, case in cases.items()} == {"web/web.test": "Failure"}
    assert cases["web/web.test"].result[0].message == "vulnerable: 2 vulnerabilities found"


def test_there_are_as_many_failures_as_vulnerabilities_each_under_a_name_of_its_own() -> None:
    same = (found(1), found(1, baseline="bl_2"), found(1, baseline="bl_3"))
    cases = read(told_run(phase("web.test", "vulnerable", vulnerabilities=same)))
    assert [name for name, case in cases.items() if outcome(case) == "Failure"] == [
        "web.test/POST /coupon/1: code (sqli)",
        "web.test/POST /coupon/1: code (sqli) #2",
        "web.test/POST /coupon/1: code (sqli) #3",
    ]


def test_names_are_the_same_in_a_run_on_another_port_with_other_baselines() -> None:
    other = found(1, baseline="bl_0040", uri="https://127.0.0.1:49153/coupon/1?code=2")
    names = [set(read(told_run(phase("web.test", vulnerabilities=(one,))))) for one in (found(1), other)]
    assert names[0] == names[1]


@pytest.mark.parametrize(
    ("state", "kind"),
    [("skipped", "Skipped"), ("cancelled", "Skipped"), ("waiting", "Skipped"), ("running", "Error")],
)
def test_what_did_not_come_to_a_verdict_has_not_passed(state: str, kind: str) -> None:
    told = replace(told_run(), phases=(phase("web.test", state, ended=None),), result=None)  # type: ignore[arg-type]  # pytest's
    assert outcome(read(told)["web/web.test"]) == kind


def test_vulnerability_is_told_with_its_request_and_what_such_a_flaw_is() -> None:
    test = phase("web.test", "vulnerable", vulnerabilities=(found(1),))
    failure = read(told_run(test))["web.test/POST /coupon/1: code (sqli)"].result[0]
    assert failure.type == "sqli"
    for text in ("sqli", "threat 80", "parameter code", "POST http://app:3000/coupon/1", f"{1:016x}", "code=SPRING1",
                 "baseline: bl_1", "part of a database query"):  # fmt: skip
        assert text in failure.text


@pytest.mark.parametrize(
    ("lines", "kind", "text"),
    [
        (9, "Error", "1 test set could not run: bl_3"),
        (6, "passed", "1 test set passed: bl_2"),
        (3, "Skipped", "1 test set did not finish: bl_1"),
    ],
)
def test_test_sets_are_one_case_with_what_became_of_them(lines: int, kind: str, text: str) -> None:
    log = "\n".join(LOG.splitlines()[:lines])
    case = read(told_run(phase("web.test"), logs={"web.test": log}))["web.test/test sets"]
    assert outcome(case) == kind
    assert text in (case.system_out or case.result[0].text)


def test_the_log_of_the_last_attempt_is_the_one_that_counts() -> None:
    test = phase("web.test", log="runs/r/logs/web.test.attempt-2.log")
    logs = {"web.test": LOG, "web.test.attempt-2": LOG.replace("bl_", "later_")}
    told = read(told_run(test, logs=logs))["web.test/test sets"].result[0].text
    assert "later_3" in told
    assert "bl_3" not in told


def test_what_is_excused_fails_no_case_and_is_told() -> None:
    one = replace(found(1), gate="below")
    cases = read(told_run(phase("web.test", "passed", vulnerabilities=(one,))))
    assert set(map(outcome, cases.values())) == {"passed"}
    assert "below the gate" in cases["web.test/POST /coupon/1: code (sqli)"].system_out
    assert one.fingerprint in cases["web/web.test"].system_out


def test_hostile_texts_are_inert() -> None:
    text = render(hostile_run())
    tags = {element.tag for element in ElementTree.fromstring(text.encode()).iter()}
    assert tags <= {"testsuites", "testsuite", "testcase", "failure", "error", "skipped", "system-out"}
    assert not {character for character in text if ord(character) < 32} - {"\n", "\t"}
    names = {element.get("name") for element in ElementTree.fromstring(text.encode()).iter("testcase")}
    assert f"{HOSTILE[0]}.test" in names


def test_a_run_without_phases_is_an_empty_document() -> None:
    assert read(told_run()) == {}
