"""Merges Compose trees as `docker compose -f a -f b` does (Compose specification, Merge)."""

from collections.abc import Iterable
from dataclasses import replace

from fastflow.spec.document import Scalar, YamlList, YamlMap, YamlNode

_REPLACED = {"command", "entrypoint", "test"}
_NAMED_VALUES = {"environment", "labels", "args", "sysctls", "annotations", "extra_hosts"}
_NAMES = {"networks", "depends_on"}
_LISTS = {"env_file", "profiles", "dns", "tmpfs"}


def merge(base: YamlNode | None, over: YamlNode, key: str = "") -> YamlNode | None:
    """Merge `over` into `base`; None if `!reset` removes the value."""
    if over.tag == "!reset":
        return None
    if base is None or over.tag == "!override" or key in _REPLACED:
        return over
    base, over = alike(base, key), alike(over, key)
    if isinstance(base, YamlMap) and isinstance(over, YamlMap):
        return _merge_mappings(base, over)
    if isinstance(base, YamlList) and isinstance(over, YamlList):
        if key == "volumes":
            targets = {_target(item) for item in over.items}
            base = replace(base, items=tuple(item for item in base.items if _target(item) not in targets))
        return YamlList((*base.items, *over.items), over.mark, over.tag, over.origin)
    return over


def _target(volume: YamlNode) -> str | None:
    """The path in the container, by which Compose distinguishes mounts."""
    if isinstance(volume, YamlMap):
        target = volume.get("target")
        return target.text if isinstance(target, Scalar) else None
    parts = volume.text.split(":") if isinstance(volume, Scalar) else []
    return parts[1] if len(parts) > 1 else parts[0] if parts else None


def _merge_mappings(base: YamlMap, over: YamlMap) -> YamlMap:
    entries: list[tuple[Scalar, YamlNode]] = []
    for key, value in base:
        newer = over.get(key.text)
        merged = value if newer is None else merge(value, newer, key.text)
        if merged is not None:
            # The last file that mentions it counts as its declaration.
            entries.append((over.key(key.text) or key, merged))
    for key, value in over:
        if base.key(key.text) is None and (added := merge(None, value, key.text)) is not None:
            entries.append((key, added))
    return YamlMap(tuple(entries), over.mark, over.tag, over.origin)


def alike(node: YamlNode, key: str) -> YamlNode:
    """Read the list syntax of a field as its mapping syntax, so that the two can be merged."""
    if isinstance(node, YamlList) and key in _NAMED_VALUES:
        return YamlMap(tuple(_named_values(node)), node.mark, node.tag, node.origin)
    if isinstance(node, YamlList) and key in _NAMES:
        names = [item for item in node.items if isinstance(item, Scalar)]
        return YamlMap(tuple((item, Scalar("", item.mark)) for item in names), node.mark, node.tag, node.origin)
    if isinstance(node, Scalar) and key in _LISTS:
        return YamlList((node,), node.mark, None, node.origin)
    return node


def _named_values(node: YamlList) -> Iterable[tuple[Scalar, YamlNode]]:
    for item in node.items:
        if isinstance(item, Scalar):
            separator = "=" if "=" in item.text or ":" not in item.text else ":"
            name, has_value, value = item.text.partition(separator)
            text = Scalar(value, item.mark, plain=not has_value, symbolic=item.symbolic)
            yield Scalar(name, item.mark), text


def entries(node: YamlNode | None, key: str = "") -> Iterable[tuple[Scalar, YamlNode]]:
    """Return the entries of a mapping, or of a list read as one; nothing for any other shape."""
    if node is not None:
        node = alike(node, key)
    return tuple(node) if isinstance(node, YamlMap) else ()
