"""Plan to result: the last stage of the pipeline. Engines and listeners are arguments."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from fastflow.errors import FastflowError
from fastflow.plan import Plan
from fastflow.record.events import Listener, PhaseChanged, now
from fastflow.record.folder import RunFolder
from fastflow.record.result import PhaseResult, RunResult
from fastflow.run.context import Host, RunContext
from fastflow.run.engine import Engine
from fastflow.run.observer import Cancellation, Observer
from fastflow.run.runner import Runner, in_order, waiting
from fastflow.settings import RunSettings


def execute_plan(
    plan: Plan,
    settings: RunSettings,
    engines: Mapping[str, Engine],
    *,
    cancellation: Cancellation,
    folder: RunFolder,
    listeners: Iterable[Listener] = (),
    host_limits: Mapping[str, int] | None = None,
    earlier: Iterable[PhaseResult] = (),
) -> RunResult:
    """Plan to result: execute it on `engines` (by host), write down what happened, remove what was created.

    `earlier` are the results of the phases that the run which is taken up had passed.
    Raises FastflowError where nothing could be started; the run's folder says so, too.
    """
    hosts = {
        name: Host(name, engine, engine.info(), Observer(engine, cancellation, settings.run))
        for name, engine in engines.items()
    }
    known = {result.id: result for result in earlier}
    context = RunContext(plan, settings, folder, cancellation, (folder.on_event, *listeners), earlier=known)
    started = now()
    try:
        result = Runner(context, hosts, host_limits).execute()
    except FastflowError as error:
        write_refusal(plan, settings, folder, started=started, exit_code=error.exit_code, earlier=known.values())
        raise
    finally:
        folder.close()
    folder.write_result(result)
    return result


def write_refusal(
    plan: Plan,
    settings: RunSettings,
    folder: RunFolder,
    *,
    started: str,
    exit_code: int,
    earlier: Iterable[PhaseResult] = (),
) -> None:
    """Write the result of a run of which nothing was started, and what became of its phases."""
    nothing = {
        name: replace(result, state="cancelled", reason="nothing was started") for name, result in waiting(plan).items()
    }
    for phase in nothing.values():  # for who reads the file of events later; a display has the error to show
        folder.on_event(PhaseChanged.of(phase))
    phases = in_order(plan, {**{result.id: result for result in earlier}, **nothing})
    result = RunResult(settings.run, settings.spec, exit_code, started, now(), phases, resumes=plan.resumes)
    folder.write_result(result)
