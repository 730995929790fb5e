"""`defaults`: fields that apply to every node whose mode and kind have them."""

from collections.abc import Collection, Iterator
from dataclasses import replace

from pydantic import ValidationError

from fastflow.diagnostic import Diagnostic, Related, did_you_mean
from fastflow.model.node import NODE_TYPES, node_type
from fastflow.model.places import Places, data_of, text_of
from fastflow.spec.document import Scalar, YamlList, YamlMap, YamlNode, moved

NOT_IN_DEFAULTS = ("mode", "build_id", "container_name", "ports", "depends_on", "source")


def sound_defaults(root: YamlMap) -> tuple[YamlMap | None, tuple[Diagnostic, ...]]:
    """Return the valid ones of the spec's `defaults`, and the faults of the others."""
    tree = root.get("defaults")
    if tree is None or (isinstance(tree, Scalar) and tree.is_null):
        return None, ()
    places = Places(root)
    if not isinstance(tree, YamlMap):
        return None, (places.value("defaults").error("invalid-value", "`defaults`: expected a mapping"),)
    known = {field for model in NODE_TYPES.values() for field in model.model_fields} - set(NOT_IN_DEFAULTS)
    found: dict[str, Diagnostic] = {}
    for key, _ in tree:
        if key.text in NOT_IN_DEFAULTS:
            message = f"`{key.text}` is not allowed in `defaults`, because it belongs to one node"
            found[key.text] = places.key("defaults", key.text).error("invalid-value", message, "write it in the node")
        elif key.text not in known and not key.text.startswith("x-"):
            hint = did_you_mean(key.text, known)
            place = places.key("defaults", key.text)
            found[key.text] = place.error("unknown-field", f"unknown field `{key.text}`", hint)
    _check_values(tree, places, found)
    sound = tuple((key, value) for key, value in tree if key.text not in found and not _is_unset(value))
    faults = tuple(_at_its_node(root, field, fault) for field, fault in found.items())
    return YamlMap(sound, tree.mark, tree.tag, tree.origin), faults


def _at_its_node(root: YamlMap, field: str, fault: Diagnostic) -> Diagnostic:
    """Report a value from `defaults` at the first node that uses it, with its origin in `related`.

    A field that is not allowed in `defaults` is not used anywhere, and is reported there.
    """
    if fault.rule == "unknown-field" or field in NOT_IN_DEFAULTS:
        return fault
    for key, node in _nodes(root):
        own = node.get(field)
        if field in _fields_of(node, root.get("defaults")) and (
            own is None or _is_unset(own) or isinstance(own, YamlMap)
        ):
            origin = Related(fault.mark, "the value comes from here")
            return fault._replace(mark=key.mark, related=(origin, *fault.related))
    return fault


def _nodes(root: YamlMap) -> Iterator[tuple[Scalar, YamlMap]]:
    workflows = root.get("workflows")
    for _, workflow in workflows if isinstance(workflows, YamlMap) else ():
        nodes = workflow.get("nodes") if isinstance(workflow, YamlMap) else None
        for key, node in nodes if isinstance(nodes, YamlMap) else ():
            if isinstance(node, YamlMap):
                yield key, node


def _check_values(tree: YamlMap, places: Places, found: dict[str, Diagnostic]) -> None:
    for model in NODE_TYPES.values():
        fields = {key.text for key, _ in tree if key.text in model.model_fields and key.text not in found}
        data = {name: data_of(tree.get(name), name) for name in fields}  # type: ignore[arg-type]  # names come from the tree
        if isinstance(tree.get("container"), (YamlMap, YamlList)) and "container" in fields:
            data["container"] = tree.get("container")
        try:
            model.model_validate({**data, "mode": model.traits.name})
        except ValidationError as error:
            from fastflow.model.faults import findings_of, path_of  # noqa: PLC0415  # most values are right

            for fault in error.errors(include_url=False):
                field = str(path_of(fault)[0]) if path_of(fault) else ""
                found.setdefault(field, next(findings_of(fault, ("defaults",), places, model)))


def with_defaults(root: YamlMap, defaults: YamlMap | None) -> YamlMap:
    """Merge `defaults` into the nodes: a node's own value wins, mappings merge by key, lists replace."""
    workflows = root.get("workflows")
    if defaults is None or not defaults.entries or not isinstance(workflows, YamlMap):
        return root
    merged = tuple((key, _in_workflow(workflow, defaults)) for key, workflow in workflows)
    return root.with_value("workflows", replace(workflows, entries=merged))


def _in_workflow(workflow: YamlNode, defaults: YamlMap) -> YamlNode:
    nodes = workflow.get("nodes") if isinstance(workflow, YamlMap) else None
    if not isinstance(workflow, YamlMap) or not isinstance(nodes, YamlMap):
        return workflow
    entries = tuple((key, _in_node(key, node, defaults)) for key, node in nodes)
    return workflow.with_value("nodes", replace(nodes, entries=entries))


def _in_node(key: Scalar, node: YamlNode, defaults: YamlMap) -> YamlNode:
    if not isinstance(node, YamlMap):
        return node
    fields = _fields_of(node, defaults)
    applicable = tuple(entry for entry in defaults if entry[0].text in fields)
    inherited = moved(YamlMap(applicable, defaults.mark), key.mark)
    merged = merge(node, inherited)
    assert isinstance(merged, YamlMap)
    return merged


def _fields_of(node: YamlMap, defaults: YamlNode | None) -> Collection[str]:
    """The fields of a node's mode and kind, which may come from `defaults`; none if it has no mode."""

    def read(field: str) -> str | None:
        usual = defaults if isinstance(defaults, YamlMap) and field not in NOT_IN_DEFAULTS else node
        return text_of(node, field) or text_of(usual, field)

    model = node_type(read)
    return model.model_fields if model else ()


def merge(own: YamlNode, inherited: YamlNode) -> YamlNode:
    """Merge two trees: own scalars and lists win, mappings merge by key, recursively."""
    if not isinstance(own, YamlMap) or not isinstance(inherited, YamlMap):
        return own
    entries = [(key, value) for key, value in own if not (_is_unset(value) and inherited.get(key.text))]
    names = {key.text for key, _ in entries}
    joined = [
        (key, merge(value, other)) if (other := inherited.get(key.text)) is not None else (key, value)
        for key, value in entries
    ]
    joined.extend(entry for entry in inherited if entry[0].text not in names)
    return YamlMap(tuple(joined), own.mark, own.tag, own.origin)


def _is_unset(node: YamlNode) -> bool:
    return isinstance(node, Scalar) and node.is_null
