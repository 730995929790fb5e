"""Findings as JSON: every field of the machine format, and nothing else (CONTRACT.md, section 7)."""

import json

from fastflow.diagnostic import Diagnostic, Mark, Related, Severity
from fastflow.report.findings import findings_as_json


def test_finding_has_every_field_of_the_format() -> None:
    found = Diagnostic(
        "port-conflict",
        Severity.ERROR,
        "größer „als“",
        Mark("a.yml", 3, 5, 4, 9),
        None,
        (Related(Mark("b.yml", 1, 2, 1, 3), "first here"),),
    )
    text = findings_as_json([found])
    assert "größer" in text
    assert json.loads(text) == {
        "format_version": "1.0",
        "findings": [
            {
                "rule": "port-conflict",
                "severity": "error",
                "message": "größer „als“",
                "file": "a.yml",
                "line": 3,
                "column": 5,
                "end_line": 4,
                "end_column": 9,
                "hint": None,
                "related": [{"file": "b.yml", "line": 1, "column": 2, "message": "first here"}],
            }
        ],
    }


def test_no_findings_are_an_empty_list() -> None:
    assert json.loads(findings_as_json([])) == {"format_version": "1.0", "findings": []}
