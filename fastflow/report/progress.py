"""The displays of a run: a live table, lines, JSON, or nothing. None of them can fail or delay the run."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TextIO

from fastflow.ci import ci_system
from fastflow.record.events import Event, LogLine, as_json
from fastflow.report.colours import can_draw
from fastflow.report.encoding import encoding_for
from fastflow.report.outlet import Outlet
from fastflow.report.plain import PlainProgress

if TYPE_CHECKING:
    from fastflow.plan import Plan

KINDS = ("auto", "tty", "plain", "json", "quiet")


class Display(Protocol):
    """A listener that is called with all events from any thread, and closed when there are no more."""

    def __call__(self, event: Event) -> None:
        """Take an event; never waits for a reader."""

    def close(self) -> None:
        """Show the remaining output."""


class JsonProgress:
    """Every event except log lines as one line of JSON, as in events.jsonl; also the progress of test runs."""

    def __init__(self, outlet: Outlet, mask: Callable[[str], str]) -> None:
        self._outlet = outlet
        self._mask = mask

    def __call__(self, event: Event) -> None:
        """Print an event."""
        if not isinstance(event, LogLine):
            self._outlet.write(self._mask(json.dumps(as_json(event), ensure_ascii=False)) + "\n")

    def close(self) -> None:
        """Wait for unwritten output."""
        self._outlet.close()


class QuietProgress:
    """Shows nothing."""

    def __call__(self, event: Event) -> None:
        """Ignore an event."""

    def close(self) -> None:
        """Do nothing."""


def progress_for(
    kind: str,
    out: TextIO,
    plan: "Plan",
    mask: Callable[[str], str],
    environment: Mapping[str, str],
    *,
    unfolds: bool = False,
) -> Display:
    """Make the display for `--progress KIND`; `environment` holds TERM, NO_COLOR and what CI systems set.

    `tty` is a live table if `out` is a terminal that can show one; `auto` is one if, in addition, no CI system keeps a
    log of that terminal. Both are plain lines otherwise. The table shows cells of a matrix as one, unless it `unfolds`
    them.
    """
    if kind in ("quiet", "json"):
        return plain_for(kind, out, (), mask, environment)
    if kind in ("tty", "auto") and can_draw(out, environment) and (kind == "tty" or not ci_system(environment)):
        from fastflow.report.tty import TtyProgress  # noqa: PLC0415  # rich is for terminals alone

        return TtyProgress(out, plan, mask, environment, unfolds=unfolds)
    phases = plan.phases if plan.resumes else [phase.id for phase in plan.selected]
    return plain_for(kind, out, tuple(phases), mask, environment)


def plain_for(
    kind: str, out: TextIO, phases: Sequence[str], mask: Callable[[str], str], environment: Mapping[str, str]
) -> Display:
    """Make a display of lines for `--progress KIND`, of these `phases`."""
    if kind == "quiet":
        return QuietProgress()
    if kind == "json":
        return JsonProgress(Outlet(out), mask)
    return PlainProgress(Outlet(out, encoding_for(out, environment)), mask, phases)
