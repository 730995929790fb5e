"""What is seen of a run: how it goes, on stderr, and what came of it, on stdout."""

import io
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from fastflow.app.environment import everything
from fastflow.ci import ci_system
from fastflow.errors import ExitCode
from fastflow.plan import Plan
from fastflow.record.events import Listener, Note
from fastflow.record.result import RunResult
from fastflow.report.encoding import ERRORS, encoding_for
from fastflow.report.log_ends import shown_run
from fastflow.report.outlet import deliver
from fastflow.report.plain_ci import format_for
from fastflow.report.progress import has_colours, progress_for
from fastflow.report.summary import coloured, summary_of_run
from fastflow.run.cloud_progress import CloudProgress


class Showing:
    """The display that `--progress KIND` asks for, told of all events and of how far test runs are."""

    def __init__(
        self,
        kind: str,
        plan: Plan,
        mask: Callable[[str], str],
        urls: Mapping[str, str],
        tokens: Mapping[str, str],
    ) -> None:
        self._kind = kind
        self._mask = mask
        self._display = progress_for(kind, _stream(sys.stderr), plan, mask, everything())
        self._watch = CloudProgress(plan, urls, tokens, self._display)

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """What is to hear of a run's events; where nothing is shown, nobody has to ask how far it is."""
        return (self._display,) if self._kind == "quiet" else (self._display, self._watch)

    def say(self, message: str) -> None:
        """Show something that is no event of the run's own."""
        self._display(Note(message))

    def close(self) -> None:
        """Show what is left to show; a second time, nothing."""
        self._watch.close()
        self._display.close()

    def conclude(self, result: RunResult, folder: Path, reports: Iterable[str], *, is_kept: bool) -> None:
        """Show what came of a run. A reader that has gone changes no exit code."""
        self.close()
        summary = summary_of_run(result, str(folder), reports)
        if is_kept:
            summary += f"\nkept; remove it with: fastflow down --run {result.run}"
        here = f"{Path.cwd()}/"
        out = _stream(sys.stdout if self._kind != "quiet" else sys.stderr)
        shown = shown_run(
            result if self._kind != "quiet" else None,
            summary,
            format_for(ci_system(everything())),
            lambda text: self._mask(text).replace(here, ""),
            coloured if has_colours(out, everything()) else str,
        )
        if self._kind == "quiet" and result.exit_code == ExitCode.PASSED:
            return
        with suppress(OSError, ValueError):
            deliver(out, shown.encode(encoding_for(out, everything()), ERRORS))


def _stream(stream: TextIO | None) -> TextIO:
    """A stream, or nowhere: Python has none where it was started with that stream closed."""
    return io.StringIO() if stream is None else stream
