"""The graph against networkx, by brute force, on small random specs."""

import itertools
from typing import Any

import networkx
from hypothesis import given, settings
from hypothesis import strategies as st

from fastflow.graph import Graph, build_graph
from fastflow.model.mode import RECORDING, REPORT, TESTING
from fastflow.model.phases import phases_of
from tests.unit.model.specs import load

CONDITIONS = ["finished", "completed", "passed"]


@st.composite
def specs(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    """Phases by id, in up to three workflows: the mode, perhaps a BUILD_ID and a record, and what each depends on."""
    count = draw(st.integers(1, 8))
    ids = sorted(f"{draw(st.sampled_from('abc'))}.n{at}" for at in range(count))
    phases: dict[str, dict[str, Any]] = {}
    for name in ids:
        mode = draw(st.sampled_from((RECORDING.name, TESTING.name, REPORT.name)))
        others = draw(st.lists(st.sampled_from(ids), max_size=3, unique=True))
        phases[name] = {
            "mode": mode,
            "build_id": draw(st.sampled_from([None, "1", "2"])) if mode != "report" else None,
            "depends_on": {other: draw(st.sampled_from(CONDITIONS)) for other in others},
        }
    return phases


def text_of(phases: dict[str, dict[str, Any]]) -> str:
    lines = ["workflows:"]
    for name, members in itertools.groupby(phases, key=lambda phase: phase.partition(".")[0]):
        lines.append(f"  {name}:\n    nodes:")
        for member in members:
            phase = phases[member]
            depends = ", ".join(f"{other}: {{ condition: {how} }}" for other, how in phase["depends_on"].items())
            build_id = f", build_id: {phase['build_id']}" if phase["build_id"] else ""
            node = member.partition(".")[2]
            lines.append(f"      {node}: {{ mode: {phase['mode']}{build_id}, depends_on: {{ {depends} }} }}")
    return "\n".join(lines) + "\n"


def expected_edges(phases: dict[str, dict[str, Any]]) -> dict[tuple[str, str], str]:
    """Section 2 of the contract, written once more: each edge with its condition."""
    found: dict[tuple[str, str], str] = {}

    def add(before: str, after: str, condition: str) -> None:
        found[before, after] = max(found.get((before, after), "finished"), condition, key=CONDITIONS.index)

    for (a, first), (b, second) in itertools.product(phases.items(), repeat=2):
        same_workflow = a.partition(".")[0] == b.partition(".")[0]
        if first["mode"] == "recording" and second["mode"] == "testing" and first["build_id"] == second["build_id"]:
            if first["build_id"] or same_workflow:
                add(a, b, "completed")
        elif first["mode"] == "testing" and second["mode"] == "report" and same_workflow:
            add(a, b, "finished")
        if a in second["depends_on"]:
            add(a, b, second["depends_on"][a])
    return found


def made(phases: dict[str, dict[str, Any]]) -> tuple[Graph, "networkx.DiGraph[str]"]:
    loaded = load(text_of(phases))
    assert loaded.spec is not None
    graph = build_graph(phases_of(loaded.spec, None))
    brute: networkx.DiGraph[str] = networkx.DiGraph()
    brute.add_nodes_from(phases)
    brute.add_edges_from(expected_edges(phases))
    return graph, brute


@settings(max_examples=200)
@given(specs())
def test_edges_are_those_of_the_contract(phases: dict[str, dict[str, Any]]) -> None:
    graph, _ = made(phases)
    assert list(graph.phases) == list(phases)
    assert {(edge.before, edge.after): edge.condition for edge in graph.edges} == expected_edges(phases)
    assert len(graph.edges) == len({(edge.before, edge.after) for edge in graph.edges})


@settings(max_examples=200)
@given(specs())
def test_cycles_are_the_shortest_of_every_component(phases: dict[str, dict[str, Any]]) -> None:
    graph, brute = made(phases)
    every = list(networkx.simple_cycles(brute))
    shortest = sorted(
        min(len(cycle) for cycle in every if set(cycle) <= component)
        for component in networkx.strongly_connected_components(brute)
        if any(set(cycle) <= component for cycle in every)
    )
    assert sorted(len(cycle) for cycle in graph.cycles) == shortest
    for cycle in graph.cycles:
        assert all(first.after == second.before for first, second in zip(cycle, (*cycle[1:], cycle[0]), strict=True))
        assert all(edge in graph.edges for edge in cycle)


@settings(max_examples=300)
@given(specs())
def test_order_overlap_waves_and_the_critical_path(phases: dict[str, dict[str, Any]]) -> None:
    graph, brute = made(phases)
    if not networkx.is_directed_acyclic_graph(brute):
        brute.remove_edges_from([(a, b) for a, b in brute.edges if list(phases).index(a) >= list(phases).index(b)])
        graph = Graph(graph.phases.values(), [e for e in graph.edges if (e.before, e.after) in brute.edges])
    ancestors = {name: networkx.ancestors(brute, name) for name in phases}
    position = {name: at for at, name in enumerate(graph.order)}
    assert sorted(position) == sorted(phases)
    assert all(position[before] < position[after] for before, after in brute.edges)
    for a, b in itertools.product(phases, repeat=2):
        assert graph.is_before(a, b) == (a in ancestors[b])
        assert graph.may_overlap(a, b) == (a != b and a not in ancestors[b] and b not in ancestors[a])
    for name in phases:
        longest = networkx.dag_longest_path_length(brute.subgraph(ancestors[name] | {name}))
        assert graph.waves[name] == longest
    path = graph.critical_path
    assert len(path) == networkx.dag_longest_path_length(brute) + 1
    assert all(brute.has_edge(*step) for step in itertools.pairwise(path))
    ends = [name for name in phases if graph.waves[name] == len(path) - 1]
    assert path[-1] == ends[0]
