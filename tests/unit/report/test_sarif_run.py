"""A run's SARIF log: an unsuppressed result for each vulnerability that is not accepted, and one alert in all runs."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from fastflow.record.result import Suppression
from fastflow.report.sarif_run import render

from .drawings import plan_json, told
from .html.archives import HOSTILE, Told, found, hostile_run, phase, told_run, vulnerable_run


def log_of(run: Told) -> Mapping[str, Any]:
    (log,) = json.loads(render(run))["runs"]
    assert isinstance(log, dict)
    return log


def results_of(run: Told) -> list[dict[str, Any]]:
    return list(log_of(run)["results"])


def planned(line: int) -> dict[str, Any]:
    return {**told("web.test", 0), "line": line, "column": 7, "gate": {"threat": 50, "accept": "known.yml"}}


def test_each_vulnerability_is_a_result_and_what_is_accepted_is_suppressed_with_its_reason() -> None:
    results = results_of(vulnerable_run())
    assert [(one["ruleId"], one["level"], one["rank"]) for one in results] == [
        ("unknown", "error", 100),
        ("sqli", "error", 80),
        ("xss", "warning", 50),
        ("rce", "note", 20),
        ("ptrav", "error", 70),
    ]
    suppressed = {one["ruleId"]: one["suppressions"] for one in results if "suppressions" in one}
    justification = "accepted until 2027-01-31: the manuals are public"
    assert suppressed == {"ptrav": [{"kind": "external", "status": "accepted", "justification": justification}]}


def test_a_result_tells_all_that_is_known() -> None:
    (one,) = results_of(told_run(phase("web.test", vulnerabilities=(found(1),))))
    assert one["properties"] == {
        "fingerprint": f"{1:016x}",
        "gate": "fails",
        "gateThreat": None,
        "allowFailure": False,
        "threat": 80,
        "parameter": "code",
        "method": "POST",
        "uri": "http://app:3000/coupon/1",
        "baseline": "bl_1",
        "request": "POST /coupon/1 HTTP/1.1\nHost: app:3000\n\ncode=SPRING1%27",
    }
    assert one["message"]["text"] == (
        "SQL injection (sqli, threat 80) in parameter code of POST http://app:3000/coupon/1, found by web.test."
    )


def test_a_result_stands_at_its_node_in_the_spec() -> None:
    plan = {**plan_json(planned(15)), "spec": "shop [1]/fastflow.yml"}
    run = told_run(phase("web.test", vulnerabilities=(found(1),)), plan=plan)
    (one,) = results_of(run)
    (location,) = one["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "shop%20%5B1%5D/fastflow.yml"
    assert location["physicalLocation"]["region"]["startLine"] == 15
    assert one["properties"]["gateThreat"] == 50
    assert run.plan is not None
    without_lines = replace(run.plan, phases=tuple(replace(phase, line=None) for phase in run.plan.phases))
    assert (
        results_of(replace(run, plan=without_lines))[0]["locations"][0]["physicalLocation"]["region"]["startLine"] == 1
    )


def test_an_alert_is_the_same_in_every_run_wherever_the_node_stands_and_in_whatever_order() -> None:
    first, second = found(1), found(2)

    def fingerprints(run: Told) -> dict[str, str]:
        return {one["properties"]["fingerprint"]: one["partialFingerprints"]["fastflow/v1"] for one in results_of(run)}

    early = told_run(phase("web.test", vulnerabilities=(first, second)), plan=plan_json(planned(3)))
    later = replace(first, baseline="bl_99", request="GET /?port=31999", uri="http://app:1/coupon/1")
    other = phase("web.test", vulnerabilities=(second, later), test_run="tr_99", log="elsewhere")
    assert fingerprints(early) == fingerprints(replace(told_run(other, plan=plan_json(planned(99))), run="another"))
    assert len(set(fingerprints(early).values())) == 2


def test_two_phases_have_an_alert_each_and_so_have_two_of_one_kind() -> None:
    phases = [phase(name, vulnerabilities=(found(1), found(1))) for name in ("web.test", "api.test")]
    marks = {one["partialFingerprints"]["fastflow/v1"] for one in results_of(told_run(*phases))}
    assert len(marks) == 4


@pytest.mark.parametrize(
    ("run", "complete"),
    [
        (told_run(phase("web.test")), True),
        (told_run(phase("web.test", "vulnerable"), exit_code=1), True),
        (told_run(phase("web.test", "failed"), exit_code=3), False),
        (told_run(phase("web.test", "skipped"), phase("web.record", "failed", mode="recording"), exit_code=3), False),
        (replace(told_run(phase("web.test")), result=None), False),
    ],
    ids=["passed", "vulnerable", "failed", "skipped", "killed"],
)
def test_a_log_says_whether_all_was_looked_at(run: Told, complete: bool) -> None:
    assert log_of(run)["invocations"] == [{"executionSuccessful": complete}]


def test_hostile_texts_are_inert() -> None:
    text = render(hostile_run())
    assert not {character for character in text if ord(character) < 32} - {"\n"}
    assert "\u202e" not in text
    log = json.loads(text)["runs"][0]
    rules = [rule["id"] for rule in log["tool"]["driver"]["rules"]]
    assert len(rules) == len(set(rules)) == len(HOSTILE)
    assert {one["ruleId"] for one in log["results"]} == set(rules)


def test_a_reason_is_in_the_log_whatever_stands_in_it() -> None:
    accepted = replace(found(1), gate="accepted", suppressed=Suppression('"\x1b[2J]](x)', None))
    (one,) = results_of(told_run(phase("web.test", vulnerabilities=(accepted,))))
    assert one["suppressions"][0]["justification"] == 'accepted: "\u241b[2J]](x)'
