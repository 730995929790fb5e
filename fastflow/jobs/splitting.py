"""Facts to jobs: one job for each workflow, unless the order of phases or shared resources require more or fewer.

Jobs partition the phases, and everything before a phase is in its own job or in one that its job waits for. Phases that
may not overlap in the spec, which the checks have judged, therefore never overlap in the pipeline.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from fastflow.check.facts import Facts
from fastflow.cycle import cycles_of, topological_order
from fastflow.graph import Graph
from fastflow.jobs import Job
from fastflow.model.mode import MODE_NAMES
from fastflow.model.spec import hosts_of

PREFIX = "fast"
_ONE_RECORD = "a HAR record is a private file of the run that makes it"
_IN_TURN = "their phases wait for one another in turn"
_CONNECTED = "in this CI system no job can follow one that failed"
_EARLY = "other jobs wait for its recording alone"
_BETWEEN = "other jobs come between its phases"


@dataclass(frozen=True, slots=True)
class _Group:
    """Workflows that stay together, in one job or, if it `splits`, in one for each mode, with the reason."""

    workflows: tuple[str, ...]
    note: str | None = None
    may_split: bool = True
    splits: str | None = None

    def with_(self, other: "_Group", note: str) -> "_Group":
        return _Group((*self.workflows, *other.workflows), self.note or other.note or note, may_split=False)


def one_job(facts: Facts) -> tuple[Job, ...]:
    """All phases in one job."""
    return (Job(PREFIX, tuple(facts.graph.phases)),)


def jobs_of(facts: Facts) -> tuple[Job, ...]:
    """The jobs of a spec that passed its checks, each after those that it needs."""
    groups = _together(facts)
    early = _needed_early(facts.graph)
    groups = [replace(one, splits=_EARLY) if one.may_split and early & set(one.workflows) else one for one in groups]
    while True:
        jobs = _jobs(groups, facts.graph)
        cycles = cycles_of([job.name for job in jobs], _edges(jobs))
        if not cycles:
            break
        groups = _less_cyclic(groups, jobs, cycles[0])
    order = topological_order([job.name for job in jobs], _edges(jobs))
    by_name = {job.name: job for job in jobs}
    found = tuple(by_name[name] for name in order)
    return found if len(found) > 1 else (replace(found[0], name=PREFIX, workflows=(), only=None),)


def connected(jobs: Sequence[Job]) -> tuple[Job, ...]:
    """Merge jobs that wait for one another into one, for a system whose jobs cannot pass on results."""
    groups: list[list[Job]] = []
    for job in jobs:
        linked = [group for group in groups if any(other.name in job.needs for other in group)]
        if linked:  # the first of them absorbs the others
            linked[0] += [*(other for group in linked[1:] for other in group), job]
            groups = [group for group in groups if group is linked[0] or group not in linked]
        else:
            groups.append([job])
    if len(groups) == 1 and len(groups[0]) > 1:
        phases = tuple(name for job in groups[0] for name in job.phases)
        return (Job(PREFIX, phases, note=f"One job: {_CONNECTED}."),)
    return tuple(group[0] if len(group) == 1 else _merged(group) for group in groups)


def _merged(group: Sequence[Job]) -> Job:
    workflows = tuple(dict.fromkeys(name for job in group for name in job.workflows))
    phases = tuple(name for job in group for name in job.phases)
    note = f"{' and '.join(workflows)} in one job: {_CONNECTED}."
    return Job(f"{PREFIX}-{workflows[0]}", phases, workflows, note=note)


def _together(facts: Facts) -> list[_Group]:
    """Workflows that must be in one job: those of a cluster, and those that read one HAR record."""
    groups = [_Group((name,)) for name in facts.spec.workflows]
    hosts, clusters = hosts_of(facts.spec), [name for name, host in (facts.spec.hosts or {}).items() if host.is_cluster]
    for host in clusters:
        names = [name for name in facts.spec.workflows if hosts[name] == host]
        groups = _joined(groups, names, f"the cluster {host} spreads them over its nodes")
    for edge in facts.graph.edges:
        before, after = facts.graph.phases[edge.before], facts.graph.phases[edge.after]
        if edge.reason in ("build_id", "test_record") and not after.traits.uses_cloud:
            groups = _joined(groups, (before.workflow, after.workflow), _ONE_RECORD)
    return groups


def _joined(groups: list[_Group], names: Iterable[str], note: str) -> list[_Group]:
    wanted = set(names)
    found = [group for group in groups if wanted & set(group.workflows)]
    if not found:
        return groups
    merged = replace(found[0], may_split=False)
    for other in found[1:]:
        merged = merged.with_(other, note)
    return [merged if group is found[0] else group for group in groups if group is found[0] or group not in found]


def _needed_early(graph: Graph) -> set[str]:
    """The workflows that others wait for the recording of, and that have more phases after it."""
    found = set()
    for edge in graph.edges:
        before, after = graph.phases[edge.before], graph.phases[edge.after]
        if before.workflow != after.workflow and before.traits.makes == "record":
            found.add(before.workflow)
    return found


def _less_cyclic(groups: list[_Group], jobs: Sequence[Job], cycle: Sequence[str]) -> list[_Group]:
    """Split the groups on a cycle of jobs if one can still be split, else merge them."""
    members = {workflow for job in jobs if job.name in cycle for workflow in job.workflows}
    on_cycle = [group for group in groups if members & set(group.workflows)]
    able = [group for group in on_cycle if group.may_split and not group.splits]
    if able:
        return [replace(group, splits=_BETWEEN) if group in able else group for group in groups]
    return _joined(groups, members, _IN_TURN)


def _jobs(groups: Iterable[_Group], graph: Graph) -> tuple[Job, ...]:
    """The jobs of groups in the order of the spec, each with its dependencies."""
    named: dict[str, Job] = {}
    for group in groups:
        members = [phase for phase in graph.phases.values() if phase.workflow in group.workflows]
        modes = [mode for mode in MODE_NAMES if any(phase.node.mode == mode for phase in members)]
        for only in modes if group.splits and len(modes) > 1 else [None]:
            name = _name(group.workflows[0], only, named)
            phases = tuple(phase.id for phase in members if only in (None, phase.node.mode))
            note = f"{' and '.join(group.workflows)} in one job: {group.note}." if group.note else None
            note = f"{group.workflows[0]} is split: {group.splits}." if only is not None else note
            named[name] = Job(name, phases, group.workflows, only, note=note)
    home = {phase: job.name for job in named.values() for phase in job.phases}
    needs: dict[str, dict[str, None]] = {name: {} for name in named}
    for edge in graph.edges:
        if home[edge.before] != home[edge.after]:
            needs[home[edge.after]][home[edge.before]] = None
    return tuple(replace(job, needs=tuple(needs[name])) for name, job in named.items())


def _name(workflow: str, only: str | None, taken: Mapping[str, Job]) -> str:
    """A name that no other job has, ignoring case and kind of dash."""
    name = f"{PREFIX}-{workflow}" + (f"-{only}" if only else "")
    known = {plain(other) for other in taken}
    found, number = name, 2
    while plain(found) in known:
        found, number = f"{name}-{number}", number + 1
    return found


def plain(name: str) -> str:
    """A job's name in letters, digits and `_`; no two jobs of a pipeline share it."""
    return name.lower().replace("-", "_")


def _edges(jobs: Iterable[Job]) -> list[tuple[str, str]]:
    return [(before, job.name) for job in jobs for before in job.needs]
