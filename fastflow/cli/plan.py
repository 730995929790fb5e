"""`fastflow plan`."""

import click

from fastflow.app.environment import kept_out, new_run_id, values_for
from fastflow.app.specs import read_spec_text
from fastflow.cli.findings import passed
from fastflow.cli.options import (
    SPEC_HELP,
    all_option,
    env_file_option,
    env_option,
    format_option,
    notify,
    runs_dir_option,
    selection_options,
    spec_argument,
)
from fastflow.pipeline import check, plan
from fastflow.plan.making import Selection
from fastflow.record.place import RunsDir
from fastflow.report.plan import plan_as_json, plan_as_text

_TIMES_HELP = "Add times from earlier runs of the spec: of each phase, and of the run under each --max-parallel."


@click.command(name="plan", epilog=SPEC_HELP)
@spec_argument()
@selection_options
@click.option("--times", is_flag=True, help=_TIMES_HELP)
@format_option
@all_option
@env_option
@env_file_option
@runs_dir_option
def command(
    *,
    spec: str | None,
    workflows: tuple[str, ...],
    only: str | None,
    times: bool,
    form: str,
    unfolds: bool,
    with_values: bool,
    env_files: tuple[str, ...],
    runs_dir: RunsDir,
) -> None:
    """Show the phases, what each waits for and why, the longest chain of them, hosts, ports, and what is left out.

    Changes nothing. Variables are symbols unless --env is given.
    """
    text = read_spec_text(spec)
    values = values_for(text.directory, env_files, new_run_id()) if with_values else None
    facts = passed(check([text], values))
    made = plan(facts, text.directory, Selection(workflows, only), kept_out=kept_out())
    forecast = None
    if times:
        from fastflow.app.times import forecast_of  # noqa: PLC0415  # most plans are without times

        forecast = forecast_of(made, facts, runs_dir, notify)
    click.echo(plan_as_json(made, forecast) if form == "json" else plan_as_text(made, forecast, unfolds=unfolds))
