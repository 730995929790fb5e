"""Records a run of which nothing was started."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from fastflow.errors import FastflowError, InterruptedBeforeRunError
from fastflow.plan import Plan
from fastflow.record.events import PhaseChanged, RunRefused, now
from fastflow.record.folder import RunFolder
from fastflow.record.result import PhaseResult, RunResult
from fastflow.run.runner import in_order, waiting
from fastflow.settings import RunSettings


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
    for phase in nothing.values():  # for later readers of the file of events; displays show the error itself
        folder.on_event(PhaseChanged.of(phase))
    phases = in_order(plan, {**{result.id: result for result in earlier}, **nothing})
    result = RunResult(settings.run, settings.spec, exit_code, started, now(), phases, resumes=plan.resumes)
    folder.write_result(result)


@contextmanager
def refusing(plan: Plan, settings: RunSettings, folder: RunFolder, earlier: Iterable[PhaseResult]) -> Iterator[None]:
    """Write the error that prevents the run into its folder, and close the folder."""
    started = now()
    try:
        yield
    except (FastflowError, InterruptedBeforeRunError) as error:
        folder.on_event(RunRefused(str(error)))
        code = int(error.exit_code)
        write_refusal(plan, settings, folder, started=started, exit_code=code, earlier=earlier)
        folder.close()
        raise
