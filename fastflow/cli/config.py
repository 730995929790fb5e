"""`fastflow config`."""

import json
from dataclasses import replace

import click

from fastflow.application.resolved import resolve
from fastflow.cli.environment import RUN_ID, absolute_files, engine_environment, values_for
from fastflow.cli.options import SPEC_HELP, env_file_option, spec_argument
from fastflow.cli.specs import identity, read_spec_text
from fastflow.cli.stages import checked, planned
from fastflow.compose import Setting, compile_project
from fastflow.engines.docker import DockerEngine
from fastflow.errors import UsageError
from fastflow.plan import Plan, WorkflowPlan

_RUN = "0"
"""Stands for a run's id: two calls print the same, and a difference is one of the spec."""


@click.command(name="config", epilog=SPEC_HELP)
@spec_argument()
@click.option("-w", "--workflow", metavar="WORKFLOW", help="Which workflow; needed where the spec has several.")
@env_file_option
def command(spec: str | None, workflow: str | None, env_files: tuple[str, ...]) -> None:
    """Print the Compose project of a workflow as Docker Compose gets it.

    The token, and all that is Compose's own business, stays a reference. Needs the docker command line with Compose
    v2, but no engine. Where the spec or its Compose files use FASTFLOW_RUN_ID, 0 stands for it.
    """
    text = read_spec_text(spec)
    values = values_for(text.directory, env_files, _RUN)
    plan = planned(text, checked(text, values, _RUN, shows_warnings=False))
    chosen = _choose(plan, workflow)
    setting = Setting(_RUN, identity(text), env_files=absolute_files(env_files))
    for left_out in chosen.application.left_out:
        click.echo(f"left out of the application: {left_out} (a FAST service; the nodes take its place)", err=True)
    if chosen.application.cut_off:
        click.echo(f"left out with it: {', '.join(chosen.application.cut_off)}", err=True)
    engine = DockerEngine(engine_environment({RUN_ID: _RUN}))
    asked = compile_project(plan, chosen, setting)
    told = json.loads(engine.config(asked, interpolate=False))
    resolved = resolve(told, asked.name, is_interpolated=False)
    click.echo(engine.config_text(compile_project(plan, chosen, replace(setting, resolved=resolved))), nl=False)


def _choose(plan: Plan, name: str | None) -> WorkflowPlan:
    if name is None and len(plan.workflows) == 1:
        return next(iter(plan.workflows.values()))
    if name is None:
        raise UsageError("the spec has several workflows", f"name one: -w {' | -w '.join(plan.workflows)}")
    if name not in plan.workflows:
        raise UsageError(f"there is no workflow `{name}`", f"the spec has {', '.join(plan.workflows)}")
    return plan.workflows[name]
