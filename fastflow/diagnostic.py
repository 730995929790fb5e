"""What fastflow has to say about a file: a rule, a place, a reason and a way to mend it."""

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
    """Another place that takes part in a finding, and what it has to do with it."""

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
    """Tell whether anything here must stop a run."""
    return any(found.severity is Severity.ERROR for found in diagnostics)
