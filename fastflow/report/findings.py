"""Findings in every format that `fastflow validate --format` knows."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from fastflow.diagnostic import Diagnostic
from fastflow.report.findings_text import Sources, render_findings, summary_of


class Findings(NamedTuple):
    """What a validation found: in how many files, what these hold, and the directory that they are named from."""

    diagnostics: tuple[Diagnostic, ...]
    sources: Sources
    files: int
    directory: Path


def _as_text(found: Findings) -> str:
    summary = summary_of(found.diagnostics, found.files)
    return f"{render_findings(found.diagnostics, found.sources)}\n{summary}" if found.diagnostics else summary


def _as_json(found: Findings) -> str:
    from fastflow.report.findings_json import findings_as_json  # noqa: PLC0415  # as below: only where it is wanted

    return findings_as_json(found.diagnostics)


def _as_github(found: Findings) -> str:
    from fastflow.report.findings_github import findings_as_github  # noqa: PLC0415
    from fastflow.report.sarif import root_of  # noqa: PLC0415

    return findings_as_github(found.diagnostics, root_of(found.directory))


def _as_sarif(found: Findings) -> str:
    from fastflow.report.findings_sarif import findings_as_sarif  # noqa: PLC0415
    from fastflow.report.sarif import root_of  # noqa: PLC0415

    return findings_as_sarif(found.diagnostics, root_of(found.directory))


FORMATS: Mapping[str, Callable[[Findings], str]] = {
    "text": _as_text,
    "json": _as_json,
    "github": _as_github,
    "sarif": _as_sarif,
}
