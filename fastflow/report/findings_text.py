"""Findings as text: the place, the rule, the source line with a caret, the other place, a way to mend it."""

import re
from collections.abc import Iterable, Mapping
from unicodedata import combining, east_asian_width

from fastflow.diagnostic import Diagnostic, Mark, Severity

_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_WIDEST = 160
_TAB = 4
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


class Sources:
    """The lines of the files that findings speak of."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._lines: dict[str, list[str]] = {}

    def line(self, mark: Mark) -> str | None:
        """Return the line that a mark begins on, or None where the file is not known."""
        if mark.file not in self._lines:
            text = self._texts.get(mark.file)
            self._lines[mark.file] = _LINE_BREAK.split(text) if text is not None else []
        lines = self._lines[mark.file]
        return lines[mark.line - 1] if mark.line <= len(lines) else None


def render_findings(diagnostics: Iterable[Diagnostic], sources: Sources) -> str:
    """Render findings, a blank line between two; nothing for none."""
    return "\n".join(render_finding(finding, sources) for finding in diagnostics)


def render_finding(finding: Diagnostic, sources: Sources) -> str:
    """Render one finding."""
    lines = [f"{finding.mark}: {finding.severity.value}[{finding.rule}]: {clean(finding.message)}"]
    lines += _excerpt(finding.mark, sources)
    for related in finding.related:
        lines.append(f"  {related.mark}: {clean(related.message)}")
        lines += _excerpt(related.mark, sources)
    if finding.hint:
        lines.append(f"  help: {clean(finding.hint)}")
    return "\n".join(lines) + "\n"


def _excerpt(mark: Mark, sources: Sources) -> list[str]:
    line = sources.line(mark)
    if line is None or not line.strip():
        return []
    end = mark.end_column if mark.end_line == mark.line else len(line) + 1
    start = min(mark.column - 1, len(line))
    length = max(1, min(end, len(line) + 1) - mark.column)
    cut = max(0, start - _WIDEST // 2) if len(line) > _WIDEST else 0
    shown, before = line[cut : cut + _WIDEST], line[cut:start]
    underlined = line[start : min(start + length, cut + _WIDEST)]
    gutter = f"{mark.line:>5} | "
    lead = "..." if cut else ""
    width = _width(underlined) or 1
    underline = "^" if width == 1 else "~" * width if finding_is_long(width) else "^" * width
    tail = "..." if cut + _WIDEST < len(line) else ""
    return [f"{gutter}{lead}{_shown(shown)}{tail}", f"      | {' ' * (len(lead) + _width(before))}{underline}"]


def finding_is_long(width: int) -> bool:
    """Tell whether an underline is better drawn light."""
    return width > 60


def _shown(text: str) -> str:
    return clean(text.replace("\t", " " * _TAB))


def clean(text: str) -> str:
    """Make control and direction characters visible, so that a file cannot speak to the terminal."""
    return _CONTROL.sub("\ufffd", text)


def _width(text: str) -> int:
    return sum(
        _TAB if character == "\t" else 0 if combining(character) else 2 if east_asian_width(character) in "WF" else 1
        for character in text
    )


def summary_of(diagnostics: Iterable[Diagnostic], files: int) -> str:
    """Say in one line how many findings there are."""
    found = list(diagnostics)
    errors = sum(finding.severity is Severity.ERROR for finding in found)
    warnings = len(found) - errors
    where = f"in {files} spec{'s' if files != 1 else ''}"
    if not found:
        return f"no findings {where}"
    return f"{_count(errors, 'error')} and {_count(warnings, 'warning')} {where}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"
