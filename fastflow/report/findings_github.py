"""Findings as workflow commands of GitHub Actions, which shows them next to the lines of a pull request."""

from collections.abc import Sequence
from pathlib import Path

from fastflow.diagnostic import Diagnostic, Severity
from fastflow.report.plain_ci import github_command
from fastflow.report.text import count
from fastflow.spec.reader import relative_path

MOST = 10
"""The number of annotations per step that GitHub shows; it silently drops the others."""


def findings_as_github(diagnostics: Sequence[Diagnostic], root: Path) -> str:
    """Return the output of `validate --format github`; files are named from `root`, the repository's."""
    shown = list(diagnostics)
    if len(shown) > MOST:
        shown = sorted(shown, key=lambda found: found.severity is not Severity.ERROR)[:MOST]
    lines = [_command(found, root) for found in shown]
    more = len(diagnostics) - len(shown)
    if more:
        lines.append(f"and {count(more, 'more finding')}, which GitHub would not show; see all with: fastflow validate")
    return "\n".join(lines)


def _command(found: Diagnostic, root: Path) -> str:
    mark = found.mark
    facts = {} if mark.file == "-" else {"file": relative_path(mark.file, root)}
    facts |= {"line": str(mark.line), "endLine": str(mark.end_line), "col": str(mark.column)}
    if mark.line == mark.end_line:
        facts["endColumn"] = str(mark.end_column)  # GitHub takes no columns for several lines
    facts["title"] = f"fastflow {found.rule}"
    lines = [found.message]
    lines += [f"{relative_path(other.mark.file, root)}:{other.mark.line}: {other.message}" for other in found.related]
    lines += [f"help: {found.hint}"] if found.hint else []
    return github_command(found.severity.value, facts, "\n".join(lines))
