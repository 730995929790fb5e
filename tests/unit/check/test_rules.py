"""Every file of a rule is found, and its rule is named like it."""

from pathlib import Path

from fastflow.check import rules
from fastflow.check.rules import BY_ID, RULES


def test_each_file_is_a_rule_of_its_name() -> None:
    names = {path.stem for path in Path(rules.__file__).parent.glob("*.py")} - {"__init__"}
    assert {name.replace("_", "-") for name in names} <= set(BY_ID)
    assert len(BY_ID) == len(RULES)


def test_rules_without_a_function_report_from_elsewhere() -> None:
    silent = {rule.id for rule in RULES if rule.check is None and rule.check_all is None}
    assert silent == {
        *("yaml-syntax", "duplicate-key", "unknown-field", "mode-field", "token-literal", "compose-file"),
        *("invalid-ignore", "unused-ignore", "compose-invalid"),
    }
