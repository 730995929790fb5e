"""From the command line to `execute_plan`: engines, the emulator, the run's folder, what is shown, signals."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property

from fastflow.app.environment import (
    absolute_files,
    engine_environment,
    own_variables,
    source_environment,
    variable,
)
from fastflow.app.memory import enable_gc
from fastflow.app.specs import identity
from fastflow.cli.boundary import show_error
from fastflow.cli.reports import Report, write_reports
from fastflow.cli.resuming import Ground
from fastflow.cli.run_id_file import RunIdFile
from fastflow.cli.showing import Showing
from fastflow.cli.signals import InterruptedBeforeRunError, Interruption, interruption
from fastflow.emulation.cloud import NAME, TOKENS, ensure_cloud
from fastflow.emulation.image import ensure_image
from fastflow.engines.docker import DockerEngine
from fastflow.engines.opening import open_engine
from fastflow.errors import EngineUnreachableError, ExitCode, FastflowError
from fastflow.masking import masker
from fastflow.model.spec import Host
from fastflow.pipeline import SpecText
from fastflow.plan import Plan
from fastflow.record.archive import read_archive
from fastflow.record.digest import write_digest
from fastflow.record.events import RunRefused, now
from fastflow.record.folder import RunFolder
from fastflow.record.plan_file import EngineVersions, PlanFile, plan_file_of_run
from fastflow.record.result import PhaseResult
from fastflow.run.earlier import results_to_keep, take_over
from fastflow.run.engine import Lease
from fastflow.run.execution import execute_plan, write_refusal
from fastflow.run.holding import mark, release_all
from fastflow.run.observer import Cancellation
from fastflow.run.removal import remove_run
from fastflow.run.survey import ask_all
from fastflow.settings import Emulation, RunSettings

_EMULATED_TOKEN = "emulated"  # noqa: S105  # what nodes show the emulated cloud where no token is set


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the command line said of how to run."""

    emulate: bool = False
    keep: bool = False
    fail_fast: bool = False
    progress: str = "auto"
    reports: tuple[Report, ...] = ()
    env_files: tuple[str, ...] = ()
    run_id_file: RunIdFile | None = None
    wait_lease: int | None = None
    """The seconds in which the run waits for a BUILD_ID that another one uses."""


@dataclass(frozen=True)
class Order:
    """What is to be run."""

    ground: Ground
    plan: Plan

    @property
    def run(self) -> str:
        """The run's id."""
        return self.ground.run

    @property
    def text(self) -> SpecText:
        """The spec."""
        return self.ground.text

    @property
    def values(self) -> Mapping[str, str]:
        """The values of all variables."""
        return self.ground.values

    @property
    def hosts(self) -> Mapping[str, Host]:
        """The engines that the spec names."""
        return self.ground.facts.spec.hosts or {}

    @cached_property
    def token_names(self) -> tuple[str, ...]:
        """The variables that hold tokens."""
        return tuple(dict.fromkeys(workflow.cloud.token_name for workflow in self.plan.workflows.values()))

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        """The tokens' values, where they are set."""
        return tuple(value for name in self.token_names if (value := self.values.get(name)))

    @cached_property
    def used_hosts(self) -> tuple[str, ...]:
        """The hosts of the selected phases; one empty name stands for the current context."""
        workflows = dict.fromkeys(phase.workflow for phase in self.plan.selected)
        return tuple(dict.fromkeys(self.plan.workflows[name].host for name in workflows))


def execute(order: Order, options: RunOptions) -> int:
    """Run a plan, show how it goes and what came of it; return the exit code."""
    enable_gc()
    session = _Session(order, options)
    with interruption(Cancellation(), session.showing.say) as signals:
        try:
            return session.execute(signals)
        except InterruptedBeforeRunError as interrupted:
            return interrupted.exit_code
        except FastflowError as error:
            error.mask(session.mask)
            raise
        finally:
            release_all(session.marks)
            session.showing.close()


