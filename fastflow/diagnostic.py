"""A finding about a file: a rule, a place, a reason, and a fix ("did you mean …?")."""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """How bad a finding is: an error stops a run, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class Mark(NamedTuple):
    """A stretch of a file. Lines and columns count from 1, in characters; the end is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Related(NamedTuple):
    """Another place that takes part in a finding, and its role in it."""

    mark: Mark
    message: str


class Diagnostic(NamedTuple):
    """One finding of one rule at one place."""

    rule: str
    severity: Severity
    message: str
    mark: Mark
    hint: str | None = None
    related: tuple[Related, ...] = ()


def in_file_order(diagnostics: Iterable[Diagnostic], files: Iterable[str]) -> tuple[Diagnostic, ...]:
    """Sort findings as a reader meets them: by file as given on the command line, then by place."""
    rank = {name: position for position, name in enumerate(files)}
    last = len(rank)
    return tuple(
        sorted(
            diagnostics,
            key=lambda found: (rank.get(found.mark.file, last), found.mark, found.rule, found.message),
        )
    )


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether anything here must stop a run."""
    return any(found.severity is Severity.ERROR for found in diagnostics)


_FEW = 12


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the shortest known word that has `word` as a part, as `test_run_uri` has `uri`, or else the closest."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    longer = [candidate for lower, candidate in by_lower.items() if word.lower() in re.split(r"[_.-]", lower)]
    if longer and word:
        return min(longer, key=len)
    from difflib import get_close_matches  # noqa: PLC0415  # only needed for a typing error

    close = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Return a hint that names the known word that was most likely meant, or all of them if there are few."""
    words = list(known)
    close = closest(word, words)
    if close is not None:
        return f"did you mean `{close}`?"
    if 0 < len(words) <= _FEW:
        return "known here: " + ", ".join(sorted(words))
    return None
