"""Expands the matrices of a document: replaces each workflow that has one by the workflows that it makes."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from fastflow.diagnostic import Diagnostic, Related
from fastflow.model.base import NAME, NAME_HINT
from fastflow.model.cells import Expanded
from fastflow.model.matrix import EXCLUDE, FIELD, INCLUDE, SHAPE, Matrix, Values, place_of
from fastflow.model.own_variables import token_variables
from fastflow.model.places import Place
from fastflow.model.spec import Cell
from fastflow.spec.builder import MAX_VALUES
from fastflow.spec.document import Document, Scalar, YamlList, YamlMap, YamlNode, size_of

_MOST_COMPARISONS = 5_000_000
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]+")


def expand(document: Document) -> Expanded:
    """Replace each workflow that has a matrix by its cells."""
    workflows = document.root.get("workflows")
    assert isinstance(workflows, YamlMap), "or it has no matrix"
    work = _Expansion(document.root, workflows)
    entries = tuple(entry for key, tree in workflows for entry in work.workflow(key, tree))
    root = document.root.with_value("workflows", replace(workflows, entries=entries))
    return Expanded(document._replace(root=root), work.cells, work.at_fault, tuple(work.diagnostics))


class _Expansion:
    def __init__(self, root: YamlMap, workflows: YamlMap) -> None:
        self.cells: dict[str, Cell] = {}
        self.at_fault: dict[str, frozenset[str]] = {}
        self.diagnostics: list[Diagnostic] = []
        self._root = root
        self._names = {key.text.lower(): key for key, _ in workflows}
        self._values = 0

    def workflow(self, key: Scalar, tree: YamlNode) -> Iterator[tuple[Scalar, YamlNode]]:
        """Return the replacement of one workflow."""
        written = tree.get(FIELD) if isinstance(tree, YamlMap) else None
        if not isinstance(tree, YamlMap) or written is None or key.text.startswith("x-"):
            yield key, tree
            return
        bare = replace(tree, entries=tuple(entry for entry in tree if entry[0].text != FIELD))
        if isinstance(written, Scalar) and written.is_null:
            yield key, bare
            return
        at = place_of(tree.key(FIELD) or written)
        cells = self._cells(key, written, at, bare)
        if cells is None:
            self.at_fault[key.text] = _variables_of(written)
            yield key, bare
            return
        for name, values in cells:
            self.cells[name] = Cell(key.text, values)
            yield replace(key, text=name), bare

    def _cells(self, key: Scalar, written: YamlNode, at: Place, bare: YamlMap) -> list[tuple[str, Values]] | None:
        """The cells of a workflow by name; None if something is wrong with them."""
        if not isinstance(written, YamlMap):
            self.diagnostics.append(at.error("invalid-value", "`matrix`: expected a mapping of axes to lists", SHAPE))
            return None
        matrix = Matrix(written, at, token_variables(self._root, bare))
        self.diagnostics += matrix.faults
        if matrix.faults or self._are_too_many(matrix, bare) or not NAME.fullmatch(key.text):
            return None
        known = len(self.diagnostics)
        named = list(self._named(key, matrix))
        return named if len(self.diagnostics) == known else None

    def _are_too_many(self, matrix: Matrix, bare: YamlMap) -> bool:
        """Count before any cell is made: three axes of a thousand values take only a few lines."""
        size = size_of(bare) + len(matrix.axes) + len(matrix.added)
        if matrix.comparisons > _MOST_COMPARISONS:
            message = f"the matrix compares its combinations {matrix.comparisons:,} times with `exclude` and `include`"
            self.diagnostics.append(matrix.at.error("invalid-value", message, "write fewer entries"))
            return True
        if self._values + matrix.most * size <= MAX_VALUES:
            self._values += matrix.most * size
            return False
        message = f"the matrix makes {matrix.most:,} workflows of {size:,} values each"
        hint = f"reduce them: a spec may contain at most {MAX_VALUES:,} values, those of all cells counted"
        self.diagnostics.append(matrix.at.error("invalid-value", message, hint))
        return True

    def _named(self, key: Scalar, matrix: Matrix) -> Iterator[tuple[str, Values]]:
        own: dict[str, Values] = {}
        for values in matrix.combinations():
            parts = (_NOT_IN_NAMES.sub("-", values[name]).strip("-") for name in matrix.named_by)
            name = "-".join((key.text, *(part for part in parts if part)))
            if fault := self._fault(key, name, values, own, matrix.at):
                self.diagnostics.append(fault)
                return
            own[name.lower()] = values
            yield name, values
        if not own:
            message = f"the matrix of {key.text} has no cells left, because `exclude` matches all of them"
            self.diagnostics.append(matrix.at.error("invalid-value", message, "exclude less"))
        self._names |= dict.fromkeys(own, key)

    def _fault(self, key: Scalar, name: str, values: Values, own: Mapping[str, Values], at: Place) -> Diagnostic | None:
        """The fault of a cell's name; `own` are the names of its matrix so far."""
        if not NAME.fullmatch(name):
            message = f"the matrix makes a workflow `{name}`, whose name has {len(name)} characters"
            return at.error("invalid-value", message, f"shorten its values: {NAME_HINT}")
        if (other := own.get(name.lower())) is not None:
            message = f"two cells of the matrix would both be named `{name}`: {_said(other)}, and {_said(values)}"
            return at.error("invalid-value", message, "make their values differ in letters or digits, not only in case")
        if (taken := self._names.get(name.lower())) is not None and taken is not key:
            message = f"the matrix makes a workflow `{name}`, but another one has that name"
            found = at.error("invalid-value", message, "rename one of the two workflows")
            return found._replace(related=(Related(taken.mark, f"`{taken.text}` is here"), *found.related))
        return None


def _said(values: Values) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items())


def _variables_of(written: YamlNode) -> frozenset[str]:
    """All keys of a matrix that may be meant as variables, whatever is wrong with it."""
    if not isinstance(written, YamlMap):
        return frozenset()
    include = written.get(INCLUDE)
    entries = include.items if isinstance(include, YamlList) else ()
    added = {key.text for entry in entries if isinstance(entry, YamlMap) for key, _ in entry}
    return frozenset({key.text for key, _ in written} - {EXCLUDE, INCLUDE} | added)
