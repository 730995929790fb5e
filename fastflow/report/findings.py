"""Findings in every format that `fastflow validate --format` knows."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from fastflow.diagnostic import Diagnostic, Mark
from fastflow.report.colours import Paint, unpainted
from fastflow.report.findings_text import Sources, render_findings, summary_of
from fastflow.spec.reader import root_of

FORMAT_VERSION = "1.0"


class Findings(NamedTuple):
    """The findings of a validation: the number of files, their content, and the directory from which they are named.

    `paint` gives text its colours.
    """

    diagnostics: tuple[Diagnostic, ...]
    sources: Sources
    files: int
    directory: Path
    paint: Paint = unpainted


def _as_text(found: Findings) -> str:
    summary = summary_of(found.diagnostics, found.files)
    findings = render_findings(found.diagnostics, found.sources, found.paint)
    return f"{findings}\n{summary}" if findings else summary


def findings_as_json(diagnostics: Iterable[Diagnostic]) -> str:
    """Return the output of `validate --format json` (docs: machine formats)."""
    import json  # noqa: PLC0415  # most people read text

    content = {"format_version": FORMAT_VERSION, "findings": [_finding(found) for found in diagnostics]}
    return json.dumps(content, indent=2, ensure_ascii=False)


def _finding(found: Diagnostic) -> dict[str, Any]:
    return {
        "rule": found.rule,
        "severity": found.severity.value,
        "message": found.message,
        **_place(found.mark),
        "end_line": found.mark.end_line,
        "end_column": found.mark.end_column,
        "hint": found.hint,
        "related": [{**_place(other.mark), "message": other.message} for other in found.related],
    }


def _place(mark: Mark) -> dict[str, Any]:
    return {"file": mark.file, "line": mark.line, "column": mark.column}


def _as_github(found: Findings) -> str:
    from fastflow.report.findings_github import findings_as_github  # noqa: PLC0415  # only for those who want it

    return findings_as_github(found.diagnostics, root_of(found.directory))


def _as_sarif(found: Findings) -> str:
    from fastflow.report.findings_sarif import findings_as_sarif  # noqa: PLC0415

    return findings_as_sarif(found.diagnostics, root_of(found.directory))


FORMATS: Mapping[str, Callable[[Findings], str]] = {
    "text": _as_text,
    "json": lambda found: findings_as_json(found.diagnostics),
    "github": _as_github,
    "sarif": _as_sarif,
}
