"""The terminal of a run: progress on stderr, the summary on stdout, and the signals that stop it."""

import io
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self, TextIO

from fastflow.app.environment import everything
from fastflow.app.reports import Report, write_reports
from fastflow.app.specs import directory_of_runs
from fastflow.ci import ci_system
from fastflow.cli.boundary import show_error
from fastflow.cli.signals import Interruption, interruption
from fastflow.errors import ExitCode
from fastflow.plan import Plan
from fastflow.record.archive import read_archive
from fastflow.record.baselines import baselines_before
from fastflow.record.events import Listener, Note
from fastflow.record.folder import RunFolder
from fastflow.record.place import NEXT_TO_SPEC
from fastflow.record.result import RunResult
from fastflow.report.colours import has_colours, terminal_size
from fastflow.report.encoding import ERRORS, encoding_for
from fastflow.report.log_ends import shown_run
from fastflow.report.outlet import deliver
from fastflow.report.plain_ci import format_for
from fastflow.report.progress import plain_for, progress_for
from fastflow.report.summary import coloured, summary_of_run, wrapped
from fastflow.run.cloud_progress import CloudProgress
from fastflow.run.observer import Cancellation
from fastflow.settings import RunSettings


class Console:
    """The display that `--progress KIND` asks for, the reports, and the signals while it is entered.

    A run that is attached to has no plan here, only the ids of its `phases`.
    """

    def __init__(
        self,
        kind: str,
        plan: Plan | None,
        mask: Callable[[str], str],
        reports: Sequence[Report] = (),
        *,
        keeps: bool = False,
        unfolds: bool = False,
        phases: Sequence[str] = (),
    ) -> None:
        self.cancellation = Cancellation()
        self._kind = kind
        self._plan = plan
        self._mask = mask
        self._reports = reports
        self._keeps = keeps
        self.written: list[str] = []
        """The paths of the reports that could be written."""
        self._matrices = {} if unfolds or plan is None else plan.matrices
        out = _stream(sys.stderr)
        self._display = (
            progress_for(kind, out, plan, mask, everything(), unfolds=unfolds)
            if plan
            else plain_for(kind, out, phases, mask, everything())
        )
        self._watch: CloudProgress | None = None
        self._at_end = ExitStack()
        self._signals: Interruption | None = None

    def __enter__(self) -> Self:
        self._signals = self._at_end.enter_context(interruption(self.cancellation, self.say))
        self._at_end.callback(self.close)
        return self

    def __exit__(self, *_: object) -> None:
        self._at_end.close()

    def listeners(self, settings: RunSettings) -> tuple[Listener, ...]:
        """The listeners for a run's events. If nothing is shown, progress need not be polled."""
        if self._kind == "quiet" or self._plan is None:
            return (self._display,)
        self._watch = CloudProgress(self._plan, settings.cloud_urls, settings.tokens, self._display)
        return self._display, self._watch

    @property
    def displays(self) -> tuple[Listener, ...]:
        """The display of a run's events."""
        return (self._display,)

    def say(self, message: str) -> None:
        """Show a message that is not one of the run's events."""
        self._display(Note(message))

    def on_begin(self, last_effort: Callable[[], None]) -> None:
        """Let signals stop the run from now on."""
        assert self._signals is not None
        self._signals.begin(last_effort)

    def on_end(self, folder: RunFolder) -> None:
        """Write the requested reports; print why one could not be written."""
        if not self._reports:
            return
        ended = write_reports(self._reports, read_archive(folder.path))
        self.close()
        for failure in ended.values():
            if failure is not None:
                show_error(failure)
        self.written = [str(report.path) for report, failure in ended.items() if failure is None]

    def close(self) -> None:
        """Show the remaining output; does nothing a second time."""
        if self._watch is not None:
            self._watch.close()
        self._display.close()

    def conclude(self, result: RunResult, folder: RunFolder) -> int:
        """Show the summary of a run, and return the exit code, which a disconnected reader does not change."""
        self.close()
        before = baselines_before(folder.earlier(), result.spec)
        known = NEXT_TO_SPEC.path(directory_of_runs().absolute())  # where commands without --runs-dir look
        run = result.run if folder.path.parent == known else str(folder.path)
        summary = summary_of_run(result, str(folder.path), self.written, self._matrices, before, run=run)
        if self._keeps:
            summary += f"\nkept; remove it with: fastflow down --run {result.run}"
        here = f"{Path.cwd()}/"
        is_quiet = self._kind == "quiet"
        out = _stream(sys.stderr if is_quiet else sys.stdout)
        shown = shown_run(
            None if is_quiet else result,
            summary,
            format_for(ci_system(everything())),
            lambda text: self._mask(text).replace(here, ""),
            lambda text: _drawn(text, out),
        )
        if not is_quiet or result.exit_code != ExitCode.PASSED:
            with suppress(OSError, ValueError):
                deliver(out, shown.encode(encoding_for(out, everything()), ERRORS))
        return result.exit_code or (ExitCode.PASSED if len(self.written) == len(self._reports) else ExitCode.FAILED)


def _drawn(summary: str, out: TextIO) -> str:
    """Fit a summary to a terminal; otherwise its lines stay whole."""
    size = terminal_size(out)
    fitting = wrapped(summary, size[0]) if size else summary
    return coloured(fitting) if has_colours(out, everything()) else fitting


def _stream(stream: TextIO | None) -> TextIO:
    """A stream, or an unread buffer if Python was started with that stream closed."""
    return io.StringIO() if stream is None else stream
