"""Parts of a spec that the model lacks because they were at fault: rules must not report them as missing."""

from collections.abc import Iterator
from typing import NamedTuple

from fastflow.diagnostic import closest
from fastflow.model.base import SpecModel
from fastflow.model.phases import Phase
from fastflow.model.places import Places
from fastflow.model.spec import Spec
from fastflow.spec.document import Scalar, YamlMap, YamlNode

_OF_BUILD_ID = ("build_id", "cloud", "recorder", "scanner")
_OF_ORDER = (*_OF_BUILD_ID, "depends_on", "test_record", "test_record_id")


class RejectedParts(NamedTuple):
    """The nodes that are not in the model, with the BUILD_IDs that they may have, and the fields that are not.

    A field is a workflow, a node (or none, for the workflow's own) and a name.
    """

    nodes: frozenset[tuple[str, str]] = frozenset()
    build_ids: frozenset[str | None] = frozenset()
    fields: frozenset[tuple[str, str | None, str]] = frozenset()

    def has(self, phase: Phase, *names: str) -> bool:
        """Whether one of these fields of a phase, or of its workflow, is lost."""
        owners = (phase.name, None)
        return bool(self.fields) and any((phase.workflow, own, name) in self.fields for own in owners for name in names)

    def has_build_id(self, phase: Phase) -> bool:
        """Whether the fields that identify the phase's record are lost."""
        return self.has(phase, *_OF_BUILD_ID)

    def has_order(self, phase: Phase) -> bool:
        """Whether something that the phase depends on is lost."""
        if self.has(phase, *_OF_ORDER):
            return True
        named = phase.node.depends_on or {} if self.nodes else {}
        return any(self.may_name(pattern, phase.workflow) for pattern in named)

    def may_name(self, pattern: str, workflow: str) -> bool:
        """Whether the name of a dependency may be that of a lost node."""
        if "*" in pattern:
            return bool(self.nodes)
        other, _, name = pattern.rpartition(".")
        return (other or workflow, name) in self.nodes


def lost_parts(spec: Spec, places: Places) -> RejectedParts:
    """Compare a spec as written with its model."""
    nodes: set[tuple[str, str]] = set()
    build_ids: set[str | None] = set()
    fields: set[tuple[str, str | None, str]] = set()
    for workflow, tree in _own(places.node("workflows")):
        model = spec.workflows.get(workflow)
        usual = _text(tree, "build_id")
        if model is not None:
            fields.update((workflow, None, field) for field in _lost_fields(tree, model))
        for name, node in _own(tree.get("nodes") if isinstance(tree, YamlMap) else None):
            known = model.nodes.get(name) if model is not None else None
            if known is None:
                nodes.add((workflow, name))
                build_ids.add(_text(node, "build_id") or usual)
            else:
                fields.update((workflow, name, field) for field in _lost_fields(node, known))
    return RejectedParts(frozenset(nodes), frozenset(build_ids), frozenset(fields))


def _own(node: YamlNode | None) -> Iterator[tuple[str, YamlNode]]:
    for key, value in node if isinstance(node, YamlMap) else ():
        if not key.text.startswith("x-"):
            yield key.text, value


def _text(node: YamlNode, field: str) -> str | None:
    value = node.get(field) if isinstance(node, YamlMap) else None
    return value.text if isinstance(value, Scalar) and not value.is_null else None


def _lost_fields(tree: YamlNode, model: SpecModel) -> Iterator[str]:
    """Fields whose value was at fault; for an unknown field, the one that was most likely meant."""
    for name, value in _own(tree):
        is_unset = isinstance(value, Scalar) and (value.is_null or value.symbolic or value.text == "")
        meant = name if name in type(model).model_fields else closest(name, type(model).model_fields)
        if not is_unset and meant is not None and getattr(model, meant) is None:
            yield meant
