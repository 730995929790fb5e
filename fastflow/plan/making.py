"""Model and graph to Plan: makes all decisions that depend only on the spec and the options."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fastflow.application.model import NO_APPLICATION, Application
from fastflow.application.needs import networks_of_node, services_attacked
from fastflow.check.facts import Facts
from fastflow.check.rules.sources import proxy_advice
from fastflow.diagnostic import did_you_mean
from fastflow.errors import UsageError
from fastflow.files import resolved
from fastflow.graph import Graph
from fastflow.model.phases import Phase
from fastflow.model.relations import Need
from fastflow.model.spec import hosts_of
from fastflow.plan import (
    RECORDS,
    SERVICES_TIMEOUT,
    PhasePlan,
    Plan,
    ServicePlan,
    WorkflowPlan,
    recorder_of,
)
from fastflow.plan.container import environment_of, ports_of
from fastflow.plan.outcomes import Outcomes
from fastflow.spec.document import Scalar


@dataclass(frozen=True, slots=True)
class Resumption:
    """The run that is resumed, and the phases that passed in it. The others run, with all their dependents.

    `found_empty` are testing phases whose record was empty: their recording has thus not passed (the contract, 5.4).
    """

    run: str
    passed: frozenset[str]
    found_empty: frozenset[str] = frozenset()

    def again(self, graph: Graph) -> frozenset[str]:
        """The phases that are run again, or for the first time."""
        found = {name for name in graph.phases if name not in self.passed}
        edges = (edge for name in self.found_empty for edge in graph.dependencies[name])
        found |= {edge.before for edge in edges if edge.reason in RECORDS}
        for name in graph.order:
            if any(edge.before in found for edge in graph.dependencies[name]):
                found.add(name)
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which phases to run: those of these workflows (all if none is named) and of this mode.

    A matrix stands for all its cells. Workflows skip `silent` hosts if they may run elsewhere. `outcomes` are those of
    the phases that are left out, if earlier runs are given.
    """

    workflows: tuple[str, ...] = ()
    only: str | None = None
    resumption: Resumption | None = None
    silent: frozenset[str] = frozenset()
    outcomes: Outcomes | None = None

    def includes(self, phase: Phase) -> bool:
        """Whether a phase belongs to those workflows and that mode."""
        chosen = not self.workflows or any(name in self.workflows for name in phase.workflow_names)
        return chosen and self.only in (None, phase.node.mode)


def make_plan(
    facts: Facts,
    *,
    directory: Path,
    selection: Selection,
    max_parallel: int | None = None,
    kept_out: tuple[str, ...] = (),
) -> Plan:
    """Plan a run of a spec that passed its checks; raises UsageError if the selection makes no sense."""
    _require_phases(facts, selection)
    spec, work, hosts = facts.spec, _Planner(facts, selection), hosts_of(facts.spec, selection.silent)
    workflows = {name: work.workflow(name, host=hosts[name], kept_out=kept_out) for name in spec.workflows}
    limit = max_parallel or spec.max_parallel
    name = spec.name or resolved(directory).name or "fastflow"
    resumes = selection.resumption.run if selection.resumption else None
    phases = {phase.id: phase for workflow in workflows.values() for phase in workflow.phases}
    clusters = {name: host for name, host in (spec.hosts or {}).items() if host.is_cluster}
    path, outcomes = facts.graph.critical_path, selection.outcomes
    return Plan(name, directory, workflows, phases, path, limit, resumes, clusters, outcomes)


def _require_phases(facts: Facts, selection: Selection) -> None:
    known = {**facts.spec.matrices, **facts.spec.workflows}
    for name in selection.workflows:
        if name not in known:
            hint = did_you_mean(name, list(known))
            raise UsageError(f"there is no workflow `{name}`", hint or f"there are {', '.join(facts.spec.as_written)}")
    if not any(selection.includes(phase) for phase in facts.phases):
        raise UsageError("no phase is selected: the chosen workflows have no phase of that mode", "see: fastflow plan")


