"""A Plan as text that can be read aloud, and as JSON."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from fastflow.model.node_parts import RECORD_PATH
from fastflow.model.ports import Port
from fastflow.model.relations import CommandSource
from fastflow.plan import PhasePlan, Plan, WorkflowPlan
from fastflow.plan.outcomes import Outcomes
from fastflow.plan.units import reservation, units_of
from fastflow.record.har import record_name
from fastflow.record.plan_file import plan_file_of
from fastflow.report.plan_cells import FoldedPlan
from fastflow.report.text import count
from fastflow.report.words import shown_path

if TYPE_CHECKING:
    from fastflow.run.forecast import Forecast

_ENDINGS = {"completed": "did its work", "passed": "passed", "finished": "ended"}


def plan_as_text(plan: Plan, forecast: "Forecast | None" = None, *, unfolds: bool = False) -> str:
    """Describe each workflow and phase: what it waits for, what it does, and why; with a forecast, how long it takes.

    If cells of a matrix do the same, only the first is shown, unless the text `unfolds` them.
    """
    lines = [f"{plan.name}: {count(len(plan.workflows), 'workflow')}, {count(len(plan.phases), 'phase')}"]
    if plan.max_parallel:
        lines[0] += f", at most {plan.max_parallel} at once"
    folded = FoldedPlan(plan, unfolds=unfolds)
    for alike in folded.groups():
        lines += ["", *_workflow(alike, folded, forecast)]
    for unit in units_of(plan):
        cluster = plan.clusters[unit.host]
        lines += ["", f"unit {unit.number} on a node of {unit.host}: {', '.join(unit.workflows)}"]
        lines.append(f"  reserves {reservation(cluster)}, agent {cluster.agent_image}")
        if cluster.constraints:
            lines.append(f"  only where {', '.join(cluster.constraints)}")
    if path := shown_path(plan.critical_path, len(plan.phases)):
        lines += ["", f"critical path: {' → '.join(path)}"]
    if forecast is not None:
        from fastflow.report.times import forecast_as_text  # noqa: PLC0415  # most plans are without times

        lines += ["", *forecast_as_text(forecast, plan.max_parallel)]
    return "\n".join(lines)


def _workflow(alike: Sequence[WorkflowPlan], folded: FoldedPlan, forecast: "Forecast | None") -> Iterator[str]:
    workflow = alike[0]
    where = f" on {workflow.host}" if workflow.host else ""
    yield f"workflow {workflow.name}{where}"
    if len(alike) > 1 and workflow.cell is not None:
        named = ", ".join(other.name for other in alike[1:4]) + (", …" if len(alike) > 4 else "")
        others = count(len(alike) - 1, "other cell")
        yield f"  the same in {others} of the matrix {workflow.cell.matrix}: {named} (show all: --all)"
    application = workflow.application
    if application.left_out:
        names = ", ".join(application.left_out)
        one = len(application.left_out) == 1
        what = "a FAST service, replaced by the nodes" if one else "FAST services, replaced by the nodes"
        yield f"  left out of the application: {names} ({what})"
        if application.cut_off:
            yield f"  left out with {'it' if one else 'them'}: {', '.join(application.cut_off)}"
    if workflow.kept_out:
        yield f"  kept out of containers: {', '.join(workflow.kept_out)} (`proxies` in Docker's config.json)"
    for reason in application.unread:
        yield f"  not read offline: {reason}"
    for phase in workflow.phases:
        yield from _phase(phase, folded, left_out=_left_out(phase, folded.outcomes))
        if forecast is not None and phase.is_selected:
            from fastflow.report.times import time_of_phase  # noqa: PLC0415  # as above

            yield f"    takes {time_of_phase(forecast, phase.id)}"


def _left_out(phase: PhasePlan, outcomes: Outcomes | None) -> str:
    """The outcome that a phase counts as if it does not run; nothing for one that runs."""
    if phase.passed_in:
        return f"  (passed in run {phase.passed_in})"
    if phase.is_selected:
        return ""
    if outcomes is None:
        return "  (not selected: counts as passed)"
    return (
        f"  (not selected: {outcomes[phase.id].state} before)" if phase.id in outcomes else "  (not selected, not run)"
    )


def _phase(phase: PhasePlan, folded: FoldedPlan, left_out: str) -> Iterator[str]:
    under = f" under BUILD_ID {phase.build_id}" if phase.build_id else ""
    yield f"  {phase.id}  {phase.mode}{under}, wave {phase.wave}{left_out}"
    for (name, condition, reason), number in folded.dependencies(phase).items():
        where = f" in {number} cells" if number > 1 else ""
        yield f"    after {name} {_ENDINGS[condition]}{where}, because of {reason}"
    if phase.lost_record:
        yield f"    refused by `up`: {phase.lost_record[0]}"
    if phase.services:
        yield f"    needs {', '.join(service.name for service in phase.services)}"
    if phase.fresh:
        yield f"    fresh {', '.join(phase.fresh)}"
    alias = f" as `{phase.node.network_alias}`" if phase.node.network_alias else ""
    yield f"    runs  {phase.service} ({phase.image or 'built by the run'}){alias} on {', '.join(phase.networks)}"
    if phase.ports:
        yield f"    ports {', '.join(_port(port) for port in phase.ports)}"
    for source in phase.sources:
        what = f"command `{source.run}`" if isinstance(source, CommandSource) else f"service {source.service}"
        yield f"    fed by {what}"
    if not phase.traits.uses_cloud:
        yield from _record(phase)
    if uri := getattr(phase.node, "test_run_uri", None):
        yield f"    attacks {uri}"


def _record(phase: PhasePlan) -> Iterator[str]:
    """The files that a phase writes and reads if it works without the cloud; records in the cloud have none."""
    if phase.traits.makes == "record":
        yield f"    writes {record_name(phase.id)} in the run's folder, which is private: it contains recorded sessions"
    elif phase.recorder:
        yield f"    reads {record_name(phase.recorder)} as {RECORD_PATH}, writes SARIF to /opt/reports"


def _port(port: Port) -> str:
    if port.symbolic:
        return port.symbolic
    host = "any free port" if port.host is None else "-".join(str(end) for end in dict.fromkeys(port.host))
    container = "-".join(str(end) for end in dict.fromkeys(port.container))
    return f"{(port.address + ':') if port.address else ''}{host} → {container}"


def plan_as_json(plan: Plan, forecast: "Forecast | None" = None) -> str:
    """Return the output of `plan --format json`; with a forecast, also `times`."""
    content = plan_file_of(plan).as_json()
    if forecast is not None:
        from fastflow.report.times import phase_as_json, times_as_json  # noqa: PLC0415  # as above

        content["times"] = times_as_json(forecast)
        content["phases"] = [{**phase, "times": phase_as_json(forecast, phase["id"])} for phase in content["phases"]]
    return json.dumps(content, indent=2, ensure_ascii=False)
