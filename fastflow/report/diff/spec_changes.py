"""The differences between the specs of two runs: values as the runs resolved them, and digests of those not shown."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from fastflow.ci import RUN_ID
from fastflow.model.load import is_build_id
from fastflow.record.archive import Archive
from fastflow.record.digest import ResumeDigest
from fastflow.report.diff.cause import Cause, Kind, how
from fastflow.spec.document import Scalar, YamlMap, YamlNode
from fastflow.spec.reader import read_documents

Values: TypeAlias = Mapping[tuple[str, ...], str]
"""The values of a spec by their paths; a list is one value."""

_POLICY = ("test_run_policy_id", "gate")
"""The fields that decide what is attacked, how, and which findings count."""
_SHORTEST = 8
"""Minimum length of fastflow's own values that are replaced by their variables: shorter ones occur in other values."""


def values_of(archive: Archive, digest: ResumeDigest | None) -> Values | None:
    """Read the spec as a run resolved it, without its BUILD_IDs; None if it is not known.

    BUILD_IDs differ between runs of one spec on purpose, and so do the values of fastflow's own variables, which are
    replaced by their names.
    """
    text = archive.resolved or ""
    for name, value in {RUN_ID: archive.run, **(digest.variables if digest is not None else {})}.items():
        if len(value) >= _SHORTEST:
            text = text.replace(value, f"${{{name}}}")
    document = read_documents("", text.encode("utf-8", "replace")).document
    return dict(_leaves(document.root, ())) if document is not None else None


def spec_changes(old: Values, new: Values, digests: tuple[ResumeDigest, ResumeDigest] | None) -> Iterator[Cause]:
    """Yield each field that differs, with its values; without them if only the `digests` differ."""
    changed = [path for path in dict.fromkeys((*old, *new)) if old.get(path) != new.get(path)]
    for path in changed:
        yield Cause.of(_kind(path), ".".join(path), old.get(path), new.get(path))
    if digests is not None:
        yield from _unseen(digests[0].fields, digests[1].fields, {".".join(path) for path in changed})


def _unseen(old: Mapping[str, str], new: Mapping[str, str], shown: set[str]) -> Iterator[Cause]:
    """The fields whose digests differ and whose values do not: secrets, environments, uninterpolated texts."""
    defaults = {name.split(".")[1] for name in shown if name.startswith("defaults.")}
    for name in sorted({*old, *new}):
        path = tuple(name.split("."))
        is_shown = any(one == name or one.startswith(f"{name}.") for one in shown) or path[-1] in defaults
        if old.get(name) != new.get(name) and not is_shown and not is_build_id(path):
            yield Cause(_kind(path), name, how(name in old, name in new))


def _kind(path: tuple[str, ...]) -> Kind:
    return "policy" if any(name in path for name in _POLICY) else "spec"


def _leaves(node: YamlNode, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(node, YamlMap):
        for key, value in node:
            yield from _leaves(value, (*path, key.text))
    elif not is_build_id(path):
        yield path, node.text if isinstance(node, Scalar) else json.dumps(_texts(node), ensure_ascii=False)


def _texts(node: YamlNode) -> Any:
    if isinstance(node, Scalar):
        return node.text
    return {key.text: _texts(value) for key, value in node} if isinstance(node, YamlMap) else [*map(_texts, node.items)]
