"""Findings as SARIF, for code scanning."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from fastflow.check.pages import page_of, sentence, standing
from fastflow.check.rule import Rule
from fastflow.check.rules import RULES
from fastflow.diagnostic import Diagnostic, Mark
from fastflow.report import sarif
from fastflow.report.text import one_line

_CATEGORY = "fastflow-validate"
_MOVES = re.compile(r"\bline \d+")


def findings_as_sarif(diagnostics: Sequence[Diagnostic], root: Path) -> str:
    """Return the output of `validate --format sarif`; files are named from `root`, the repository's."""
    seen: Counter[str] = Counter()
    results = [_result(found, root, seen) for found in diagnostics]
    return sarif.sarif_log(_CATEGORY, map(_rule, RULES), results)


def _rule(rule: Rule) -> sarif.Rule:
    page = page_of(rule)
    help_text = f"{_plain(page.fix)}\n\n{' '.join(standing(rule))}"
    help_markdown = f"{page.why}\n\n```yaml\n{page.example}```\n\n{page.fix}\n\n{' '.join(standing(rule))}"
    return sarif.Rule(
        rule.id,
        sentence(rule),
        _plain(page.why),
        help_text,
        help_markdown,
        level="error" if rule.level == "error" else "warning",
        is_enabled=rule.level != "off",
    )


def _plain(markdown: str) -> str:
    return "\n\n".join(one_line(paragraph) for paragraph in markdown.split("\n\n"))


def _result(found: Diagnostic, root: Path, seen: Counter[str]) -> sarif.Result:
    message = f"{found.message}\n{found.hint}" if found.hint else found.message
    return sarif.Result(
        found.rule,
        found.severity.value,
        message,
        _fingerprint(found, root, seen),
        (_location(found.mark, root),),
        related=tuple(_location(other.mark, root, other.message) for other in found.related),
    )


def _location(mark: Mark, root: Path, message: str = "") -> sarif.Location:
    uri = sarif.uri_of(mark.file, root)
    return sarif.Location(uri, mark.line, mark.column, mark.end_line, mark.end_column, message)


def _fingerprint(found: Diagnostic, root: Path, seen: Counter[str]) -> str:
    """Made from parts that stay the same when lines move: the rule, the file and the words."""
    said = "\n".join((found.rule, sarif.uri_of(found.mark.file, root), _MOVES.sub("", found.message)))
    return sarif.fingerprint_of(said, seen)
