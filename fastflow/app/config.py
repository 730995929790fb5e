"""`fastflow config`: the Compose project of a workflow, for people."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from fastflow.app.environment import absolute_files, engine_environment, kept_out, own_variables
from fastflow.app.specs import identity
from fastflow.application.resolved import Resolved, resolve
from fastflow.check.facts import Facts
from fastflow.compose import ComposeProject, ComposeText, Known, compile_project
from fastflow.engines.docker import DockerEngine
from fastflow.engines.opening import open_engine
from fastflow.errors import EngineCallError, EngineTimeoutError, UsageError
from fastflow.masking import SHORTEST
from fastflow.pipeline import SpecText, plan
from fastflow.plan import Plan, WorkflowPlan
from fastflow.plan.making import Selection
from fastflow.settings import RunSettings

RUN = "0"
"""Stands in for a run's id, so that two calls print the same, and any difference comes from the spec."""
_TOKEN = "0fastflow0token0"  # noqa: S105  # stands for the token, so that its reference can take its place


def project_text(
    text: SpecText,
    facts: Facts,
    workflow: str | None,
    *,
    values: Mapping[str, str],
    env_files: Sequence[str],
    say: Callable[[str], None],
) -> str:
    """The project of a workflow as YAML; `say` is called with what is left out.

    The token stays a reference. So do all other variables, unless Docker Compose would then read another project.
    Raises UsageError if it is not clear which workflow is meant.
    """
    made = plan(facts, text.directory, Selection(), kept_out=kept_out())
    chosen = _choose(made, workflow)
    settings = RunSettings(RUN, identity(text), env_files=absolute_files(env_files))
    for left_out in chosen.application.left_out:
        say(f"left out of the application: {left_out} (a FAST service, replaced by the nodes)")
    if chosen.application.cut_off:
        say(f"left out with it: {', '.join(chosen.application.cut_off)}")
    token = chosen.cloud.token_name
    engine = open_engine(engine_environment({token: _TOKEN, **own_variables(values)}))
    project = _Project(engine, lambda known: compile_project(made, chosen, settings, known=Known(resolved=known)))
    shown = project.text(say)
    # Another variable may have the token as its value.
    for secret in (_TOKEN, values.get(token, "")):
        shown = shown.replace(secret, f"${{{token}}}") if len(secret) >= SHORTEST else shown
    return shown


@dataclass(frozen=True, slots=True)
class _Project:
    """A project to show: `compiled` makes it from Docker Compose's answer."""

    engine: DockerEngine
    compiled: Callable[[Resolved], ComposeProject]

    def text(self, say: Callable[[str], None]) -> str:
        """The project with references, if Docker Compose reads them back as the same project; else with values."""
        with_references = _unless_refused(lambda: self._text(is_interpolated=False))
        if with_references is not None:
            meant = _unless_refused(lambda: self.engine.compose.config(self._resolved(is_interpolated=True)))
            # Only fastflow knows the values of a matrix's variables: nothing else could replace them.
            alone = replace(self.compiled(Resolved()), environment={})
            again = replace(alone, sources=(ComposeText(with_references),))
            if meant is None or meant == _unless_refused(lambda: self.engine.compose.config(again)):
                return with_references
        with_values = self._text(is_interpolated=True)
        say("with the values of variables: as references they would make a different project")
        return with_values

    def _text(self, *, is_interpolated: bool) -> str:
        return self.engine.compose.config_text(
            self._resolved(is_interpolated=is_interpolated), interpolate=is_interpolated
        )

    def _resolved(self, *, is_interpolated: bool) -> ComposeProject:
        asked = self.compiled(Resolved())
        answer = json.loads(self.engine.compose.config(asked, interpolate=is_interpolated))
        return self.compiled(resolve(answer, asked.name, is_interpolated=is_interpolated))


def _unless_refused(ask: Callable[[], str]) -> str | None:
    """The answer of Docker Compose, or None if it refuses the project."""
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
    cells = [one.name for one in plan.workflows.values() if one.cell is not None and one.cell.matrix == name]
    if len(cells) == 1:
        return plan.workflows[cells[0]]
    if cells:
        raise UsageError(f"{name} is a matrix of {len(cells)} workflows", f"name one, such as -w {cells[0]}")
    if name not in plan.workflows:
        raise UsageError(f"there is no workflow `{name}`", f"the spec has {', '.join(plan.workflows)}")
    return plan.workflows[name]
