"""Trees as the plain data that pydantic reads."""

from collections.abc import Iterator
from typing import Any

from fastflow.model.scalars import Symbolic
from fastflow.spec.document import Scalar, YamlList, YamlMap, YamlNode

KEYED_BY_THE_USER = ("environment",)
"""As in Compose, which knows no `x-*` in it."""


def own_entries(mapping: YamlMap) -> Iterator[tuple[Scalar, YamlNode]]:
    """Give the entries of a mapping of fastflow's own: all but `x-*`."""
    return ((key, value) for key, value in mapping if not key.text.startswith("x-"))


def data_of(tree: YamlNode, key: str) -> Any:
    """Give a tree as plain data in which every scalar is a text, or None."""
    if isinstance(tree, Scalar):
        if tree.is_null:
            return None
        return Symbolic(tree.text) if tree.symbolic else tree.text
    if isinstance(tree, YamlList):
        return [data_of(item, key) for item in tree.items]
    entries = tree if key in KEYED_BY_THE_USER else own_entries(tree)
    return {name.text: data_of(value, name.text) for name, value in entries}
