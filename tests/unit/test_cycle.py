"""A shortest cycle: as short as brute force says, and a cycle."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from fastflow.cycle import shortest_cycle

GRAPHS = st.integers(1, 6).flatmap(
    lambda size: st.sets(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)), max_size=size * size).map(
        lambda edges: (size, edges)
    )
)


@given(GRAPHS)
def test_cycle_is_as_short_as_brute_force_says(graph: tuple[int, set[tuple[int, int]]]) -> None:
    size, edges = graph
    names = [f"n{at}" for at in range(size)]
    successors = {name: [names[two] for one, two in sorted(edges) if names[one] == name] for name in names}
    found = shortest_cycle(names, successors)
    lengths = [
        length
        for length in range(1, size + 1)
        for way in itertools.permutations(range(size), length)
        if all(step in edges for step in zip(way, way[1:] + way[:1], strict=True))
    ]
    assert len(found) == min(lengths, default=0)
    assert all(two in successors[one] for one, two in zip(found, found[1:] + found[:1], strict=True))
    assert not found or found[0] == min(found)


def test_names_that_are_not_given_are_not_looked_at() -> None:
    assert shortest_cycle(["a", "b"], {"a": ["c", "b"], "b": ["a"], "c": ["a", "c"]}) == ["a", "b"]


def test_long_cycle_in_a_large_component_is_found_in_bounded_time() -> None:
    names = [f"n{at}" for at in range(20_000)]
    successors = {one: [two] for one, two in zip(names, names[1:] + names[:1], strict=True)}
    assert shortest_cycle(names, successors) == names
