"""cluster-crossing: phases on a cluster and elsewhere that wait for one another."""

from collections.abc import Iterator

from fastflow.check.facts import Facts
from fastflow.check.rule import Rule
from fastflow.diagnostic import Diagnostic, Related
from fastflow.graph import Edge
from fastflow.model.places import Place
from fastflow.model.spec import hosts_of

RULE = Rule(
    "cluster-crossing",
    "error",
    "phases that wait across the boundary of a cluster",
)


def check(facts: Facts) -> Iterator[Diagnostic]:
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
            yield RULE.finding(
                f"{edge.after} on {pair[1]} waits for {edge.before} on {pair[0]}, because of {edge.reason}",
                _place(facts, edge),
                f"run both workflows on one host: host: {cluster}",
                (Related(facts.node_place(earlier).mark, f"{edge.before} is here"),),
            )


def _place(facts: Facts, edge: Edge) -> Place:
    """Where the edge comes from."""
    phase = facts.graph.phases[edge.after]
    if edge.reason == "build_id":
        return facts.build_id_place(phase)
    path = (*phase.path, edge.reason)
    return facts.places.value(*path) if facts.places.node(*path) is not None else facts.node_place(phase)
