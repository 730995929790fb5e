"""Findings as JSON (docs: machine formats)."""

import json
from collections.abc import Iterable
from typing import Any

from fastflow.diagnostic import Diagnostic

FORMAT_VERSION = "1.0"


def findings_as_json(diagnostics: Iterable[Diagnostic]) -> str:
    """Give `validate --format json`."""
    told = {"format_version": FORMAT_VERSION, "findings": [_finding(found) for found in diagnostics]}
    return json.dumps(told, indent=2, ensure_ascii=False)


def _finding(found: Diagnostic) -> dict[str, Any]:
    mark = found.mark
    related = [
        {"file": r.mark.file, "line": r.mark.line, "column": r.mark.column, "message": r.message} for r in found.related
    ]
    return {
        "rule": found.rule,
        "severity": found.severity.value,
        "message": found.message,
        "file": mark.file,
        "line": mark.line,
        "column": mark.column,
        "end_line": mark.end_line,
        "end_column": mark.end_column,
        "hint": found.hint,
        "related": related,
    }
