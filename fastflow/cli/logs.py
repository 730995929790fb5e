"""`fastflow logs`."""

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock

import click

from fastflow.cli.live import NotLiveError, engines_here, find_target, run_option, split_phase
from fastflow.cli.report import directory_of_runs
from fastflow.cli.streams import is_read
from fastflow.diagnostic import did_you_mean
from fastflow.errors import EngineError, FastflowError, UsageError
from fastflow.masking import masker
from fastflow.record.archive import find_run, read_archive
from fastflow.report.text import clean
from fastflow.run.live import LivePhase

_LOOK = 0.5
"""Seconds between two looks whether the output still has a reader."""
_OF_NODE = re.compile(r"([^.]+\.[^.]+)(\.attempt-\d+)?")


@click.command(name="logs")
@click.argument("phase", metavar="[PHASE]", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on until the nodes have ended.")
@run_option
def command(*, phase: str | None, follow: bool, run: str | None) -> None:
    """Show the log of PHASE (or RUN/PHASE), or of all nodes that are there.

    The log of a phase that has ended comes from the run's folder. When no run of the spec here is live, that is the
    folder of the last one, or of RUN, which may also be the path of a run's folder; this needs no engine.
    """
    name, wanted = split_phase(phase, run)
    try:
        target = find_target(engines_here().look(), phase, run)
    except (NotLiveError, EngineError):
        folder = _folder_of_ended(name)
        if folder is None:
            raise
        click.echo(f"run {folder.absolute().name} is over; from its folder:", err=True)
        _show_kept(folder, wanted)
        return
    nodes = [found for found in target.run.phases if target.phase in (None, found.id)]
    if nodes:
        _show(nodes, follow, prefixed=target.phase is None)
    else:
        _show_kept(target.folder, target.phase)


def _folder_of_ended(run: str | None) -> Path | None:
    """The folder of a run that no engine knows any more, or of the last one of the spec here; None if there is none."""
    try:
        return find_run(run, directory_of_runs())
    except UsageError:
        return None


class _Printer:
    """Prints lines of several logs, from whatever thread. `failure` is why the output took no more."""

    def __init__(self, phases: Sequence[LivePhase], *, prefixed: bool) -> None:
        self._width = max(len(phase.id) for phase in phases) if prefixed else 0
        self._mask = masker(phase.container.token for phase in phases)  # whatever the variable's name is here
        self._lock = Lock()
        self.failure: OSError | None = None

    def of(self, phase: LivePhase) -> Callable[[str], None]:
        """What prints a line of a phase."""
        lead = f"{phase.id:<{self._width}} | " if self._width else ""
        return lambda line: self._print(f"{lead}{clean(self._mask(line))}\n")

    def _print(self, text: str) -> None:
        with self._lock:
            if self.failure is not None:
                return
            try:
                sys.stdout.write(text)
                sys.stdout.flush()
            except OSError as error:  # in a thread of the engine's, where nobody would handle it
                self.failure = error


def _show(phases: list[LivePhase], follow: bool, *, prefixed: bool) -> None:
    printer = _Printer(phases, prefixed=prefixed)
    if follow:
        _follow(phases, printer)
    else:
        for phase in phases:
            phase.engine.api.read_logs(phase.container.id, printer.of(phase))
    if printer.failure is not None:
        raise printer.failure


def _follow(phases: list[LivePhase], printer: _Printer) -> None:
    streams = [phase.engine.api.follow_logs(phase.container.id, printer.of(phase)) for phase in phases]
    try:
        while not all(stream.join(_LOOK) for stream in streams) and printer.failure is None and is_read(sys.stdout):
            pass
    finally:
        for stream in streams:
            stream.close()


def _show_kept(folder: Path, phase: str | None) -> None:
    """Show what a run's folder has of a phase, of each of its attempts, or of all phases."""
    archive = read_archive(folder)
    states = {found.id: found.state for found in archive.phases}
    if phase is not None and phase not in states:
        raise UsageError(f"run {archive.run} has no phase `{phase}`", did_you_mean(phase, list(states)))
    shown = {
        name: text for name, text in archive.logs.items() if _phase_of(name) in (states if phase is None else [phase])
    }
    if not shown:
        said = f"there is no log of {phase}: it is {states[phase]}" if phase else f"run {archive.run} has no log yet"
        raise FastflowError(said, "see: fastflow ps")
    width = max(map(len, shown))
    for name, text in shown.items():
        lead = f"{name:<{width}} | " if len(shown) > 1 else ""
        click.echo("".join(f"{lead}{line}\n" for line in clean_lines(text).splitlines()), nl=False)


def _phase_of(log: str) -> str | None:
    """The phase of whose node a log is; None for the log of a source or a service."""
    return found[1] if (found := _OF_NODE.fullmatch(log)) else None


def clean_lines(text: str) -> str:
    """Make control characters visible, line by line."""
    return "".join(f"{clean(line)}\n" for line in text.splitlines())
