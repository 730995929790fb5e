"""`fastflow up` with clusters: one run in parts, one for each cluster and one for all single engines.

Phases of different parts never wait for one another (rule `cluster-crossing`). No part starts a phase before all of
them hold their leases, and displays show one run.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from fastflow.app.cluster_part import ClusterPart
from fastflow.app.console import Console
from fastflow.app.engines_part import EnginesPart
from fastflow.app.request import RunRequest
from fastflow.app.run_id_file import RunIdFile
from fastflow.app.watch import Watch, outcome_of
from fastflow.errors import FastflowError, InterruptedBeforeRunError, UsageError
from fastflow.record.events import PhaseChanged, RunStarted
from fastflow.record.folder import RunFolder
from fastflow.record.plan_file import EngineVersions, plan_file_of_run
from fastflow.record.result import PhaseResult, RunResult
from fastflow.run.at_once import at_once
from fastflow.run.earlier import results_to_keep
from fastflow.run.refusal import refusing
from fastflow.settings import RunSettings


class Part(Protocol):
    """A part of a run. Its methods are called in this order; all but `execute` and `kill` may raise FastflowError."""

    def begin(self) -> None:
        """Do everything that must happen before the run's folder exists."""

    def ask(self) -> Mapping[str, EngineVersions]:
        """Get its hosts ready; return their versions."""

    def hold(self, watch: Watch) -> None:
        """Take its leases, and create what its phases need; nothing runs yet."""

    def execute(self, watch: Watch) -> None:
        """Run its phases until they end."""

    def withdraw(self) -> None:
        """Remove what `hold` created, instead of `execute`."""

    def remove(self) -> None:
        """Remove what has ended."""

    def kill(self) -> None:
        """End it at once, as far as possible."""


def run_with_clusters(
    request: RunRequest, settings: RunSettings, console: Console, id_file: RunIdFile | None = None
) -> tuple[RunResult, RunFolder]:
    """Run the request; return the result and the run's folder. Raises as `app.up.run` does."""
    if settings.keep:
        raise UsageError("--keep is not available on a cluster", "run the workflow on a single engine to look at it")
    if request.text.name == "-":
        raise UsageError("a spec on standard input cannot run on a cluster", "write it into a file next to its files")
    parts = _parts_of(request, settings, console)
    try:
        for part in parts:
            part.begin()
        return _run(parts, request, settings, console, id_file)
    except FastflowError as error:
        error.mask(request.mask)
        raise


def _parts_of(request: RunRequest, settings: RunSettings, console: Console) -> tuple[Part, ...]:
    """The parts in the one order in which every run takes leases, so that no two wait for each other."""
    plan = request.plan
    engines = [name for name in plan.used_hosts if name not in plan.clusters]
    clusters = sorted(name for name in plan.used_hosts if name in plan.clusters)
    on_engines = (EnginesPart(request, settings, console, engines),) if engines else ()
    return (*on_engines, *(ClusterPart(request, settings, console, name) for name in clusters))


def _run(
    parts: Sequence[Part], request: RunRequest, settings: RunSettings, console: Console, id_file: RunIdFile | None
) -> tuple[RunResult, RunFolder]:
    plan = request.plan
    folder = request.make_folder()
    try:
        if id_file is not None:
            id_file.write(request.run)
        earlier = results_to_keep(request.earlier, plan, folder) if request.earlier is not None else ()
        with refusing(plan, settings, folder, earlier):
            watch = _watch(parts, request, settings, console, folder=folder, earlier=earlier)
            _hold(parts, watch)
            _begin(watch, plan.resumes)
        at_once(lambda part: part.execute(watch), parts)
        result = outcome_of(watch, plan.resumes)
        for part in parts:
            part.remove()
        watch.end(result)
    finally:
        folder.close()
        console.on_end(folder)
    return result, folder


def _watch(
    parts: Sequence[Part],
    request: RunRequest,
    settings: RunSettings,
    console: Console,
    *,
    folder: RunFolder,
    earlier: Sequence[PhaseResult],
) -> Watch:
    """Write the plan, even if no host then answers; from then on signals stop the run."""
    plan_file = plan_file_of_run(request.plan, request.facts, request.values, request.run)
    folder.write_plan(plan_file)
    plan_file = plan_file.with_hosts({name: version for part in parts for name, version in part.ask().items()})
    folder.write_plan(plan_file)
    console.on_begin(lambda: _each(parts, lambda part: part.kill()))
    return Watch(
        request.run,
        settings.spec,
        folder,
        console.cancellation,
        (folder.on_event, *console.listeners(settings)),
        {result.id: result for result in earlier},
        plan_file,
    )


def _hold(parts: Sequence[Part], watch: Watch) -> None:
    """Let all parts take their leases; if one cannot, all of them are undone."""
    try:
        for part in parts:
            part.hold(watch)
    except (FastflowError, InterruptedBeforeRunError):
        _each(parts, lambda part: part.withdraw())
        raise


def _begin(watch: Watch, resumes: str | None) -> None:
    """Report the start of the run, and the phases that an earlier run passed."""
    phases = tuple(phase.id for phase in watch.plan.phases if phase.selected)
    versions = {name: versions.engine for name, versions in watch.plan.hosts.items()}
    watch.emit(RunStarted(watch.run, watch.spec, phases, resumes, versions))
    for kept in watch.earlier.values():
        ids = {"test_record": kept.test_record, "test_run": kept.test_run}
        watch.emit(PhaseChanged.of(kept, **ids, is_kept=True))


def _each(parts: Sequence[Part], do: Callable[[Part], None]) -> None:
    for part in parts:
        do(part)
