"""Each rule's page: why the rule exists, a spec that breaks it, and how to fix it.

One Markdown file for each rule, in `pages/`: a text, a `yaml` block, a text. `fastflow explain`, the reference and
SARIF logs all show these.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fastflow.check.rule import Rule

BESIDE = {"accepted.yml": "- { fingerprint: 0f3a9c7b2d18e645, reason: known, expires: 2026-01-31 }\n"}
"""The files that examples name, for checks of the examples."""
_FOLDER = Path(__file__).parent / "pages"
_PARTS = re.compile(r"(?P<why>.*?)\n\n```yaml\n(?P<example>.*?\n)```\n\n(?P<fix>.*)\n", re.DOTALL)


@dataclass(frozen=True, slots=True)
class RulePage:
    """The explanation of a rule, besides what it finds. `why` and `fix` are Markdown in paragraphs."""

    why: str
    example: str
    fix: str


def page_of(rule: Rule) -> RulePage:
    """Read the page of a rule."""
    match = _PARTS.fullmatch((_FOLDER / f"{rule.id}.md").read_text(encoding="utf-8"))
    assert match is not None, f"the page of {rule.id} is a text, a yaml block, and a text"
    return RulePage(match["why"], match["example"], match["fix"])


def sentence(rule: Rule) -> str:
    """What a rule finds, as a sentence."""
    return rule.finds[0].upper() + rule.finds[1:] + "."


def standing(rule: Rule) -> Iterator[str]:
    """How much a rule matters, when it looks, and what a spec can say about it; a sentence each."""
    yield "Off unless `checks:` turns it on." if rule.level == "off" else f"Level: {rule.level}."
    if not rule.is_offline:
        yield "Checked by `fastflow up` and `fastflow validate --compose`, because it needs Docker Compose."
    if rule.needs_values:
        yield "Checked when variables have values: in `fastflow up`, or with `--env`."
    if rule.needs_symbols:
        yield "Checked when variables have no values: without `--env`, and not in `fastflow up`."
    if not rule.can_be_silenced:
        yield "Cannot be ignored or turned off."
