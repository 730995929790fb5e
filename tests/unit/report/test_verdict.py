import pytest

from fastflow.record.result import PhaseResult
from fastflow.report.verdict import empty_of, verdict_of

from .html.archives import found, phase, told_run

RECORD = phase("web.record", mode="recording")
GRAVE = phase("a.test", "vulnerable", vulnerabilities=(found(),))
DENIED = phase("a.test", "failed", reason="access denied")


@pytest.mark.parametrize(
    ("code", "phases", "kind", "headline", "sentence"),
    [
        (0, [RECORD, phase("web.test")], "passed", "Passed", "2 phases, all passed."),
        (0, [RECORD], "passed", "Passed", "1 phase: passed."),
        (1, [GRAVE], "vulnerable", "1 vulnerability", "1 phase: vulnerable."),
        (3, [DENIED], "failed", "Failed", "1 phase: failed. a.test: access denied"),
        (130, [phase("a.test", "cancelled")], "interrupted", "Interrupted", "1 phase: cancelled."),
        (143, [], "interrupted", "Interrupted", "No phase began."),
    ],
)
def test_a_run_is_told_in_a_headline_and_a_sentence(
    code: int, phases: list[PhaseResult], kind: str, headline: str, sentence: str
) -> None:
    run = told_run(*phases, exit_code=code)
    verdict = verdict_of(run.result, run.phases)
    assert (verdict.kind, verdict.headline, verdict.sentence) == (kind, headline, sentence)


def test_a_run_without_a_result_was_cut_short() -> None:
    verdict = verdict_of(None, [RECORD, phase("web.test", "running")])
    assert verdict.kind == "cut"
    assert verdict.sentence == "fastflow ended before the run did. 2 phases: 1 passed, 1 not ended."


def test_only_what_fails_the_run_is_counted_in_the_headline() -> None:
    allowed = phase("b.test", "vulnerable", allow_failure=True, vulnerabilities=(found(1),))
    grave = phase("a.test", "vulnerable", vulnerabilities=(found(1), found(2), found(3, gate="accepted")))
    run = told_run(allowed, grave, exit_code=1)
    assert verdict_of(run.result, run.phases).headline == "2 vulnerabilities"


def test_a_run_that_passed_in_spite_of_vulnerabilities_says_why() -> None:
    known = (found(1, gate="accepted"), found(2, gate="below"), found(3, gate="below"))
    run = told_run(phase("a.test", vulnerabilities=known))
    said = verdict_of(run.result, run.phases).sentence
    assert said == "1 phase: passed. 3 vulnerabilities did not fail it: 1 accepted, 2 below the gate."


@pytest.mark.parametrize(
    ("phases", "kind", "sentence"),
    [
        ([RECORD, phase("web.test")], "passed", "No vulnerabilities: 1 testing phase passed."),
        ([RECORD], "unknown", "This run had no testing phase, so vulnerabilities are unknown."),
        (
            [phase("a.test", "skipped")],
            "unknown",
            "No vulnerabilities are known, but no testing phase reached a verdict.",
        ),
        (
            [phase("a.test"), phase("b.test", "failed")],
            "unknown",
            "No vulnerabilities are known, but only 1 of 2 testing phases reached a verdict.",
        ),
    ],
)
def test_nothing_found_is_good_news_only_where_something_was_tested(
    phases: list[PhaseResult], kind: str, sentence: str
) -> None:
    empty = empty_of(phases)
    assert (empty.kind, empty.sentence) == (kind, sentence)
