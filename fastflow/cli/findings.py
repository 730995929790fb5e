"""Shows the findings of checks in commands."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import click

from fastflow.app.environment import everything
from fastflow.check.facts import Facts
from fastflow.diagnostic import Diagnostic
from fastflow.pipeline import Checked
from fastflow.report.colours import Paint, has_colours, painted, unpainted
from fastflow.report.findings_text import Sources, render_findings
from fastflow.spec.reader import read_limited


def sources_of(found: Sequence[Diagnostic], texts: Mapping[str, str]) -> Sources:
    """The source lines for findings: of specs, by their files, and of Compose files with findings."""
    lines = dict(texts)
    files = {mark.file for one in found for mark in (one.mark, *(other.mark for other in one.related))}
    for name in files - set(lines):
        with suppress(OSError):
            lines[name] = read_limited(Path(name)).decode("utf-8", errors="replace")
    return Sources(lines)


def paint_for(stream: TextIO) -> Paint:
    """The function that colours findings for a stream, if it shows colours."""
    return painted if has_colours(stream, everything()) else unpainted


def show_findings(found: Sequence[Diagnostic], texts: Mapping[str, str]) -> None:
    """Print findings to stderr, which need not be read: a warning stops nothing, and an error has its exit code."""
    if found:
        with suppress(OSError):
            shown = render_findings(found, sources_of(found, texts), paint_for(sys.stderr))
            click.echo(shown, err=True, color=True)


def passed(checked: Checked, *, shows_warnings: bool = True) -> Facts:
    """The one spec that was checked, whose warnings are shown; raises InvalidSpecError if it has errors."""
    checked.require_valid()
    if shows_warnings:
        show_findings(checked.diagnostics, checked.lines)
    return checked.specs[0]
