"""Explains the errors of YAML's parser in words that lead to the fix.

The parser stops where it cannot go on. For a quote or a bracket that is never closed, that is lines below the place to
fix. It also names the construct that it was in, and where that begins.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import yaml

_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # line breaks by YAML, and thus by the parser
_UNQUOTED_VARIABLE = re.compile(r"[{\[,:]\s*\$\{?\w|\$\{")
_NO_BLANK = re.compile(r"(?:- )?([\w.-]{1,60}):([^\s:/].{0,60})")
_BRACKETS = {"{": "}", "[": "]"}
_LOOK = "check brackets, quotes and indentation, here and just before"


@dataclass(frozen=True, slots=True)
class SyntaxFault:
    """A fault: what it is, its place (from 1), how to fix it, and where its construct begins, if elsewhere."""

    message: str
    line: int
    column: int
    hint: str
    begins: tuple[int, int] | None = None
    begins_message: str = ""


@dataclass(frozen=True, slots=True)
class _ParserReport:
    """The parser's report: its words, the place where it stopped, the place where the construct begins."""

    message: str
    problem: str
    context: str
    at: tuple[int, int]
    begins: tuple[int, int]
    lines: Sequence[str]

    def line(self, number: int) -> str:
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    @property
    def written(self) -> str:
        """The line where the parser stopped."""
        return self.line(self.at[0])

    @property
    def before(self) -> str:
        """The text before the place on its line."""
        return self.written[: self.at[1] - 1]

    @property
    def character(self) -> str:
        return self.written[self.at[1] - 1 : self.at[1]]

    def fault(self, message: str, hint: str, at: tuple[int, int] | None = None) -> SyntaxFault:
        line, column = at or self.at
        return SyntaxFault(message, line, column, hint)


def explain_syntax(error: yaml.MarkedYAMLError, text: str) -> SyntaxFault:
    """Say what is wrong with a text that YAML's parser refuses."""
    at = error.problem_mark or error.context_mark
    place = (at.line + 1, at.column + 1) if at else (1, 1)
    begins = (error.context_mark.line + 1, error.context_mark.column + 1) if error.context_mark else place
    message = ", ".join(part for part in (error.context, error.problem) if part) or "not valid YAML"
    lines = _LINE_BREAK.split(text)
    report = _ParserReport(message, error.problem or "", error.context or "", place, begins, lines)
    found = (explain(report) for explain in _WAYS)
    return next((fault for fault in found if fault is not None), report.fault(message, _LOOK))


def _tab(report: _ParserReport) -> SyntaxFault | None:
    if "\t" in report.written[: max(report.at[1], 1)] and not report.before.strip():
        return report.fault(report.message, "use spaces: YAML does not allow tabs for indentation")
    return None


def _quote(report: _ParserReport) -> SyntaxFault | None:
    if "quoted scalar" not in report.context or "end of stream" not in report.problem:
        return None
    quote = report.line(report.begins[0])[report.begins[1] - 1 : report.begins[1]]
    return report.fault("the quote that begins here is never closed", f"end the string with {quote}", report.begins)


def _escape(report: _ParserReport) -> SyntaxFault | None:
    if "unknown escape character" not in report.problem:
        return None
    hint = "use single quotes: in double quotes, a backslash starts an escape"
    return report.fault("this backslash does not start an escape that YAML knows", hint)


def _bracket(report: _ParserReport) -> SyntaxFault | None:
    if "flow" not in report.context or "did not find expected" not in report.problem:
        return None
    if _UNQUOTED_VARIABLE.search(report.written) and any(mark in report.written for mark in "{["):
        return report.fault(report.message, 'put quotes around a variable inside { } or [ ]: "${NAME}"')
    opened = report.line(report.begins[0])[report.begins[1] - 1 : report.begins[1]]
    closing = _BRACKETS.get(opened)
    if closing is None:
        return None
    # A line break after the bracket means a collection over several lines; else somebody forgot to close it.
    if report.begins[0] != report.at[0] and not report.line(report.begins[0]).rstrip().endswith((opened, ",")):
        return report.fault(f"the `{opened}` that opens here is not closed", f"close it: {closing}", report.begins)
    message = f"expected `,` or `{closing}` here"
    hint = "separate entries with commas, and put quotes around a string that contains any of , : { } [ ] or #"
    return SyntaxFault(message, *report.at, hint, report.begins, f"the `{opened}` opens here")


def _second_colon(report: _ParserReport) -> SyntaxFault | None:
    if "mapping values are not allowed" not in report.problem:
        return None
    if re.search(r":\s", report.before):
        return report.fault("a second `: ` in one line", "put quotes around a string that contains `: `")
    number = next((n for n in range(report.at[0] - 1, 0, -1) if report.line(n).strip()), 0)
    above = report.line(number)
    if (glued := _NO_BLANK.fullmatch(above.strip())) is not None:
        column = len(above) - len(above.lstrip()) + 1
        hint = f"add a space after the colon: {glued[1]}: {glued[2]}"
        return report.fault(f"`{glued[0]}` is one string, not a key with a value", hint, (number, column))
    hint = f"indent it like line {number}, or let that line end with a colon"
    return report.fault(f"a key cannot follow the value of line {number}", hint)


def _indentation(report: _ParserReport) -> SyntaxFault | None:
    if report.problem not in ("did not find expected key", "did not find expected '-' indicator"):
        return None
    width = len(report.before)
    if report.before.strip():
        hint = "put quotes around the whole value, or separate two values with a comma or a line break"
        return report.fault("the value had already ended here", hint)
    message = f"this line is indented by {width}, unlike any line that it could belong to"
    hint = "indent all keys of a mapping equally"
    what = "entries of this list begin" if "sequence" in report.context else "keys of this mapping begin"
    begins_message = f"{what} at column {report.begins[1]}"
    return SyntaxFault(message, *report.at, hint, report.begins, begins_message)


def _first_character(report: _ParserReport) -> SyntaxFault | None:
    if "cannot start any token" in report.problem and report.character in "@`%":
        message = f"an unquoted string cannot begin with `{report.character}`"
        return report.fault(message, "put quotes around it")
    if report.context in ("while scanning an alias", "while scanning an anchor"):
        sign = report.line(report.begins[0])[report.begins[1] - 1 : report.begins[1]]
        example = ', such as a glob: "*.test"' if sign == "*" else ""
        message = f"`{sign}` starts a YAML anchor or alias here, but no name follows"
        return report.fault(message, f"put quotes around a string that begins with it{example}", report.begins)
    return None


_WAYS: tuple[Callable[[_ParserReport], SyntaxFault | None], ...] = (
    _tab,
    _quote,
    _escape,
    _bracket,
    _second_colon,
    _indentation,
    _first_character,
)
