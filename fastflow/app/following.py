"""`fastflow up --after REPORT`: runs some phases after other runs have run the rest, as jobs of one CI run do."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fastflow.check.facts import Facts
from fastflow.errors import UsageError
from fastflow.plan import Plan
from fastflow.plan.making import Selection
from fastflow.record.outcomes import read_outcomes


def following(selection: Selection, reports: Sequence[str], resume: str | None) -> Selection:
    """The selection with the outcomes of the phases that it leaves out; raises UsageError."""
    if resume is not None:
        hint = "use only --resume: the run's folder has its records and results"
        raise UsageError("--after and --resume contradict each other about the phases that are left out", hint)
    if not selection.workflows and selection.only is None:
        raise UsageError("--after needs a run of some phases, but this one has all", "choose phases with -w or --only")
    return replace(selection, outcomes=read_outcomes(map(Path, reports)))


def require_same(plan: Plan, facts: Facts) -> None:
    """Raise UsageError if the followed run is not of this spec, or of another CI run."""
    assert plan.outcomes is not None
    known = plan.phases.keys() & plan.outcomes.keys()
    if plan.outcomes and not known:
        hint = f"the phases here are {', '.join(plan.phases)}"
        raise UsageError(f"--after: {', '.join(plan.outcomes)} are phases of another spec", hint)
    if plan.uses_clusters:
        hint = "run it in one job: the cluster spreads it over its nodes"
        raise UsageError("--after does not work for workflows on a cluster", hint)
    for phase in facts.phases:
        outcome = plan.outcomes.get(phase.id)
        if outcome is None or plan.phases[phase.id].is_selected or not phase.uses_build_id:
            continue
        if outcome.build_id != phase.build_id and not facts.is_of_one_run(phase):
            message = f"--after: {phase.id} ran under BUILD_ID {outcome.build_id}, which is {phase.build_id} here"
            raise UsageError(message, "name the report of a job of the same CI run")
