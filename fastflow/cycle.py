"""Order and cycles of a directed graph of names. The only user of networkx.

Imported late: networkx takes 0.12 s, longer than the rest of a validation.
"""

from collections.abc import Iterable, Mapping, Sequence

import networkx

# Enough for an exact answer in components of a thousand phases, and a bound for those of tens of thousands.
_STEPS = 2_000_000


def topological_order(names: Iterable[str], edges: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Sort names so that the first of each edge comes before the second. There must be no cycle."""
    return tuple(networkx.topological_sort(_digraph(names, edges)))


def cycles_of(names: Sequence[str], edges: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Return a shortest cycle of each strongly connected component, both in the order of `names`."""
    graph = _digraph(names, edges)
    position = {name: at for at, name in enumerate(names)}
    components = [
        sorted(component, key=position.__getitem__)
        for component in networkx.strongly_connected_components(graph)
        if len(component) > 1 or graph.has_edge(*list(component) * 2)
    ]
    components.sort(key=lambda component: position[component[0]])
    return [shortest_cycle(component, graph.adj) for component in components]


def _digraph(names: Iterable[str], edges: Iterable[tuple[str, str]]) -> "networkx.DiGraph[str]":
    found: networkx.DiGraph[str] = networkx.DiGraph()
    found.add_nodes_from(names)
    found.add_edges_from(edges)
    return found


def shortest_cycle(names: Sequence[str], successors: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the names on a shortest cycle through some of `names`, in its order; the earliest name comes first.

    One breadth-first search from each name, no deeper than the shortest cycle found so far. After a fixed number of
    steps in all, the best so far is returned. Names outside `names` are ignored.
    """
    position = {name: at for at, name in enumerate(names)}
    inside = {name: [other for other in successors[name] if other in position] for name in names}
    best: list[str] = []
    steps = 0
    for name in names:
        path, taken = _cycle_through(name, inside, len(best) or len(names) + 1)
        best = path or best
        steps += taken
        if steps > _STEPS and best:
            break
    first = min(range(len(best)), key=lambda at: position[best[at]], default=0)
    return best[first:] + best[:first]


def _cycle_through(name: str, successors: Mapping[str, Sequence[str]], limit: int) -> tuple[list[str], int]:
    """Find a shortest cycle through `name` of fewer than `limit` names, and count the edges that were followed."""
    before: dict[str, str] = {}
    level, length, steps = [name], 0, 0
    while level and length + 1 < limit:
        length += 1
        following = []
        for one in level:
            for two in successors[one]:
                steps += 1
                if two == name:
                    path = [one]
                    while path[-1] != name:
                        path.append(before[path[-1]])
                    return path[::-1], steps
                if two not in before:
                    before[two] = one
                    following.append(two)
        level = following
    return [], steps
