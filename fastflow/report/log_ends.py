"""The last lines of the logs that show why phases failed: below the live table, in CI systems as foldable parts."""

from collections.abc import Callable, Iterator
from pathlib import Path

from fastflow.record.result import Evidence, PhaseResult, RunResult
from fastflow.report.plain_ci import CiFormat, Level, inert
from fastflow.report.text import seconds_of
from fastflow.report.words import FAILURES, last_lines

LINES = 20
"""The number of lines shown of each log."""
_BYTES = 64 * 1024  # bytes in which to look for the last lines, in case they are long
_LONGEST = 400  # maximum number of characters in a line


def log_ends(result: RunResult, ci: CiFormat) -> str:
    """Show the last lines of the log that shows why a phase failed, with the path to the rest, and mark the failure.

    An unreadable log is left out, because the summary names it. Each line is inert.
    """
    lines = [line for phase in result.phases for line in _phase(phase, ci)]
    return "".join(f"{line}\n" for line in lines if line)


def _phase(phase: PhaseResult, ci: CiFormat) -> Iterator[str]:
    evidence = phase.evidence or _of_node(phase)
    if evidence is not None:
        title = f"{phase.id}: the last lines of {evidence.log}"
        yield ci.opened(title, int(seconds_of(phase.started) or 0))
        yield from (f"  | {inert(line[:_LONGEST])}" for line in evidence.lines)
        yield ci.closed(title, int(seconds_of(phase.ended) or 0))
    if phase.state in FAILURES:
        level: Level = "warning" if phase.allow_failure else "error"
        advice = f" ({phase.hint})" if phase.hint else ""
        shown = f"\n{last_lines(phase.evidence)}" if phase.evidence else ""
        yield ci.annotated(level, f"{phase.id} {phase.state}", f"{phase.reason or phase.state}{advice}{shown}")


def _of_node(phase: PhaseResult) -> Evidence | None:
    """The end of the node's log, for a failed phase without more details; None if it cannot be read."""
    if phase.state != "failed" or not phase.log:
        return None
    try:
        with Path(phase.log).open("rb") as log:
            log.seek(0, 2)
            start = max(0, log.tell() - _BYTES)
            log.seek(start)
            lines = log.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return None
    whole = lines[1:] if start and len(lines) > 1 else lines
    return Evidence("the node", phase.log, tuple(whole[-LINES:])) if whole else None


def shown_run(
    result: RunResult | None,
    summary: str,
    ci: CiFormat,
    edit: Callable[[str], str],
    paint: Callable[[str], str] = str,
) -> str:
    """The text shown for an ended run; without `result`, only the summary.

    `edit` masks it and shortens its paths; `paint` gives the summary its colours.
    """
    ends = edit(log_ends(result, ci)) if result else ""
    return (f"{ends}\n" if ends else "") + paint(inert(edit(summary))) + "\n"
