"""Findings as text: the place, the rule, the source line with a caret, the other place, and a fix."""

import re
from collections.abc import Iterable, Mapping
from unicodedata import category, east_asian_width

from fastflow.diagnostic import Diagnostic, Mark, Severity
from fastflow.report.colours import Paint, unpainted
from fastflow.report.text import clean, count

_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_LITERAL = "token-literal"
_WIDEST = 160
_LONG = 60
"""Columns; a longer underline is drawn in a lighter style."""
_TAB = 4
_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow"}


class Sources:
    """The lines of the files that findings are about; text at `secret` marks is not shown."""

    def __init__(self, texts: Mapping[str, str], secret: Iterable[Mark] = ()) -> None:
        self._texts = texts
        self._lines: dict[str, list[str]] = {}
        self._secret = tuple(secret)

    def hiding(self, secret: Iterable[Mark]) -> "Sources":
        """Return the same lines without the text at these marks."""
        return Sources(self._texts, secret)

    def line(self, mark: Mark) -> str | None:
        """Return the line that a mark begins on, or None if the file is not known."""
        if mark.file not in self._lines:
            text = self._texts.get(mark.file)
            self._lines[mark.file] = _LINE_BREAK.split(text) if text is not None else []
        lines = self._lines[mark.file]
        return self._hidden(mark, lines[mark.line - 1]) if mark.line <= len(lines) else None

    def _hidden(self, mark: Mark, line: str) -> str:
        for secret in self._secret:
            if secret.file == mark.file and secret.line <= mark.line <= secret.end_line:
                start = secret.column - 1 if mark.line == secret.line else 0
                end = secret.end_column - 1 if mark.line == secret.end_line else len(line)
                line = line[:start] + "*" * len(line[start:end]) + line[end:]
        return line


def render_findings(diagnostics: Iterable[Diagnostic], sources: Sources, paint: Paint = unpainted) -> str:
    """Render findings, with a blank line between two; nothing for none. No token is shown: this may be a log."""
    found = tuple(diagnostics)
    literal = (one for one in found if one.rule == _LITERAL)
    places = ((one.mark, *(other.mark for other in one.related)) for one in literal)
    # The place that includes this file is in another file.
    secret = [mark for marks in places for mark in marks if mark.file == marks[0].file]
    shown = sources.hiding(secret) if secret else sources
    return "\n".join(render_finding(finding, shown, paint) for finding in found)


def render_finding(finding: Diagnostic, sources: Sources, paint: Paint = unpainted) -> str:
    """Render one finding."""
    style = _STYLES[finding.severity]
    kind = paint(f"{finding.severity.value}[{finding.rule}]", style)
    lines = [f"{paint(str(finding.mark), 'bold')}: {kind}: {clean(finding.message)}"]
    lines += _excerpt(finding.mark, sources, style, paint)
    for related in finding.related:
        lines.append(f"  {paint(str(related.mark), 'bold')}: {clean(related.message)}")
        lines += _excerpt(related.mark, sources, "blue", paint)
    if finding.hint:
        lines.append(f"  {paint('help', 'cyan')}: {clean(finding.hint)}")
    return "\n".join(lines) + "\n"


def _excerpt(mark: Mark, sources: Sources, style: str, paint: Paint) -> list[str]:
    """The line that a mark begins on, with the mark underlined; a long line is cut around it."""
    line = sources.line(mark)
    if line is None or not line.strip():
        return []
    start = min(mark.column - 1, len(line))
    end = min(mark.end_column - 1, len(line)) if mark.end_line == mark.line else len(line)
    cut = max(0, start - _WIDEST // 2) if len(line) > _WIDEST else 0
    shown = line[cut : cut + _WIDEST]
    lead, tail = "..." if cut else "", "..." if cut + _WIDEST < len(line) else ""
    gutter = f"{mark.line:>5} | "
    blank, indent = " " * (len(gutter) - 2) + "| ", " " * (len(lead) + _width(line[cut:start]))
    width = _width(line[start : max(end, start + 1)][: cut + _WIDEST - start]) or 1
    source = clean(shown.replace("\t", " " * _TAB))
    underline = ("~" if width > _LONG else "^") * width
    return [f"{paint(gutter, 'dim')}{lead}{source}{tail}", f"{paint(blank, 'dim')}{indent}{paint(underline, style)}"]


def _width(text: str) -> int:
    """The width of a text as shown here, in terminal columns."""
    return sum(_columns(character) for character in clean(text))


def _columns(character: str) -> int:
    if character == "\t":
        return _TAB
    if category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def summary_of(diagnostics: Iterable[Diagnostic], files: int) -> str:
    """Say in one line how many findings there are."""
    found = list(diagnostics)
    errors = sum(finding.severity is Severity.ERROR for finding in found)
    warnings = len(found) - errors
    where = f"in {count(files, 'spec')}"
    if not found:
        return f"no findings {where}"
    return f"{count(errors, 'error')} and {count(warnings, 'warning')} {where}"
