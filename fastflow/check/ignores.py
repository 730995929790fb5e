"""`# fastflow: ignore[rule] reason`: comments that silence findings which begin on their line."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fastflow.check.rules import BY_ID, RULE_IDS
from fastflow.diagnostic import Diagnostic, Mark, Severity
from fastflow.model.suggest import did_you_mean
from fastflow.spec.document import Comment, Document

_IGNORE = re.compile(r"fastflow:\s*ignore\s*(?:\[(?P<rules>[^\]]*)\])?\s*(?P<reason>.*)$")


@dataclass(frozen=True, slots=True)
class Ignore:
    """A comment that silences `rule` on `line` of a file."""

    rule: str
    line: int
    mark: Mark


def ignores_of(document: Document) -> tuple[tuple[Ignore, ...], tuple[Diagnostic, ...]]:
    """Read the ignore comments of a document, and what is wrong with them."""
    ignores: list[Ignore] = []
    found: list[Diagnostic] = []
    lines = {comment.mark.line: comment for comment in document.comments}
    for comment in document.comments:
        match = _IGNORE.match(comment.text)
        if match is None or match["rules"] is None or not match["rules"].strip():
            hint = "write: # fastflow: ignore[rule-id] reason"
            found.append(_invalid("this comment names no rule to ignore", comment, hint))
            continue
        if not match["reason"].strip():
            found.append(_invalid("an ignore comment needs a reason", comment, "say why behind the bracket"))
            continue
        line = _line_of(comment, lines)
        for rule in (word.strip() for word in match["rules"].split(",")):
            fault = _fault(rule)
            if fault is not None:
                found.append(_invalid(fault, comment, did_you_mean(rule, RULE_IDS)))
            else:
                ignores.append(Ignore(rule, line, comment.mark))
    return tuple(ignores), tuple(found)


def _line_of(comment: Comment, lines: dict[int, Comment]) -> int:
    """The line that a comment speaks of: its own, or the next one that is not such a comment."""
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


def silence(diagnostics: Iterable[Diagnostic], ignores: Iterable[Ignore], ran: frozenset[str]) -> Iterator[Diagnostic]:
    """Drop what is ignored; report ignores of rules that ran and silenced nothing."""
    wanted = {(ignore.mark.file, ignore.line, ignore.rule): ignore for ignore in ignores}
    used: set[Ignore] = set()
    for found in diagnostics:
        ignore = wanted.get((found.mark.file, found.mark.line, found.rule))
        if ignore is not None:
            used.add(ignore)
        else:
            yield found
    for ignore in wanted.values():
        if ignore not in used and ignore.rule in ran:
            message = f"this comment silences nothing: there is no finding of {ignore.rule} on line {ignore.line}"
            yield Diagnostic("unused-ignore", Severity.WARNING, message, ignore.mark, "remove it")
