"""`fastflow config`."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import click

from fastflow.app.environment import absolute_files, engine_environment, own_variables, values_for
from fastflow.app.specs import identity, read_spec_text
from fastflow.application.resolved import Resolved, resolve
from fastflow.cli.options import SPEC_HELP, env_file_option, spec_argument
from fastflow.cli.stages import checked, planned
from fastflow.compose import ComposeProject, ComposeText, Known, compile_project
from fastflow.engines.docker import DockerEngine
from fastflow.engines.opening import open_engine
from fastflow.errors import EngineCallError, EngineTimeoutError, UsageError
from fastflow.masking import SHORTEST
from fastflow.plan import Plan, WorkflowPlan
from fastflow.settings import RunSettings

_RUN = "0"
"""Stands for a run's id: two calls print the same, and a difference is one of the spec."""
_TOKEN = "0fastflow0token0"  # noqa: S105  # stands for the token, so that its reference can take its place


@click.command(name="config", epilog=SPEC_HELP)
@spec_argument()
@click.option("-w", "--workflow", metavar="WORKFLOW", help="Which workflow; needed where the spec has several.")
@env_file_option
def command(spec: str | None, workflow: str | None, env_files: tuple[str, ...]) -> None:
    """Print the Compose project of a workflow as Docker Compose gets it.

    The token stays a reference. So do all other variables, unless Docker Compose would then read another project, such
    as for a name that is a variable. Needs the docker command line with Compose v2, but no engine. Where the spec or
    its Compose files use FASTFLOW_RUN_ID, 0 stands for it.
    """
    text = read_spec_text(spec)
    values = values_for(text.directory, env_files, _RUN)
    plan = planned(text, checked(text, values, _RUN, shows_warnings=False))
    chosen = _choose(plan, workflow)
    settings = RunSettings(_RUN, identity(text), env_files=absolute_files(env_files))
    for left_out in chosen.application.left_out:
        click.echo(f"left out of the application: {left_out} (a FAST service; the nodes take its place)", err=True)
    if chosen.application.cut_off:
        click.echo(f"left out with it: {', '.join(chosen.application.cut_off)}", err=True)
    token = chosen.cloud.token_name
    engine = open_engine(engine_environment({token: _TOKEN, **own_variables(values)}))
    shown = _Project(
        engine, lambda resolved: compile_project(plan, chosen, settings, known=Known(resolved=resolved))
    ).text
    # Another variable may have the token for its value, too.
    for secret in (_TOKEN, values.get(token, "")):
        shown = shown.replace(secret, f"${{{token}}}") if len(secret) >= SHORTEST else shown
    click.echo(shown, nl=False)


@dataclass(frozen=True, slots=True)
class _Project:
    """A project that is shown: `compiled` makes it of what Docker Compose said of it."""

    engine: DockerEngine
    compiled: Callable[[Resolved], ComposeProject]

    @property
    def text(self) -> str:
        """The project with references, if Docker Compose reads them back as the same project; else with values."""
        with_references = _unless_refused(lambda: self._text(is_interpolated=False))
        if with_references is not None:
            meant = _unless_refused(lambda: self.engine.compose.config(self._resolved(is_interpolated=True)))
            again = replace(self.compiled(Resolved()), sources=(ComposeText(with_references),))
            if meant is None or meant == _unless_refused(lambda: self.engine.compose.config(again)):
                return with_references
        with_values = self._text(is_interpolated=True)
        click.echo("with the values of variables: as references they would make another project", err=True)
        return with_values

    def _text(self, *, is_interpolated: bool) -> str:
        return self.engine.compose.config_text(
            self._resolved(is_interpolated=is_interpolated), interpolate=is_interpolated
        )

    def _resolved(self, *, is_interpolated: bool) -> ComposeProject:
        asked = self.compiled(Resolved())
        told = json.loads(self.engine.compose.config(asked, interpolate=is_interpolated))
        return self.compiled(resolve(told, asked.name, is_interpolated=is_interpolated))


def _unless_refused(ask: Callable[[], str]) -> str | None:
    """What Docker Compose answers, or None where it refuses the project."""
    try:
        return ask()
    except EngineTimeoutError:
        raise
    except EngineCallError:
        return None


def _choose(plan: Plan, name: str | None) -> WorkflowPlan:
    if name is None and len(plan.workflows) == 1:
        return next(iter(plan.workflows.values()))
    if name is None:
        raise UsageError("the spec has several workflows", f"name one: -w {' | -w '.join(plan.workflows)}")
    if name not in plan.workflows:
        raise UsageError(f"there is no workflow `{name}`", f"the spec has {', '.join(plan.workflows)}")
    return plan.workflows[name]
