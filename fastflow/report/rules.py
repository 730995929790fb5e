"""A rule's page, and the list of all rules, as text for a terminal of 80 columns."""

import textwrap
from collections.abc import Iterator

from fastflow.check.pages import page_of, sentence, standing
from fastflow.check.rule import Rule
from fastflow.check.rules import RULES

_WIDTH = 79
_INDENT = "    "
_GROUPS = {"error": "Errors", "warning": "Warnings", "off": "Off unless `checks:` turns them on"}


def rules_as_text() -> str:
    """List all rules by their usual level, one per line."""
    name = max(len(rule.id) for rule in RULES)
    parts = []
    for level, title in _GROUPS.items():
        lines = [f"{rule.id:<{name}}  {rule.finds}" for rule in RULES if rule.level == level]
        parts.append("\n".join([title, "", *lines]))
    return "\n\n".join([*parts, "A rule's page: fastflow explain RULE"])


def rule_as_text(rule: Rule) -> str:
    """Write a rule's page: what it finds, why, an example, how to fix it, and whether it can be silenced."""
    page = page_of(rule)
    parts = [
        rule.id,
        *_paragraphs(f"{sentence(rule)} {' '.join(standing(rule))}"),
        "Why",
        *_paragraphs(page.why),
        "A spec that breaks the rule",
        textwrap.indent(page.example.rstrip("\n"), _INDENT),
        "How to fix it",
        *_paragraphs(page.fix),
    ]
    if rule.can_be_silenced:
        parts += [
            "If it is intended",
            _filled("Ignore one line with a comment at its end or above it. The reason is required:"),
            f"{_INDENT}# fastflow: ignore[{rule.id}] reason",
            _filled("Turn the rule off for the whole spec:"),
            f"{_INDENT}checks: {{ {rule.id}: off }}",
        ]
    return "\n\n".join(parts)


def _paragraphs(text: str) -> Iterator[str]:
    return map(_filled, text.split("\n\n"))


def _filled(text: str) -> str:
    # A word in backticks is one to type, so it stays on one line if possible.
    whole = "\N{NO-BREAK SPACE}"
    parts = enumerate(text.split("`"))
    kept = "`".join(part.replace(" ", whole) if at % 2 and len(part) < 40 else part for at, part in parts)
    filled = textwrap.fill(
        kept, _WIDTH, initial_indent="  ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )
    return filled.replace(whole, " ")