class _Planner:
    def __init__(self, facts: Facts, selection: Selection) -> None:
        self.facts = facts
        self.graph = facts.graph
        self.selection = selection
        self.resumption = selection.resumption
        self.again = self.resumption.again(facts.graph) if self.resumption else frozenset(facts.graph.phases)
        self.bypasses = proxy_advice(facts)

    def workflow(self, name: str, *, host: str, kept_out: tuple[str, ...]) -> WorkflowPlan:
        facts, workflow = self.facts, self.facts.spec.workflows[name]
        return WorkflowPlan(
            name=name,
            cloud=facts.spec.cloud_of(name),
            host=host,
            compose=workflow.compose or (),
            application=facts.applications.get(name, NO_APPLICATION),
            keeps_published=workflow.publish != "none",
            timeout=workflow.timeout,
            phases=_with_followers([self.phase(phase) for phase in facts.by_workflow[name]]),
            kept_out=kept_out,
            cell=workflow.matrix,
            variables=facts.variables.get(name, {}),
        )

    def phase(self, phase: Phase) -> PhasePlan:
        application = self.facts.applications.get(phase.workflow, NO_APPLICATION)
        needed, dependencies = self.facts.services_of(phase), self.graph.dependencies[phase.id]
        node, recorder = phase.node, recorder_of(dependencies)
        fresh = needed if node.fresh is True else tuple(name for name in node.fresh or () if name in needed)
        made = PhasePlan(
            id=phase.id,
            workflow=phase.workflow,
            name=phase.name,
            node=node,
            build_id=phase.build_id,
            token=phase.token,
            wave=self.graph.waves[phase.id],
            dependencies=dependencies,
            is_selected=phase.id in self.again and self.selection.includes(phase),
            services=_service_plans(needed, node.services or {}),
            fresh=fresh,
            networks=networks_of_node(application, node),
            ports=ports_of(node),
            environment=environment_of(phase),
            passed_in=self.resumption.run if self.resumption and phase.id not in self.again else None,
            attacked=services_attacked(application, node, needed),
            fresh_volumes=_volumes(application, fresh),
            may_wait=_may_wait(application, needed),
            bypass=self.bypasses.get(recorder or phase.id),
        )
        return self._tied(made, phase, self.graph.phases[recorder]) if recorder else made

    def _tied(self, made: PhasePlan, phase: Phase, recorder: Phase) -> PhasePlan:
        """Link a phase to the record that it tests.

        A recording that is run again leaves two records under its BUILD_ID, and FAST may take either.
        """
        reasons = {edge.reason for edge in made.dependencies}
        is_in_cloud = phase.traits.uses_cloud
        is_told = recorder.id in (self.selection.outcomes or {})
        is_repeated = "build_id" in reasons and (self.resumption is not None or is_told)
        by_id = is_in_cloud and ("test_record" in reasons or is_repeated)
        has_one_id = recorder.build_id is not None and recorder.build_id == phase.build_id
        is_known = is_in_cloud and (not by_id or has_one_id or is_told)
        tied = replace(made, by_record_id=by_id, is_record_known=is_known)
        return replace(tied, lost_record=self._lost_record(tied, phase, recorder)) if made.is_selected else tied

    def _lost_record(self, made: PhasePlan, phase: Phase, recorder: Phase) -> tuple[str, str] | None:
        """Say why a testing phase cannot have its record if its recording is left out, and what to do.

        Its BUILD_ID is new in every run; or its BUILD_ID differs from the recording's, and the record's id is not
        known; or the run resumes another one, which did not record either.
        """
        if recorder.id not in self.again or self.selection.includes(recorder):
            return None
        why = f"{phase.id} needs the record of {recorder.id}, which is left out"
        if self.resumption:
            return f"{why} and has not passed before", "run both phases"
        if not phase.traits.uses_cloud:
            return (
                f"{why}: it is a file of the run that records",
                "run both phases, or use the record of another run: --resume RUN",
            )
        if recorder.id in (self.selection.outcomes or {}):
            return None
        if not made.is_record_known:
            return f"{why}, so its id is not known", "run both phases, or give both one BUILD_ID"
        if self.facts.is_of_one_run(phase):
            written = self.facts.document.locate(phase.build_id_path)
            text = written.text if isinstance(written, Scalar) else ""
            lasting = "use ${FASTFLOW_CI_ID}, which is the same in all jobs of a CI run, or run both phases"
            return f"{why}: {text} is new in every run", lasting
        return None


def _with_followers(phases: Sequence[PhasePlan]) -> tuple[PhasePlan, ...]:
    """Set for each phase of a workflow the one whose container can be created before it has passed."""
    if any(phase.fresh for phase in phases):
        return tuple(phases)
    after: dict[str, list[PhasePlan]] = defaultdict(list)
    for phase in phases:
        for name in dict.fromkeys(edge.before for edge in phase.dependencies):
            after[name].append(phase)
    return tuple(replace(phase, follower=_follower(phase, after[phase.id])) for phase in phases)


def _follower(phase: PhasePlan, after: Sequence[PhasePlan]) -> str | None:
    """The phase that starts as soon as this one has passed, if its container can be created before that.

    It must be the only one. It must need nothing that is known only later or that this phase does not use, and have no
    name that something else may need meanwhile.
    """
    if len(after) != 1:
        return None
    (other,) = after
    is_next = other.is_selected and all(edge.before == phase.id for edge in other.dependencies)
    is_plain = other.node.container is None and other.node.container_name is None and not other.by_record_id
    is_known = other.traits.needs == "record" and set(other.networks) <= set(phase.networks)
    return other.id if is_next and is_plain and is_known else None


def _volumes(application: Application, services: Iterable[str]) -> tuple[str, ...]:
    """The volumes of services that belong to the project, without a name that others could know."""
    keys = (key for name in services if name in application.services for key in application.services[name].volumes)
    own = (key for key in keys if key in application.volumes and application.volumes[key].name is None)
    return tuple(dict.fromkeys(own))


def _may_wait(application: Application, services: Iterable[str]) -> bool:
    """Whether Compose waits between the starts of these services; true if unknown."""
    needed = [application.services[name] for name in application.closure(services)]
    conditions = {condition for service in needed for condition in service.depends_on.values()}
    return not application.is_complete or not conditions <= {"service_started"}


def _service_plans(names: Iterable[str], needs: Mapping[str, Need]) -> tuple[ServicePlan, ...]:
    known = ((name, needs.get(name, Need())) for name in names)
    return tuple(ServicePlan(name, need.log, need.timeout or SERVICES_TIMEOUT) for name, need in known)
