"""The stages as commands call them: findings are printed here, and what must stop a command stops it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fastflow.app.environment import engine_environment
from fastflow.check.facts import Facts
from fastflow.diagnostic import Diagnostic, has_errors
from fastflow.engines.client_config import proxy_variables
from fastflow.errors import ExitCode, FastflowError
from fastflow.pipeline import SpecText, check, plan
from fastflow.report.findings_text import Sources, render_findings, summary_of
from fastflow.spec.document import YamlPath
from fastflow.spec.reader import read_limited

if TYPE_CHECKING:
    from fastflow.plan import Plan
    from fastflow.plan.making import Resumption


class InvalidSpecError(FastflowError):
    """A spec has errors, and they have been shown."""

    exit_code = ExitCode.INVALID


def sources_of(texts: Sequence[SpecText], diagnostics: Sequence[Diagnostic]) -> Sources:
    """The lines that findings show: of the specs, and of the Compose files that findings stand in."""
    lines = {text.name: text.content.decode("utf-8", errors="replace") for text in texts}
    files = {mark.file for found in diagnostics for mark in (found.mark, *(other.mark for other in found.related))}
    for name in files - set(lines):
        with suppress(OSError):
            lines[name] = read_limited(Path(name)).decode("utf-8", errors="replace")
    return Sources(lines)


def checked(
    text: SpecText,
    values: Mapping[str, str] | None,
    emulated: str | None = None,
    *,
    shows_warnings: bool = True,
    build_ids: Mapping[YamlPath, str] | None = None,
) -> Facts:
    """Check one spec; show its findings on stderr; raises InvalidSpecError where there are errors."""
    outcome = check([text], values, emulated, build_ids=build_ids or {})
    shown = outcome.diagnostics if shows_warnings or has_errors(outcome.diagnostics) else ()
    if shown:
        with suppress(OSError):  # that nobody reads a warning stops no run, and what errors stop is told by the code
            click.echo(render_findings(shown, sources_of([text], shown)), err=True)
    if has_errors(outcome.diagnostics) or not outcome.specs:
        raise InvalidSpecError(f"{summary_of(outcome.diagnostics, 1)}; nothing was started")
    return outcome.specs[0]


def planned(
    text: SpecText,
    facts: Facts,
    workflows: Sequence[str] = (),
    only: str | None = None,
    *,
    max_parallel: int | None = None,
    resumption: "Resumption | None" = None,
) -> "Plan":
    """Plan a spec that passed its checks."""
    from fastflow.plan.making import Selection  # noqa: PLC0415  # a validation stops before this stage

    kept_out = proxy_variables(engine_environment())
    return plan(facts, text.directory, Selection(tuple(workflows), only, resumption), max_parallel, kept_out)


def refused(text: SpecText, found: Diagnostic) -> InvalidSpecError:
    """Show a finding that came up after the checks, on stderr; return the error that ends the command."""
    click.echo(render_findings([found], sources_of([text], [found])), err=True)
    return InvalidSpecError(f"{summary_of([found], 1)}; nothing was started")
