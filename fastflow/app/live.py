"""Live runs: the engines to look at, the run and the phase that are meant, and stopping a node."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fastflow.app.environment import engine_environment, new_run_id, values_for
from fastflow.app.memory import enable_gc
from fastflow.app.specs import find_spec, identity_here, read_spec_text
from fastflow.diagnostic import did_you_mean
from fastflow.engines.opening import open_engine
from fastflow.errors import FastflowError, UsageError
from fastflow.model.host import Host
from fastflow.pipeline import SpecText, load
from fastflow.record.history import History, read_history
from fastflow.record.place import RunsDir
from fastflow.run.engine import Engine
from fastflow.run.live import LivePhase, LiveRun
from fastflow.run.survey import Sighting, Survey, look

_GRACE = 10.0
"""Seconds that a node gets to stop."""
_NAME_IT = "name the run with --run, or as RUN/PHASE; see: fastflow ps"


class NotLiveError(FastflowError):
    """The requested run has nothing on any engine, or no run of the spec here is live."""


@dataclass
class Engines:
    """The engines that a command looks at, by their names in the spec; an empty name is the current context's.

    `notify` is called once for one that does not answer. After the first look, only engines that answered are asked
    again, because waiting for the others takes long.
    """

    named: Mapping[str, Engine]
    notify: Callable[[str], None]
    silent: set[str] = field(default_factory=set)

    def look(self) -> Survey:
        """Look at all of them; raises FastflowError if none answers."""
        survey = look(self.named)
        if not survey.answered:
            survey.require(self.named)
        for seen in survey.silent:
            self._say(seen)
        return survey

    def _say(self, seen: Sighting) -> None:
        if seen.host in self.silent or seen.error is None:
            return
        self.silent.add(seen.host)
        name = f"host {seen.host}" if seen.host else "the current Docker context"
        self.notify(f"warning: {name} is left out: {seen.error.message}")

    def only_answering(self) -> "Engines":
        """Those that have answered so far."""
        return Engines({name: engine for name, engine in self.named.items() if name not in self.silent}, self.notify)


def engines_here(notify: Callable[[str], None], text: SpecText | None = None) -> Engines:
    """The engines of the spec's hosts (by default of this directory's spec), and that of the current context.

    If one of the hosts is the current context's engine, it has the host's name.
    """
    enable_gc()
    text = text or (read_spec_text(None) if find_spec() else None)
    hosts = hosts_of(text) if text is not None else {}
    environment = engine_environment()
    named = {name: open_engine(environment, host) for name, host in hosts.items()}
    return Engines({**named, "": open_engine(environment)}, notify)


def hosts_of(text: SpecText) -> Mapping[str, Host]:
    """The hosts of a spec, with the values of variables; none if the spec cannot be read."""
    facts, _ = load(text, values_for(text.directory, (), new_run_id()))
    return (facts.spec.hosts or {}) if facts else {}


@dataclass(frozen=True, slots=True)
class Target:
    """A run, the phase of it that is meant (None: all), and its folder, which may be on another machine."""

    run: LiveRun
    phase: str | None
    folder: Path

    @property
    def history(self) -> History | None:
        """The events that the run has written so far, if they are here."""
        return read_history(self.folder)

    @property
    def container(self) -> LivePhase | None:
        """The node of the phase, if it exists."""
        return next((phase for phase in self.run.phases if phase.id == self.phase), None)


def split_phase(text: str | None, run: str | None) -> tuple[str | None, str | None]:
    """Split `RUN/PHASE`; raises UsageError if --run says something else."""
    if text is None or "/" not in text:
        return run, text
    named, _, phase = text.partition("/")
    if run is not None and run != named:
        raise UsageError(f"--run {run} and {text} name different runs")
    return named, phase or None


def find_target(survey: Survey, phase: str | None, run: str | None, runs_dir: RunsDir) -> Target:
    """Find the run and the phase that are meant; raises UsageError and NotLiveError."""
    run_name, phase_name = split_phase(phase, run)
    if run_name is not None:
        chosen = _named_run(survey.runs, run_name)
    else:
        chosen = _only_run(survey.runs, identity_here(), runs_dir)
    target = Target(chosen, phase_name, runs_dir.folder(chosen.spec, chosen.id))
    if phase_name is not None:
        _require_phase(phase_name, chosen, target.history)
    return target


def _named_run(runs: Sequence[LiveRun], name: str) -> LiveRun:
    found = next((run for run in runs if run.id == name), None)
    if found is None:
        known = did_you_mean(name, [run.id for run in runs])
        raise NotLiveError(f"no engine has a run {name}", known or "see: fastflow ps")
    return found


def _only_run(runs: Sequence[LiveRun], spec: str | None, runs_dir: RunsDir) -> LiveRun:
    """The only live run of the spec here; runs of others must not be stopped by mistake."""
    if spec is None:
        raise UsageError("there is no spec here, so it is not clear which run you mean", _NAME_IT)
    live = [run for run in runs if run.is_alive]
    own = [run for run in live if is_own(run, spec, runs_dir)]
    if len(own) > 1:
        names = ", ".join(run.id for run in own)
        raise UsageError(f"{len(own)} runs of {spec} are live: {names}", "name one with --run, or as RUN/PHASE")
    if not own and live:
        others = ", ".join(f"{run.id} of {run.spec}" for run in live)
        elsewhere = "give the --runs-dir of the run, or " if any(run.spec == spec for run in live) else ""
        raise NotLiveError(f"no run of {spec} is live; other live runs: {others}", f"{elsewhere}{_NAME_IT}")
    if not own:
        raise NotLiveError(f"no run of {spec} is live", "start one: fastflow up; logs of old runs: fastflow logs PHASE")
    return own[0]


def is_own(run: LiveRun, spec: str, runs_dir: RunsDir) -> bool:
    """Whether a run is of this spec in this checkout: CI jobs in containers have their checkouts at the same path."""
    return run.spec == spec and runs_dir.has_from(Path(spec).parent, run.id)


def _require_phase(name: str, run: LiveRun, history: History | None) -> None:
    reported = list(history.phases) if history else []  # empty until the run has begun, although it is live already
    known = reported or [phase.id for phase in run.phases]
    if name not in known and (reported or "." not in name):
        raise UsageError(f"run {run.id} has no phase `{name}`", did_you_mean(name, known))


def stop_node(target: Target) -> LivePhase:
    """Stop the node of a phase gracefully: a recorder finishes its test record. Raises FastflowError if none runs."""
    found = target.container
    if found is None or found.container.status not in ("running", "paused"):
        history = target.history
        state = f": it is {history.state(target.phase or '')}" if history else ""
        raise FastflowError(f"{target.phase} has no running node{state}", "see what runs: fastflow ps")
    found.engine.api.stop(found.container.id, _GRACE)
    return found
