"""`# fastflow: ignore[rule] reason`: comments that silence findings which begin on their line."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from fastflow.check.rules import ALL_RULES, BY_ID, RULE_IDS
from fastflow.diagnostic import Diagnostic, Mark, Severity, did_you_mean
from fastflow.spec.document import Comment

_IS_IGNORE = re.compile(r"fastflow:\s*ignore(?![A-Za-z0-9_-])")
_IGNORE = re.compile(r"fastflow:\s*ignore\s*\[(?P<rules>[^\]]*)\]\s*(?P<reason>.*)$")
_MEND = "fix the problem: only rules that can be wrong about a spec can be ignored"


class Ignore(NamedTuple):
    """A comment that silences `rule` on `line` of a file."""

    rule: str
    line: int
    mark: Mark


def ignores_of(of_file: Iterable[Comment]) -> tuple[tuple[Ignore, ...], tuple[Diagnostic, ...]]:
    """Read the ignore comments of a file, and what is wrong with them."""
    ignores: list[Ignore] = []
    found: list[Diagnostic] = []
    comments = [comment for comment in of_file if _IS_IGNORE.match(comment.text)]
    lines = {comment.mark.line: comment for comment in comments}
    for comment in comments:
        match = _IGNORE.match(comment.text)
        if match is None or not match["rules"].strip():
            hint = "write: # fastflow: ignore[rule-id] reason"
            found.append(_invalid("this comment names no rule to ignore", comment, hint))
            continue
        if not match["reason"].strip():
            found.append(_invalid("an ignore comment needs a reason", comment, "write the reason after the bracket"))
            continue
        line = _line_of(comment, lines)
        for rule in (word.strip() for word in match["rules"].split(",")):
            fault = _fault(rule)
            if fault is not None:
                hint = did_you_mean(rule, RULE_IDS) or ALL_RULES
                found.append(_invalid(fault, comment, _MEND if rule in BY_ID else hint))
            else:
                ignores.append(Ignore(rule, line, comment.mark))
    return tuple(ignores), tuple(found)


def _line_of(comment: Comment, lines: dict[int, Comment]) -> int:
    """The line that a comment is about: its own, or the next one that is not such a comment."""
    line = comment.mark.line
    if comment.alone:
        line += 1
        while line in lines and lines[line].alone:
            line += 1
    return line


def _fault(rule: str) -> str | None:
    if rule not in BY_ID:
        return f"there is no rule `{rule}`"
    return None if BY_ID[rule].can_be_silenced else f"the rule {rule} cannot be ignored"


def _invalid(message: str, comment: Comment, hint: str | None) -> Diagnostic:
    return Diagnostic("invalid-ignore", Severity.ERROR, message, comment.mark, hint)


def silence(
    diagnostics: Iterable[Diagnostic], ignores: Iterable[Ignore], ran: Mapping[str, Collection[str]]
) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """Drop what is ignored; return the rest, and a finding for each ignore of a rule that ran and silenced nothing.

    `ran` are the rules that ran, for each spec; a Compose file may belong to more specs than these.
    """
    wanted = {(ignore.mark.file, ignore.line, ignore.rule): ignore for ignore in ignores}
    used: set[Ignore] = set()
    left: list[Diagnostic] = []
    for found in diagnostics:
        ignore = wanted.get((found.mark.file, found.mark.line, found.rule))
        if ignore is not None:
            used.add(ignore)
        else:
            left.append(found)
    unused = []
    for ignore in wanted.values():
        if ignore not in used and ignore.rule in ran.get(ignore.mark.file, ()):
            message = f"this comment silences nothing: there is no finding of {ignore.rule} on line {ignore.line}"
            unused.append(Diagnostic("unused-ignore", Severity.WARNING, message, ignore.mark, "remove it"))
    return left, unused
