"""The part of a run that is on single engines while the rest is on clusters."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from fastflow.app.console import Console
from fastflow.app.engine_setup import emulated, engines_of, remove_all, take_over_earlier, versions_of
from fastflow.app.request import RunRequest
from fastflow.app.watch import Watch
from fastflow.errors import FastflowError
from fastflow.record.events import Event, RunEnded, RunRefused, RunStarted
from fastflow.record.plan_file import EngineVersions
from fastflow.record.result import RunResult
from fastflow.run.context import Host, RunContext
from fastflow.run.engine import Lease
from fastflow.run.holding import release_all
from fastflow.run.runner import Runner
from fastflow.settings import RunSettings


class EnginesPart:
    """The part of a run on single engines. Its runner has its own thread, and waits there for the other parts."""

    def __init__(self, request: RunRequest, settings: RunSettings, console: Console, hosts: Sequence[str]) -> None:
        plan = request.plan
        here = {phase.workflow for phase in plan.selected if plan.workflows[phase.workflow].host in hosts}
        self.request = replace(request, selection=replace(request.selection, workflows=tuple(sorted(here))))
        self.settings, self.console = settings, console
        self.engines = engines_of(self.request, settings, request.facts.spec.hosts or {})
        self._marks: list[Lease] = []
        self._changed = threading.Condition()
        self._holds = self._may_run = self._is_withdrawn = False
        self._thread: threading.Thread | None = None
        self._outcome: RunResult | FastflowError | None = None

    def begin(self) -> None:
        """Remove what a resumed run has left."""
        take_over_earlier(self.request, self.engines, self.console.say)

    def ask(self) -> Mapping[str, EngineVersions]:
        """Start the emulator's clouds, and ask the engines for their versions."""
        if self.request.is_emulated:
            plan, say = self.request.plan, self.console.say
            self.settings = emulated(plan, self.settings, self.engines, self._marks, say)
        return versions_of(self.engines)

    def hold(self, watch: Watch) -> None:
        """Let the runner prepare its workflows and take its leases."""
        cancellation, run = self.console.cancellation, self.request.run
        hosts = {name: Host.of(name, engine, cancellation, run) for name, engine in self.engines.items()}
        listeners = (partial(_pass_on, watch),)
        plan, earlier = self.request.plan, watch.earlier
        context = RunContext(plan, self.settings, watch.folder, cancellation, listeners, earlier=earlier)
        runner = Runner(context, hosts, self._wait_for_others)
        cancellation.watchers.append(self._notice)
        self._thread = threading.Thread(target=self._run, args=(runner,), name="engines", daemon=True)
        self._thread.start()
        with self._changed:
            self._changed.wait_for(lambda: self._holds or self._outcome is not None)
        if isinstance(self._outcome, FastflowError):
            raise self._outcome

    def execute(self, watch: Watch) -> None:
        """Let the phases start, and wait until they end."""
        with self._changed:
            self._may_run = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
        if isinstance(self._outcome, RunResult):
            watch.add_results(self._outcome)

    def withdraw(self) -> None:
        """Let the runner remove what it has prepared."""
        self._is_withdrawn = True
        self._notice()
        if self._thread is not None:
            self._thread.join()
        release_all(self._marks)

    def remove(self) -> None:
        """Release the emulator's clouds; the runner has removed the rest."""
        release_all(self._marks)

    def kill(self) -> None:
        """Remove everything that the run has on its engines."""
        remove_all(self.request.run, self.engines)

    def _run(self, runner: Runner) -> None:
        try:
            outcome: RunResult | FastflowError = runner.execute()
        except FastflowError as error:
            outcome = error
        except BaseException as error:
            outcome = FastflowError(f"a bug of fastflow: {error!r}")
            raise
        finally:
            with self._changed:
                self._outcome = outcome
                self._changed.notify_all()

    def _wait_for_others(self) -> None:
        with self._changed:
            self._holds = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._may_run or self._is_withdrawn or self.console.cancellation.is_set)
        if self._is_withdrawn:
            raise FastflowError("another part of the run could not begin")

    def _notice(self) -> None:
        with self._changed:
            self._changed.notify_all()


def _pass_on(watch: Watch, event: Event) -> None:
    """Pass on the events of this part; the beginning and the end of the whole run are reported elsewhere."""
    is_of_all = isinstance(event, RunStarted | RunEnded | RunRefused) or getattr(event, "is_kept", False)
    if not is_of_all:
        watch.emit(event)
