"""Rules for a terminal of 80 columns."""

import pytest

from fastflow.check.pages import page_of
from fastflow.check.rule import Rule
from fastflow.check.rules import BY_ID, RULES
from fastflow.report.rules import rule_as_text, rules_as_text


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_page_holds_all_of_its_parts_and_fits(rule: Rule) -> None:
    text, page = rule_as_text(rule), page_of(rule)
    assert max(map(len, text.splitlines())) <= 79
    assert words(page.why) in words(text)
    assert words(page.fix) in words(text)
    assert words(page.example) in words(text)


def test_a_page_says_how_to_silence_a_rule_that_can_be() -> None:
    assert "# fastflow: ignore[scope-open] reason" in rule_as_text(BY_ID["scope-open"])
    assert "checks: { scope-open: off }" in rule_as_text(BY_ID["scope-open"])
    assert "ignore[" not in rule_as_text(BY_ID["duplicate-key"])


def test_what_is_to_be_typed_stays_on_one_line() -> None:
    assert "`test_record: record`" in rule_as_text(BY_ID["build-id-overlap"])


def test_the_list_has_a_line_for_each_rule() -> None:
    lines = rules_as_text().splitlines()
    assert max(map(len, lines)) <= 79
    listed = [line.split()[0] for line in lines if line.split()[:1] and line.split()[0] in BY_ID]
    assert sorted(listed) == sorted(BY_ID)
    at = {rule.id: next(number for number, line in enumerate(lines) if line.startswith(rule.id)) for rule in RULES}
    assert at["scope-open"] > lines.index("Warnings") > at["yaml-syntax"]
