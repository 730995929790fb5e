"""Every rule has a page, and the spec on it is at fault in that way and in no other."""

from pathlib import Path

import pytest

from fastflow.check import pages
from fastflow.check.pages import BESIDE, page_of, standing
from fastflow.check.rule import Rule
from fastflow.check.rules import BY_ID, RULES
from tests.unit.check.specs import rules

FOLDER = Path(pages.__file__).parent / "pages"
NEEDS_COMPOSE = {"compose-invalid"}


def test_every_page_is_of_a_rule() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(BY_ID)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_example_is_at_fault_in_this_way_alone(rule: Rule, tmp_path: Path) -> None:
    for name, text in BESIDE.items():
        (tmp_path / name).write_text(text)
    values = {"WALLARM_API_TOKEN": "token"} if rule.needs_values else None
    expected = set() if rule.id in NEEDS_COMPOSE else {rule.id}
    assert set(rules(page_of(rule).example, values, tmp_path)) == expected


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_page_says_why_and_how_to_mend(rule: Rule) -> None:
    page = page_of(rule)
    assert page.why.endswith(".")
    assert page.fix.endswith((".", "`"))
    assert max(len(line) for line in page.example.splitlines()) <= 75, "an example is no wider than a terminal"


def test_standing_tells_what_a_spec_can_say_about_a_rule() -> None:
    assert " ".join(standing(BY_ID["mode-field"])) == "Level: error. Cannot be ignored or turned off."
    assert " ".join(standing(BY_ID["image-unpinned"])) == "Off unless `checks:` turns it on."
    assert "--env" in " ".join(standing(BY_ID["undefined-variable"]))
    assert "--compose" in " ".join(standing(BY_ID["compose-invalid"]))
