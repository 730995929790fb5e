"""`fastflow plan --times`: how long the plan would take, by the earlier runs next to the spec."""

from collections.abc import Callable
from pathlib import Path

from fastflow.check.facts import Facts
from fastflow.plan import Plan
from fastflow.record.place import RunsDir
from fastflow.record.times import read_times
from fastflow.run.forecast import Forecast, forecast


def forecast_of(plan: Plan, facts: Facts, runs_dir: RunsDir, notify: Callable[[str], None]) -> Forecast | None:
    """Forecast a plan from the runs of its spec; `notify` is called if no phase of it has ever done its work there."""
    times = read_times(plan.directory, Path(facts.document.file).name, runs_dir)
    made = forecast(plan, times, facts.spec.host_limits)
    if made is None:
        runs = runs_dir.path(plan.directory)
        notify(
            f"no times are known, because no run in {runs} passed a phase of this plan; run it, or copy the "
            "folders of its runs there from CI artifacts"
        )
    return made
