"""What one rule finds."""

from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic


def findings_of(rule: Rule, *specs: Facts) -> list[Diagnostic]:
    if rule.check_all is not None:
        return list(rule.check_all(specs))
    assert rule.check is not None
    return [finding for facts in specs for finding in rule.check(facts)]