@dataclass
class _Session:
    order: Order
    options: RunOptions
    marks: list[Lease] = field(default_factory=list)
    """What says that this run uses the emulator."""

    @cached_property
    def mask(self) -> Callable[[str], str]:
        return masker(self.order.tokens)

    @cached_property
    def showing(self) -> Showing:
        settings = self.settings
        return Showing(self.options.progress, self.order.plan, self.mask, settings.cloud_urls, settings.tokens)

    @cached_property
    def settings(self) -> RunSettings:
        order, emulate = self.order, self.options.emulate
        tokens = {name: order.values.get(name) or (_EMULATED_TOKEN if emulate else "") for name in order.token_names}
        return RunSettings(
            run=order.run,
            spec=identity(order.text),
            env_files=absolute_files(self.options.env_files),
            cloud_urls={} if emulate else {name: one.cloud.url for name, one in order.plan.workflows.items()},
            tokens={name: token for name, token in tokens.items() if token},
            source_environment=source_environment(order.token_names, order.tokens),
            keep=self.options.keep,
            fail_fast=self.options.fail_fast,
            wait_lease=self.options.wait_lease,
        )

    @cached_property
    def engines(self) -> dict[str, DockerEngine]:
        return {name: self._engine(self.order.hosts.get(name)) for name in self.order.used_hosts}

    def _engine(self, host: Host | None) -> DockerEngine:
        own = own_variables(self.order.values)
        own.update((name, value) for name, value in self.settings.tokens.items() if not self.order.values.get(name))
        return open_engine(engine_environment(own), host)

    def execute(self, signals: Interruption) -> int:
        self._take_over()
        folder = RunFolder(self.order.text.directory, self.order.run, self.mask)
        write_digest(folder, self.order.ground.digest)
        if self.options.run_id_file is not None:
            self.options.run_id_file.write(self.order.run)
        try:
            settings = self._prepared(folder, signals)
            result = execute_plan(
                self.order.plan,
                settings,
                self.engines,
                cancellation=signals.cancellation,
                folder=folder,
                listeners=self.showing.listeners,
                host_limits={name: host.max_parallel for name, host in self.order.hosts.items() if host.max_parallel},
                earlier=self._earlier(folder),
            )
        finally:
            written = self._report(folder)
        self.showing.conclude(result, folder.path, written, is_kept=self.options.keep)
        return result.exit_code or (ExitCode.PASSED if len(written) == len(self.options.reports) else ExitCode.FAILED)

    def _prepared(self, folder: RunFolder, signals: Interruption) -> RunSettings:
        """Ask the engines, and start the emulator; what stands in the way is in the run's folder, too."""
        started = now()
        try:
            told = self._write_plan(folder)
            settings = self._emulated() if self.options.emulate else self.settings
            signals.last_effort = self._remove_all
            signals.is_running = True
            infos = ask_all(self.engines).items()
            hosts = {name: EngineVersions(one.engine_version, one.compose_version) for name, one in infos}
            folder.write_plan(told.with_hosts(hosts))
        except (FastflowError, InterruptedBeforeRunError) as error:
            reason = error.message if isinstance(error, FastflowError) else "interrupted"
            folder.on_event(RunRefused(reason))
            code, earlier = int(error.exit_code), self._earlier(folder)
            write_refusal(self.order.plan, self.settings, folder, started=started, exit_code=code, earlier=earlier)
            folder.close()
            raise
        return settings

    def _write_plan(self, folder: RunFolder) -> PlanFile:
        """Write plan.json, also where no engine then answers, and return what it tells."""
        order = self.order
        told = plan_file_of_run(order.plan, order.ground.facts, order.values, order.run)
        folder.write_plan(told)
        return told

    def _report(self, folder: RunFolder) -> list[str]:
        """Write the reports that were asked for, and return the paths of those that could be written."""
        if not self.options.reports:
            return []
        ended = write_reports(self.options.reports, read_archive(folder.path))
        self.showing.close()
        for failure in ended.values():
            if failure is not None:
                show_error(failure)
        return [str(report.path) for report, failure in ended.items() if failure is None]

    def _earlier(self, folder: RunFolder) -> tuple[PhaseResult, ...]:
        earlier = self.order.ground.earlier
        return results_to_keep(earlier, self.order.plan, folder) if earlier is not None else ()

    def _take_over(self) -> None:
        """Remove what the run that is taken up left; where it is live, this one does not begin."""
        earlier = self.order.ground.earlier
        if earlier is None:
            return
        with suppress(EngineUnreachableError):  # which is told when the engines are asked
            if take_over(self.engines.values(), earlier.digest.run):
                self.showing.say(f"removed what run {earlier.digest.run} had left on the engine")

    def _emulated(self) -> RunSettings:
        """Start the cloud on each engine where it does not run; first say that this run uses it."""
        ask_all(self.engines)  # before the first cloud is started
        settings = self.settings
        for name, engine in self.engines.items():
            image = ensure_image(engine, self.showing.say)
            settings = replace(settings, emulation=Emulation(image, api_host=NAME, network=NAME))
            self.marks += mark(engine, settings, image, self.showing.say)
            if (url := ensure_cloud(engine, image, variable(TOKENS))) is not None:
                here = (workflow.name for workflow in self.order.plan.workflows.values() if workflow.host == name)
                settings.cloud_urls.update(dict.fromkeys(here, url))
        return settings

    def _remove_all(self) -> None:
        for engine in self.engines.values():
            remove_run(engine, self.order.run, ())
