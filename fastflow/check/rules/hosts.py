"""Hosts that workflows run on: undeclared ones, and what a cluster does not allow."""

from collections.abc import Iterator

from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic, Related, did_you_mean
from fastflow.graph import Edge
from fastflow.model.places import Place
from fastflow.model.relations import CommandSource
from fastflow.model.spec import any_of, hosts_of


@Rule("host-unknown", "error", "a workflow on a host that is not declared", can_be_silenced=False).for_each_spec
def host_unknown(facts: Facts) -> Iterator[Diagnostic]:
    """Check that every name under a workflow's `host` is one of the spec's `hosts`, or `any`."""
    known = tuple(facts.spec.hosts or ())
    for name, workflow in facts.spec.workflows.items():
        for wanted in workflow.host or ():
            if workflow.host == ("any",) or wanted in known or "$" in wanted:
                continue
            hint = did_you_mean(wanted, known) if known else "declare it: hosts: { NAME: { context: CONTEXT } }"
            if wanted == "any":
                hint = "write host: any, because `any` cannot be combined with names"
            place = facts.places.entry(wanted, "workflows", name, "host")
            yield host_unknown.finding(f"there is no host `{wanted}`", place, hint)


@Rule("cluster-alone", "error", "a cluster that is not the only host of a workflow").for_each_spec
def cluster_alone(facts: Facts) -> Iterator[Diagnostic]:
    """A cluster chooses the node itself, so it must be the only host."""
    declared = facts.spec.hosts or {}
    for name, workflow in facts.spec.workflows.items():
        is_any = workflow.host in (None, ("any",))
        wanted = any_of(declared) if is_any else [host for host in workflow.host or () if host in declared]
        cluster = next((host for host in wanted if declared[host].is_cluster), None)
        if cluster is None or len(set(wanted)) == 1:
            continue
        path = ("workflows", name, "host")
        entry = facts.places.value(*path) if is_any else facts.places.entry(cluster, *path)
        place = entry if workflow.host else facts.places.key("workflows", name)
        other = next(host for host in wanted if host != cluster)
        yield cluster_alone.finding(
            f"{cluster} is a cluster, and workflow `{name}` may also run on {other}",
            place,
            f"write host: {cluster}, or leave it out of the list",
            (Related(facts.places.key("hosts", cluster).mark, f"{cluster} is declared here"),),
        )


@Rule(
    "cluster-crossing",
    "error",
    "phases that wait across the boundary of a cluster",
).for_each_spec
def cluster_crossing(facts: Facts) -> Iterator[Diagnostic]:
    """Workflows that belong together are one unit, which runs on one node; units never wait for one another."""
    declared = facts.spec.hosts or {}
    if not any(host.is_cluster for host in declared.values()):
        return
    hosts = hosts_of(facts.spec)
    seen: set[tuple[str, str]] = set()
    for edge in facts.graph.edges:
        before, after = (facts.graph.phases[name].workflow for name in (edge.before, edge.after))
        pair = hosts[before], hosts[after]
        cluster = next((name for name in pair if name in declared and declared[name].is_cluster), None)
        if pair[0] != pair[1] and cluster is not None and (before, after) not in seen:
            seen.add((before, after))
            earlier = facts.graph.phases[edge.before]
            yield cluster_crossing.finding(
                f"{edge.after} on {pair[1]} waits for {edge.before} on {pair[0]}, because of {edge.reason}",
                _place(facts, edge),
                f"run both workflows on one host: host: {cluster}",
                (Related(facts.node_place(earlier).mark, f"{edge.before} is here"),),
            )


def _place(facts: Facts, edge: Edge) -> Place:
    """The place that an edge comes from."""
    phase = facts.graph.phases[edge.after]
    if edge.reason == "build_id":
        return facts.build_id_place(phase)
    path = (*phase.path, edge.reason)
    return facts.places.value(*path) if facts.places.node(*path) is not None else facts.node_place(phase)


@Rule("cluster-source", "error", "a source command on a cluster").for_each_spec
def cluster_source(facts: Facts) -> Iterator[Diagnostic]:
    """A command of a source runs on the machine that runs fastflow: on a cluster, in the agent."""
    declared = facts.spec.hosts or {}
    if not any(host.is_cluster for host in declared.values()):
        return
    hosts = hosts_of(facts.spec)
    for phase, node in facts.recorders:
        name = hosts[phase.workflow]
        host = declared.get(name)
        if host is None or not host.is_cluster or host.source_run:
            continue
        if any(isinstance(source, CommandSource) for source in node.sources):
            yield cluster_source.finding(
                f"the source of {phase.id} is a command, which would run in the agent on a node of {name}",
                facts.places.key(*phase.path, "source"),
                f"use source: {{ service: NAME }}, or set source_run: true in host {name}",
                (Related(facts.places.key("hosts", name).mark, f"{name} is declared here"),),
            )
