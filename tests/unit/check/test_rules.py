"""Every rule is found, and is named like its id."""

from importlib import import_module
from pathlib import Path

from fastflow.check import rules
from fastflow.check.rule import Rule
from fastflow.check.rules import BY_ID, RULES


def test_each_rule_in_a_file_is_found_and_named_like_its_id() -> None:
    files = [path.stem for path in Path(rules.__file__).parent.glob("*.py") if path.stem != "__init__"]
    named = [pair for file in files for pair in vars(import_module(f"{rules.__name__}.{file}")).items()]
    found = {name.replace("_", "-"): value for name, value in named if isinstance(value, Rule)}
    assert len(found) > 30
    assert {rule_id: BY_ID.get(rule_id) for rule_id in found} == found
    assert len(BY_ID) == len(RULES)


def test_rules_without_a_function_report_from_elsewhere() -> None:
    silent = {rule.id for rule in RULES if rule.check is None and rule.check_all is None}
    assert silent == {
        *("yaml-syntax", "duplicate-key", "unknown-field", "mode-field", "token-literal", "compose-file"),
        *("invalid-ignore", "unused-ignore", "compose-invalid"),
    }
