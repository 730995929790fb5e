"""`matrix`: reads the axes of one workflow, and yields the values of each combination, in order.

`exclude` and `include` mean what they mean in GitHub Actions (docs: many workflows from few lines).
"""

import math
import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import TypeAlias

from fastflow.diagnostic import Diagnostic, Related, did_you_mean
from fastflow.model.own_variables import name_fault
from fastflow.model.places import Place, own_entries
from fastflow.spec.document import Scalar, YamlList, YamlMap, YamlNode

FIELD = "matrix"
EXCLUDE, INCLUDE = "exclude", "include"
SHAPE = "write matrix: { browser: [chrome, firefox], shard: [1, 2] }"
_GUESSES = 20
_IN_NAMES = re.compile(r"[A-Za-z0-9]")
Values: TypeAlias = dict[str, str]
Written: TypeAlias = Mapping[str, Scalar]
"""Names with the scalars that were written for them."""


def place_of(node: YamlNode) -> Place:
    """The place of a value."""
    return Place(node.mark, node.origin)


class Matrix:
    """The matrix of one workflow as written, and its faults; `tokens` are variables of tokens.

    `axes` and its other variables (`added`) are in the order of the file.
    """

    def __init__(self, tree: YamlMap, at: Place, tokens: frozenset[str]) -> None:
        self._tree = tree
        self._tokens = tokens
        self.at = at
        self.faults: list[Diagnostic] = []
        self.axes: dict[str, tuple[Scalar, ...]] = {}
        for key, value in own_entries(tree):
            if key.text not in (EXCLUDE, INCLUDE) and self._is_name(key):
                self.axes[key.text] = tuple(self._axis(key, value))
        self._texts = {axis: {value.text: None for value in values} for axis, values in self.axes.items()}
        self._excluded = [entry for _, entry in self._entries(EXCLUDE) if self._can_match(entry)]
        self._included = [entry for item, entry in self._entries(INCLUDE) if self._are_variables(item)]
        added = (name for entry in self._included for name in entry)
        self.added = tuple(name for name in dict.fromkeys(added) if name not in self.axes)
        if not self.axes and not self._included and not self.faults:
            self._fault(at, "`matrix` has no axis", SHAPE)

    @property
    def most(self) -> int:
        """The maximum number of combinations."""
        return self._products + len(self._included)

    @property
    def comparisons(self) -> int:
        """The number of comparisons of combinations with entries of `exclude` and `include`."""
        return self._products * (len(self._excluded) + len(self._included))

    @property
    def _products(self) -> int:
        return math.prod(len(values) for values in self.axes.values()) if self.axes else 0

    @property
    def named_by(self) -> tuple[str, ...]:
        """The variables that name a cell: the axes, or all if there are no axes."""
        return tuple(self.axes) or self.added

    def combinations(self) -> Iterator[Values]:
        """Yield the values of each cell: those of the axes, without the excluded ones, then the additions of `include`.

        A variable without a value in a cell is empty there.
        """
        texts = ([value.text for value in values] for values in self.axes.values())
        each = [dict(zip(self.axes, values, strict=True)) for values in product(*texts)] if self.axes else []
        left = [cell for cell in each if not any(_matches(entry, cell) for entry in self._excluded)]
        cells = [dict(cell) for cell in left]
        for entry in self._included:
            own = {name: value.text for name, value in entry.items()}
            extended = [
                at for at, cell in enumerate(left) if all(cell[name] == own[name] for name in own if name in cell)
            ]
            for at in extended:
                cells[at].update(own)
            if not extended:
                cells.append(own)
        for cell in cells:
            yield {name: cell.get(name, "") for name in (*self.axes, *self.added)}

    def _fault(self, place: Place, message: str, hint: str | None, related: tuple[Related, ...] = ()) -> None:
        found = place.error("invalid-value", message, hint)
        self.faults.append(found._replace(related=(*related, *found.related)))

    def _is_name(self, key: Scalar) -> bool:
        fault = name_fault(key.text, self._tokens)
        if fault is not None:
            self._fault(place_of(key), f"`{key.text}` cannot be an axis: {fault[0]}", fault[1])
        return fault is None

    def _axis(self, key: Scalar, tree: YamlNode) -> Iterator[Scalar]:
        if not isinstance(tree, YamlList) or not tree.items:
            found = "an empty list" if isinstance(tree, YamlList) else _described(tree)
            written = tree.text if isinstance(tree, Scalar) and tree.text else "VALUE"
            message = f"the axis `{key.text}`: expected a list of values, not {found}"
            self._fault(place_of(key), message, f"write {key.text}: [{written}]")
            return
        first: dict[str, Scalar] = {}
        for item in tree.items:
            if not self._is_value(item, f"the axis `{key.text}`", names_cells=True):
                continue
            assert isinstance(item, Scalar)
            if item.text in first:
                related = (Related(first[item.text].mark, "first here"),)
                message = f"the axis `{key.text}` has the value `{item.text}` twice"
                self._fault(place_of(item), message, "keep one of them", related)
                continue
            first[item.text] = item
            yield item

    def _is_value(self, node: YamlNode, of: str, *, names_cells: bool) -> bool:
        if not isinstance(node, Scalar) or node.is_null or (names_cells and not node.text):
            self._fault(place_of(node), f"{of}: expected a value, not {_described(node)}", "write a string")
        elif "$" in node.text:
            message = f"{of}: `{node.text}` contains a variable, but a matrix is expanded before variables have values"
            self._fault(place_of(node), message, "write the values; the spec can then use ${AXIS}${OTHER}")
        elif names_cells and not _IN_NAMES.search(node.text):
            message = f"{of}: `{node.text}` has no letter or digit to name a workflow after"
            self._fault(place_of(node), message, "write a value that has one")
        else:
            return True
        return False

    def _entries(self, field: str) -> Iterator[tuple[YamlMap, Written]]:
        tree = self._tree.get(field)
        if tree is None or (isinstance(tree, Scalar) and tree.is_null):
            return
        if not isinstance(tree, YamlList):
            message = f"`{field}`: expected a list of mappings, not {_described(tree)}"
            self._fault(place_of(tree), message, f"write {field}: [{{ AXIS: VALUE }}]")
            return
        for item in tree.items:
            if not isinstance(item, YamlMap) or not any(own_entries(item)):
                message = f"`{field}`: expected a mapping of axes to values, not {_described(item)}"
                self._fault(place_of(item), message, "write { AXIS: VALUE }")
            else:
                values = [(key.text, value) for key, value in own_entries(item)]
                sound = [self._is_value(value, f"`{field}`", names_cells=key in self.axes) for key, value in values]
                if all(sound):
                    yield item, {key: value for key, value in values if isinstance(value, Scalar)}

    def _can_match(self, entry: Written) -> bool:
        """Whether an entry of `exclude` matches a combination: a misspelt one would exclude nothing."""
        for name, value in entry.items():
            known = self._texts.get(name, {})
            # If many are misspelt, not each needs a guess.
            guesses = len(self.faults) < _GUESSES
            if name not in self.axes:
                message = f"`exclude` names `{name}`, which is not an axis, so it excludes nothing"
                self._fault(place_of(value), message, did_you_mean(name, self.axes) if guesses else None)
            elif value.text not in known:
                message = f"`exclude` excludes nothing: the axis `{name}` has no value `{value.text}`"
                self._fault(place_of(value), message, did_you_mean(value.text, known) if guesses else None)
            else:
                continue
            return False
        return True

    def _are_variables(self, entry: YamlMap) -> bool:
        sound = [self._is_name(key) for key, _ in own_entries(entry)]
        return all(sound)


def _matches(entry: Written, cell: Values) -> bool:
    return all(cell[name] == value.text for name, value in entry.items())


def _described(node: YamlNode) -> str:
    if isinstance(node, YamlMap):
        return "a mapping"
    if isinstance(node, YamlList):
        return "a list"
    return "nothing" if node.is_null else f"`{node.text}`" if node.text else "an empty string"
