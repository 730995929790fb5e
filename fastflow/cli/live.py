"""What the commands on live runs share: finding the run and the phase that are meant."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from fastflow.cli.environment import engine_environment
from fastflow.cli.memory import collect_from_here
from fastflow.engines.docker import DockerEngine
from fastflow.errors import FastflowError, UsageError
from fastflow.model.suggest import did_you_mean
from fastflow.run.history import History, folder_of, read_history
from fastflow.run.live import LivePhase, LiveRun, find_runs
from fastflow.run.ports import Engine


def run_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Which run."""
    return click.option("--run", "run", metavar="RUN", help="The run; needed where not exactly one is live.")(function)


def current_engine() -> DockerEngine:
    """The engine of the current Docker context."""
    collect_from_here()
    engine = DockerEngine(engine_environment())
    engine.info()
    return engine


@dataclass(frozen=True, slots=True)
class Target:
    """A run, the phase of it that is meant (None: all), and the run's folder, which may be on another machine."""

    run: LiveRun
    phase: str | None
    folder: Path

    @property
    def history(self) -> History | None:
        """What the run has written down by now, if that is here."""
        return read_history(self.folder)

    @property
    def container(self) -> LivePhase | None:
        """The node of the phase, if it is there."""
        return next((phase for phase in self.run.phases if phase.id == self.phase), None)


def split_phase(text: str | None, run: str | None) -> tuple[str | None, str | None]:
    """Split `RUN/PHASE`; raises UsageError where --run says something else."""
    if text is None or "/" not in text:
        return run, text
    named, _, phase = text.partition("/")
    if run is not None and run != named:
        raise UsageError(f"--run {run} and {text} name different runs")
    return named, phase or None


def find_target(engine: Engine, phase: str | None, run: str | None) -> Target:
    """Find the run and the phase that are meant; raises UsageError and FastflowError."""
    run_name, phase_name = split_phase(phase, run)
    chosen = choose_run(find_runs(engine), run_name)
    target = Target(chosen, phase_name, folder_of(chosen.spec, chosen.id))
    if phase_name is not None:
        _require_phase(phase_name, chosen, target.history)
    return target


def choose_run(runs: Sequence[LiveRun], name: str | None) -> LiveRun:
    """Choose the run of that name, or else the only live one."""
    if name is not None:
        found = next((run for run in runs if run.id == name), None)
        if found is None:
            known = did_you_mean(name, [run.id for run in runs])
            raise FastflowError(f"the engine has nothing of a run {name}", known or "see: fastflow ps")
        return found
    live = [run for run in runs if run.is_alive]
    if not live:
        raise FastflowError(
            "no run is live on this engine", "start one: fastflow up; the logs of old runs: .fastflow/runs"
        )
    if len(live) > 1:
        names = ", ".join(run.id for run in live)
        raise UsageError(f"{len(live)} runs are live: {names}", "name one with --run, or as RUN/PHASE")
    return live[0]


def _require_phase(name: str, run: LiveRun, history: History | None) -> None:
    known = list(history.phases) if history else [phase.id for phase in run.phases]
    if name not in known and (history or "." not in name):
        raise UsageError(f"run {run.id} has no phase `{name}`", did_you_mean(name, known))
