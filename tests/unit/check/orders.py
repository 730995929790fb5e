"""Which phase comes after which, by brute force."""

import itertools

from fastflow.check.facts import Facts


def reaches(facts: Facts) -> set[tuple[str, str]]:
    """Every pair of a phase and one that comes after it, by brute force."""
    found = {(edge.before, edge.after) for edge in facts.graph.edges}
    while True:
        more = {(one, three) for (one, two), (other, three) in itertools.product(found, found) if two == other}
        if more <= found:
            return found
        found |= more
