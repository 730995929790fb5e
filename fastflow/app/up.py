"""`fastflow up`, from a request and its plan to the result: engines, the emulator, the run's folder, the run."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from fastflow.app.console import Console
from fastflow.app.engine_setup import emulated, engines_of, remove_all, take_over_earlier, versions_of
from fastflow.app.environment import absolute_files, source_environment
from fastflow.app.memory import enable_gc
from fastflow.app.request import RunRequest
from fastflow.app.run_id_file import RunIdFile
from fastflow.app.specs import identity
from fastflow.check.rules.containers import rejected
from fastflow.engines.docker import DockerEngine
from fastflow.errors import FastflowError, RejectedProjectError
from fastflow.model.spec import Concurrency
from fastflow.pipeline import execute
from fastflow.record.folder import RunFolder
from fastflow.record.plan_file import plan_file_of_run
from fastflow.record.result import RunResult
from fastflow.run.earlier import results_to_keep
from fastflow.run.engine import Lease
from fastflow.run.holding import release_all
from fastflow.run.refusal import refusing
from fastflow.settings import RunSettings

_EMULATED_TOKEN = "emulated"  # noqa: S105  # what nodes show the emulated cloud where no token is set


def settings_of(request: RunRequest, *, keep: bool, fail_fast: bool, wait_lease: int | None) -> RunSettings:
    """Make the settings of a request; with the emulator, `run` adds its address."""
    spec = request.facts.spec
    concurrency = spec.concurrency or Concurrency()
    stand_ins = dict.fromkeys(spec.token_names, _EMULATED_TOKEN) if request.is_emulated else {}
    return RunSettings(
        run=request.run,
        spec=identity(request.text),
        env_files=absolute_files(request.env_files),
        cloud_urls={} if request.is_emulated else {name: spec.cloud_of(name).url for name in spec.workflows},
        tokens={**stand_ins, **request.tokens},
        source_environment=source_environment(spec.token_names, request.tokens.values()),
        host_limits=spec.host_limits,
        keep=keep,
        fail_fast=fail_fast,
        wait_lease=concurrency.wait if wait_lease is None else wait_lease,
        wait_lease_by="`concurrency: wait`" if wait_lease is None else "--wait-lease",
        cancel_in_progress=bool(concurrency.cancel_in_progress),
    )


def run(
    request: RunRequest,
    settings: RunSettings,
    console: Console,
    id_file: RunIdFile | None = None,
    *,
    on_node: bool = False,
) -> tuple[RunResult, RunFolder]:
    """Run the request; return the result and the run's folder.

    `on_node`: the plan is a unit's, and its host is the engine that the environment points to.
    Raises FastflowError and InterruptedBeforeRunError if nothing could be started; the run's folder records it too.
    """
    enable_gc()
    hosts = {} if on_node else request.facts.spec.hosts or {}
    if len(hosts) > 1:
        from fastflow.app.placing import placed  # noqa: PLC0415  # most runs have one engine

        request = placed(request, lambda one: engines_of(one, settings, hosts), console.say)
    if request.plan.uses_clusters and not on_node:
        from fastflow.app.cluster_up import run_with_clusters  # noqa: PLC0415  # most runs have none

        return run_with_clusters(request, settings, console, id_file)
    return _run_on(engines_of(request, settings, hosts), request, settings, console, id_file)


def _run_on(
    engines: Mapping[str, DockerEngine],
    request: RunRequest,
    settings: RunSettings,
    console: Console,
    id_file: RunIdFile | None,
) -> tuple[RunResult, RunFolder]:
    plan = request.plan
    marks: list[Lease] = []
    with _masking(request), ExitStack() as at_end:
        at_end.callback(release_all, marks)
        folder = _begin(request, engines, console, id_file)
        at_end.callback(console.on_end, folder)
        earlier = results_to_keep(request.earlier, plan, folder) if request.earlier is not None else ()
        with refusing(plan, settings, folder, earlier):
            settings = _prepared(request, settings, engines=engines, folder=folder, marks=marks, console=console)
        result = execute(
            plan,
            settings,
            engines,
            cancellation=console.cancellation,
            folder=folder,
            listeners=console.listeners(settings),
            earlier=earlier,
        )
    return result, folder


def _prepared(
    request: RunRequest,
    settings: RunSettings,
    *,
    engines: Mapping[str, DockerEngine],
    folder: RunFolder,
    marks: list[Lease],
    console: Console,
) -> RunSettings:
    """Write the plan, even if no engine then answers; start the emulator, and ask the engines for their versions."""
    plan_file = plan_file_of_run(request.plan, request.facts, request.values, request.run)
    folder.write_plan(plan_file)
    if request.is_emulated:
        settings = emulated(request.plan, settings, engines, marks, console.say)
    console.on_begin(lambda: remove_all(request.run, engines))
    folder.write_plan(plan_file.with_hosts(versions_of(engines)))
    return settings


@contextmanager
def _masking(request: RunRequest) -> Iterator[None]:
    """Mask tokens in errors, and turn what Docker Compose rejects into a finding in the spec."""
    try:
        yield
    except RejectedProjectError as error:
        found = rejected(request.facts, error.workflow, error.reason)
        raise request.checked.refusal((found,)) from error
    except FastflowError as error:
        error.mask(request.mask)
        raise


def _begin(
    request: RunRequest, engines: Mapping[str, DockerEngine], console: Console, id_file: RunIdFile | None
) -> RunFolder:
    """Make the run's folder, after removing what a resumed run left; if that one is live, this one does not begin."""
    take_over_earlier(request, engines, console.say)
    folder = request.make_folder()
    if id_file is not None:
        id_file.write(request.run)
    return folder
