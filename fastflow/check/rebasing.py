"""Rewrites relative paths in included files, which start from the file's own directory, to start from the spec's."""

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from fastflow.application.paths import absolute_paths
from fastflow.check.inclusion import Inclusion
from fastflow.files import resolved
from fastflow.spec.document import Document, Scalar, YamlList, YamlMap, YamlNode

Change = Callable[[YamlNode], YamlNode]


def rebased(document: Document, inclusions: Mapping[str, Inclusion], base: Path) -> Document:
    """Write the paths of included files from the spec's directory, `base`; those of the spec itself stay."""
    work = _Rebasing(inclusions, base)
    root = _at(document.root, "defaults", work.node)
    root = _at(root, "workflows", lambda tree: _each(tree, work.workflow))
    return document._replace(root=root)


class _Rebasing:
    def __init__(self, inclusions: Mapping[str, Inclusion], base: Path) -> None:
        self._inclusions = inclusions
        self._base = base

    def workflow(self, tree: YamlNode) -> YamlNode:
        if not isinstance(tree, YamlMap):
            return tree
        changed = _at(tree, "compose", self._compose)
        return _at(changed, "nodes", lambda nodes: _each(nodes, self.node))

    def node(self, tree: YamlNode) -> YamlNode:
        if not isinstance(tree, YamlMap):
            return tree
        changed = _at(tree, "reports", self._path)
        changed = _at(
            changed, "gate", lambda gate: _at(gate, "accept", self._path) if isinstance(gate, YamlMap) else gate
        )
        return _at(changed, "source", self._sources)

    def _directory(self, node: YamlNode) -> str | None:
        """The directory of the file that a value is written in; None for the spec."""
        inclusion = self._inclusions.get((node.origin or node.mark).file)
        return inclusion.directory if inclusion is not None else None

    def _path(self, node: YamlNode) -> YamlNode:
        directory = self._directory(node)
        if directory is None or not isinstance(node, Scalar) or node.is_null or not node.text:
            return node
        path = posixpath.join(directory, node.text)
        # A variable's value may be the parent of what follows.
        return replace(node, text=path if "$" in path else posixpath.normpath(path))

    def _compose(self, node: YamlNode) -> YamlNode:
        if isinstance(node, YamlList):
            return replace(node, items=tuple(map(self._compose, node.items)))
        if isinstance(node, YamlMap):
            directory = self._directory(node)
            return node if directory in (None, ".") else absolute_paths(node, resolved(self._base / directory))
        return self._path(node)

    def _sources(self, node: YamlNode) -> YamlNode:
        if isinstance(node, YamlList):
            return replace(node, items=tuple(map(self._sources, node.items)))
        if not isinstance(node, YamlMap) or (command := node.get("run")) is None:
            return node
        directory = self._directory(command)
        if directory is None or node.get("working_dir") is not None:
            return _at(node, "working_dir", self._path)
        key = Scalar("working_dir", command.mark, origin=command.origin)
        return replace(node, entries=(*node.entries, (key, replace(key, text=directory))))


def _at(tree: YamlMap, key: str, change: Change) -> YamlMap:
    value = tree.get(key)
    return tree if value is None else tree.with_value(key, change(value))


def _each(tree: YamlNode, change: Change) -> YamlNode:
    if not isinstance(tree, YamlMap):
        return tree
    return replace(tree, entries=tuple((key, change(value)) for key, value in tree))
