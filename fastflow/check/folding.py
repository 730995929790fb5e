"""Folds equal findings of a matrix's cells into one: they share one text, so there is one place to fix."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from fastflow.check.facts import Facts
from fastflow.diagnostic import Diagnostic, Mark
from fastflow.model.cells import cells_of
from fastflow.spec.document import YamlList, YamlMap, YamlNode

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def fold(found: Iterable[Diagnostic], specs: Sequence[Facts]) -> tuple[Diagnostic, ...]:
    """Keep the first of the findings of one rule at one place that come from different cells of one matrix.

    It says how many more there are. Two findings about the same cell stay two, whatever they have in common.
    """
    matrices = {name: cell.matrix for facts in specs for name, cell in cells_of(facts.spec).items()}
    if not matrices:
        return tuple(found)
    homes = _homes(specs)
    kept: dict[object, Diagnostic] = {}
    more: Counter[object] = Counter()
    of_one_cell: Counter[object] = Counter()
    for one in found:
        cell = next((name for name in _NAME.findall(one.message) if name in matrices), None)
        matrix = matrices[cell] if cell else homes.get(one.mark)
        place = (one.rule, one.severity, one.mark, tuple(other.mark for other in one.related), matrix)
        key: object = one if matrix is None else (*place, of_one_cell[place, cell] if cell else 0)
        of_one_cell[place, cell] += 1
        more[key] += key in kept
        kept.setdefault(key, one)
    return tuple(
        one._replace(message=f"{one.message} (and {more[key]} more like it, from other cells of the matrix)")
        if more[key]
        else one
        for key, one in kept.items()
    )


def _homes(specs: Iterable[Facts]) -> Mapping[Mark, str]:
    """The places that are part of a matrix, with its name."""
    found: dict[Mark, str] = {}
    for facts in specs:
        for matrix, cells in facts.spec.matrices.items():
            tree = facts.document.locate(("workflows", cells[0]))
            found |= dict.fromkeys(_marks(tree), matrix) if tree is not None else {}
    return found


def _marks(node: YamlNode) -> Iterator[Mark]:
    yield node.mark
    if isinstance(node, YamlMap):
        for key, value in node:
            yield key.mark
            yield from _marks(value)
    elif isinstance(node, YamlList):
        for item in node.items:
            yield from _marks(item)
