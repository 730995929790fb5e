"""The places of a spec's values in the files, and trees as the plain data that pydantic reads."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from fastflow.diagnostic import Diagnostic, Mark, Related, Severity
from fastflow.model.base import Symbolic
from fastflow.spec.document import Scalar, YamlList, YamlMap, YamlNode, YamlPath


class Place(NamedTuple):
    """Where a value is used and, if an anchor or `defaults` brought it there, where it is written."""

    mark: Mark
    origin: Mark | None = None

    def error(self, rule: str, message: str, hint: str | None = None) -> Diagnostic:
        """Make an error of a rule at this place."""
        return Diagnostic(rule, Severity.ERROR, message, self.mark, hint, self.related())

    def related(self, message: str = "the value comes from here") -> tuple[Related, ...]:
        """The origin as another place of a finding, if there is one."""
        return (Related(self.origin, message),) if self.origin else ()


class Places(NamedTuple):
    """The tree that a spec was made from, with `defaults` merged into the nodes."""

    root: YamlMap

    def node(self, *path: str | int) -> YamlNode | None:
        """Return the tree at `path`, or None."""
        return _walk(self.root, path)[0]

    def value(self, *path: str | int) -> Place:
        """The place of the value at `path`; for a block collection, its key; for a missing value, its parent."""
        node, reached = _walk(self.root, path)
        if node is None:
            return self.value(*path[:reached])
        if isinstance(node, Scalar) or not path or node.origin or node.mark.line != node.mark.end_line:
            return Place(node.mark, node.origin)
        if node.mark.end_column > node.mark.column:
            return Place(node.mark)
        return self.key(*path)

    def key(self, *path: str | int) -> Place:
        """The place of the key (or the list item) at `path`; for a missing one, its parent's key."""
        parent, reached = _walk(self.root, path[:-1])
        if parent is not None and path:
            if isinstance(parent, YamlMap) and (key := parent.key(str(path[-1]))):
                return Place(key.mark, key.origin)
            if isinstance(parent, YamlList) and isinstance(path[-1], int) and path[-1] < len(parent.items):
                item = parent.items[path[-1]]
                return Place(item.mark, item.origin)
        if not path:
            return Place(self.root.mark)
        return self.key(*path[: min(reached, len(path) - 1)])

    def entry(self, name: str, *path: str | int) -> Place:
        """The place of `name` in the list, the mapping or the single text at `path`."""
        node = self.node(*path)
        if isinstance(node, YamlMap) and node.key(name):
            return self.key(*path, name)
        if isinstance(node, YamlList):
            for at, item in enumerate(node.items):
                if isinstance(item, Scalar) and item.text == name:
                    return self.value(*path, at)
        return self.value(*path)


def _walk(root: YamlNode, path: YamlPath) -> tuple[YamlNode | None, int]:
    """Follow `path`; return the node there, or None, and the number of steps that exist.

    A mapping in the place of a list is a list of one.
    """
    node: YamlNode | None = root
    for taken, step in enumerate(path):
        if isinstance(node, YamlMap) and isinstance(step, str):
            node = node.get(step)
        elif isinstance(node, YamlList) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
        elif not (isinstance(node, YamlMap) and step == 0):
            node = None
        if node is None:
            return None, taken
    return node, len(path)


KEYED_BY_THE_USER = ("environment",)
"""As in Compose, which has no `x-*` in it."""


def own_entries(mapping: YamlMap) -> Iterator[tuple[Scalar, YamlNode]]:
    """Return the entries of one of fastflow's own mappings: all except `x-*`."""
    return ((key, value) for key, value in mapping if not key.text.startswith("x-"))


def data_of(tree: YamlNode, key: str) -> Any:
    """Return a tree as plain data in which every scalar is a text or None."""
    if isinstance(tree, Scalar):
        if tree.is_null:
            return None
        return Symbolic(tree.text) if tree.symbolic else tree.text
    if isinstance(tree, YamlList):
        return [data_of(item, key) for item in tree.items]
    entries = tree if key in KEYED_BY_THE_USER else own_entries(tree)
    return {name.text: data_of(value, name.text) for name, value in entries}


def text_of(tree: YamlMap, field: str) -> str | None:
    """The text of a field; None if it is not set, or not a text."""
    value = tree.get(field)
    return value.text if isinstance(value, Scalar) and not value.is_null else None
