"""What an accept file no longer excuses is named by the summary and by every report."""

import json

import pytest

from fastflow.record.result import RunResult, Suppression
from fastflow.report.kinds import KINDS, render
from fastflow.report.summary import summary_of_run
from fastflow.report.vulnerabilities import acceptance

from .html.archives import found, phase, time, told_run

FORMER = found(1, expired=Suppression("behind a login", "2026-01-31"))
SAID = "accepted until 2026-01-31, which has passed: behind a login"


def test_the_summary_names_it_and_says_what_to_do() -> None:
    one = phase("web.test", "vulnerable", vulnerabilities=(FORMER,))
    text = summary_of_run(RunResult("r1", "s", 1, time(0), time(9), (one,)), "folder")
    assert f"of http://app:3000/coupon/1 [{1:016x}]: {SAID}" in text
    assert "set a later date in the accept file" in text


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "json"])
def test_every_report_names_it(kind: str) -> None:
    text = render(kind, told_run(phase("web.test", "vulnerable", vulnerabilities=(FORMER,))))
    assert "behind a login" in text
    assert "2026-01-31, which has passed" in text


def test_the_result_tells_it_to_programs() -> None:
    assert json.loads(json.dumps(RunResult("r", "s", 1, "", "", (phase("w.t", vulnerabilities=(FORMER,)),)).as_json()))[
        "phases"
    ][0]["vulnerabilities"][0]["expired"] == {"reason": "behind a login", "expires": "2026-01-31", "comment": None}


def test_what_no_entry_names_has_no_words() -> None:
    assert acceptance(found(1)) is None
