"""The logs of a run's nodes, from the engine or from the run's folder."""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from fastflow.app.live import NotLiveError, engines_here, find_target, split_phase
from fastflow.app.specs import directory_of_runs
from fastflow.diagnostic import did_you_mean
from fastflow.errors import EngineError, FastflowError, UsageError
from fastflow.files import matching
from fastflow.masking import Masker
from fastflow.record.archive import find_run, read_archive
from fastflow.record.har import RECORDS, SHORTEST_SECRET, read_har
from fastflow.record.history import is_going_on
from fastflow.record.place import RunsDir
from fastflow.report.text import clean
from fastflow.run.live import LivePhase

_LOOK = 0.5
"""Seconds between two checks that the output still has a reader."""
_OF_NODE = re.compile(r"([^.]+\.[^.]+)(\.attempt-\d+)?")


@dataclass(frozen=True, slots=True)
class Output:
    """An output for logs. `write` takes a text and raises OSError if nothing reads any more; `notify` is for people."""

    write: Callable[[str], None]
    is_read: Callable[[], bool]
    notify: Callable[[str], None]


def show_logs(phase: str | None, run: str | None, runs_dir: RunsDir, output: Output, *, follow: bool) -> None:
    """Write the log of a phase, or of all existing nodes; for a run that is over, the logs in its folder.

    With `follow`, continue until the nodes have ended.
    """
    name, wanted = split_phase(phase, run)
    try:
        target = find_target(engines_here(output.notify).look(), phase, run, runs_dir)
    except (NotLiveError, EngineError):
        folder = _folder_of_ended(name, runs_dir)
        if folder is None:
            raise
        state = "is going on; by now" if is_going_on(folder) else "is over; from its folder"
        output.notify(f"run {folder.absolute().name} {state}:")
        _show_kept(folder, wanted, output)
        return
    nodes = [found for found in target.run.phases if target.phase in (None, found.id)]
    if nodes:
        show_nodes(nodes, target.folder, output, follow=follow, prefixed=target.phase is None)
    else:
        _show_kept(target.folder, target.phase, output)


def _folder_of_ended(run: str | None, runs_dir: RunsDir) -> Path | None:
    """The folder of a run that is on no engine any more, or of the last one of the spec here; None if there is none."""
    try:
        return find_run(run, directory_of_runs(), runs_dir)
    except UsageError:
        return None


class _Printer:
    """Writes lines of several logs, from any thread. `failure` is why the output failed."""

    def __init__(self, phases: Sequence[LivePhase], folder: Path, output: Output, *, prefixed: bool) -> None:
        self._output = output
        self._width = max(len(phase.id) for phase in phases) if prefixed else 0
        self._mask = Masker(phase.container.token for phase in phases)  # whatever the variable is called here
        for record in matching(folder / RECORDS, "*.har"):  # records that are files contain sessions
            with suppress(OSError, ValueError):
                self._mask.add(read_har(record.read_bytes()).secrets(), SHORTEST_SECRET)
        self._lock = Lock()
        self.failure: OSError | None = None

    def of(self, phase: LivePhase) -> Callable[[str], None]:
        """The function that prints a line of a phase."""
        lead = f"{phase.id:<{self._width}} | " if self._width else ""
        return lambda line: self._print(f"{lead}{clean(self._mask(line))}\n")

    def _print(self, text: str) -> None:
        with self._lock:
            if self.failure is not None:
                return
            try:
                self._output.write(text)
            except OSError as error:  # in one of the engine's threads, where nothing would handle it
                self.failure = error


def show_nodes(phases: Sequence[LivePhase], folder: Path, output: Output, *, follow: bool, prefixed: bool) -> None:
    """Write the output of a run's nodes, with the phase in front of each line if `prefixed`. Raises OSError.

    `folder` is the run's; it may be on another machine.
    """
    printer = _Printer(phases, folder, output, prefixed=prefixed)
    if follow:
        _follow(phases, printer, output)
    else:
        for phase in phases:
            phase.engine.api.read_logs(phase.container.id, printer.of(phase))
    if printer.failure is not None:
        raise printer.failure


def _follow(phases: Sequence[LivePhase], printer: _Printer, output: Output) -> None:
    streams = [phase.engine.api.follow_logs(phase.container.id, printer.of(phase)) for phase in phases]
    try:
        while not all(stream.join(_LOOK) for stream in streams) and printer.failure is None and output.is_read():
            pass
    finally:
        for stream in streams:
            stream.close()


def _show_kept(folder: Path, phase: str | None, output: Output) -> None:
    """Write the logs in a run's folder: of all attempts of a phase, or of all phases."""
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
        output.write("".join(f"{lead}{clean(line)}\n" for line in text.splitlines()))


def _phase_of(log: str) -> str | None:
    """The phase whose node wrote a log; None for the log of a source or a service."""
    return found[1] if (found := _OF_NODE.fullmatch(log)) else None
