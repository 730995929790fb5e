"""The questions of `fastflow accept` on a terminal."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TypeVar

import click

from fastflow.errors import UsageError
from fastflow.report.text import one_line, pictured

Answer = TypeVar("Answer")
_EXPLANATION = """\
  y  accept it: it no longer fails this gate, and every report shows the reason
  n  leave it: it fails the gate again in the next run (default)
  q  stop here; what you have accepted so far is kept (Ctrl-C does the same)
  ?  this text"""
_WHY_EXPLANATION = "  One line that gives the reason; every report shows it. q stops here."
_DAY_EXPLANATION = "  The last day on which it is accepted, in UTC. Press Enter for no expiry date. q stops here."


class QuitError(Exception):
    """The user wants no more questions."""


def ask_whether() -> bool:
    """Ask whether the vulnerability that has just been shown is accepted. Raises QuitError."""
    return _asked("  accept it? [y/N/q/?]", _yes_or_no, _EXPLANATION, "n")


def ask_why(until: date | None) -> tuple[str, date | None]:
    """Ask for the reason, and for the last day unless it is known. Raises QuitError."""
    why = _asked("  why", read_reason, _WHY_EXPLANATION)
    question = "  last day (YEAR-MONTH-DAY, or nothing)"
    return why, until or _asked(question, day, _DAY_EXPLANATION, "")


def _asked(question: str, read: Callable[[str], Answer], explanation: str, default: str | None = None) -> Answer:
    """Ask until the answer can be read. `?` explains the question, `q` raises QuitError."""
    while True:
        text = str(click.prompt(question, default, show_default=False, err=True)).strip()
        if text == "q":
            raise QuitError
        if text == "?":
            click.echo(explanation, err=True)
            continue
        try:
            return read(text)
        except UsageError as error:
            click.echo(f"  {error.message}", err=True)


def _yes_or_no(text: str) -> bool:
    answer = text.lower()
    if answer not in ("y", "yes", "n", "no"):
        raise UsageError("answer y, n, q or ?")
    return answer.startswith("y")


def read_reason(text: str) -> str:
    """Read a reason; raises UsageError if it is empty."""
    line = pictured(one_line(text))
    if not line:
        raise UsageError("the reason is empty", "give a reason: --reason TEXT")
    return line


def day(text: str | None) -> date | None:
    """Read a day, or None for nothing; warn of one that has passed. Raises UsageError."""
    if not text:
        return None
    try:
        read = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise UsageError(f"expected a day such as 2030-12-31, not {text}", "write YEAR-MONTH-DAY") from None
    if read < datetime.now(UTC).date():
        click.echo(f"warning: {read} has passed, so nothing is excused", err=True)
    return read
