"""Trees to YAML text."""

from collections.abc import Callable
from collections.abc import Mapping as Values
from dataclasses import replace
from typing import Any

import yaml

from fastflow.diagnostic import Mark
from fastflow.spec.document import Scalar, YamlList, YamlMap, YamlNode
from fastflow.spec.events import LOADER

_NOWHERE = Mark("", 1, 1, 1, 1)
RESET = Scalar("null", _NOWHERE, plain=True, tag="!reset")
"""Makes Compose remove the value that an earlier document has here."""


def override(value: Any) -> YamlNode:
    """Make a tree that replaces the value of earlier documents instead of merging with it."""
    return replace(as_tree(value), tag="!override")


def as_mapping(value: Values[str, Any]) -> YamlMap:
    """Make a tree from a plain mapping."""
    entries = tuple((Scalar(str(key), _NOWHERE, plain=False), as_tree(entry)) for key, entry in value.items())
    return YamlMap(entries, _NOWHERE)


def as_tree(value: Any) -> YamlNode:
    """Make a tree from plain data; texts are quoted, so that they stay texts."""
    if isinstance(value, (Scalar, YamlList, YamlMap)):
        return value
    if isinstance(value, Values):
        return as_mapping(value)
    if isinstance(value, (list, tuple)):
        return YamlList(tuple(as_tree(item) for item in value), _NOWHERE)
    if isinstance(value, bool):
        return Scalar(str(value).lower(), _NOWHERE)
    return Scalar("" if value is None else str(value), _NOWHERE, plain=value is None or isinstance(value, int))


def merged(tree: YamlMap, over: YamlMap) -> YamlMap:
    """Merge `over` into `tree`: mappings by key, everything else is replaced."""
    entries = []
    for key, value in tree:
        other = over.get(key.text)
        both = isinstance(value, YamlMap) and isinstance(other, YamlMap)
        entries.append((key, merged(value, other) if both else other or value))  # type: ignore[arg-type]  # `both` tells
    entries.extend((key, value) for key, value in over if tree.key(key.text) is None)
    return YamlMap(tuple(entries), tree.mark, tree.tag)


def map_texts(tree: YamlMap, change: Callable[[str], str]) -> YamlMap:
    """Change every scalar's text, not the keys."""
    changed = _mapped(tree, change)
    assert isinstance(changed, YamlMap)
    return changed


def _mapped(node: YamlNode, change: Callable[[str], str]) -> YamlNode:
    if isinstance(node, Scalar):
        return replace(node, text=change(node.text))
    if isinstance(node, YamlList):
        return replace(node, items=tuple(_mapped(item, change) for item in node.items))
    return YamlMap(tuple((key, _mapped(value, change)) for key, value in node), node.mark, node.tag, node.origin)


def dump(tree: YamlMap) -> str:
    """Write a tree as YAML: plain scalars as they were written, everything else quoted."""
    return str(yaml.serialize(_yaml(tree), Dumper=_DUMPER, allow_unicode=True, width=1_000_000))


def scalar_text(text: str, *, in_flow: bool = False) -> str:
    """Write a text on one line: plain if it reads back unchanged (`in_flow`: between brackets), else quoted."""
    is_clear = not Scalar(text, _NOWHERE).is_null and not (in_flow and ":" in text)  # people would read it as a mapping
    lines = (f"[{text}]", f"{{ k: {text} }}") if in_flow else (f"k: {text}",)
    if is_clear and all(_reads_back(text, line) for line in lines):
        return text
    quoted = yaml.ScalarNode("tag:yaml.org,2002:str", text, style='"')
    return str(yaml.serialize(quoted, Dumper=_DUMPER, allow_unicode=True, width=1_000_000)).rstrip("\n")


def _reads_back(text: str, line: str) -> bool:
    try:
        root: Any = yaml.compose(line, Loader=LOADER)
    except yaml.YAMLError:
        return False
    found = root.value[0] if isinstance(root, yaml.SequenceNode) and len(root.value) == 1 else None
    found = root.value[0][1] if isinstance(root, yaml.MappingNode) and len(root.value) == 1 else found
    return isinstance(found, yaml.ScalarNode) and found.value == text and not found.style


_RESOLVER: Any = yaml.resolver.Resolver()
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def _yaml(node: YamlNode) -> yaml.Node:
    tag = _full(node.tag)
    if isinstance(node, YamlMap):
        pairs = [(_yaml(key), _yaml(value)) for key, value in node]
        return yaml.MappingNode(tag or "tag:yaml.org,2002:map", pairs, flow_style=not pairs)
    if isinstance(node, YamlList):
        items = [_yaml(item) for item in node.items]
        return yaml.SequenceNode(tag or "tag:yaml.org,2002:seq", items, flow_style=not items)
    if node.plain:
        return yaml.ScalarNode(tag or _RESOLVER.resolve(yaml.ScalarNode, node.text, (True, False)), node.text)
    return yaml.ScalarNode(tag or "tag:yaml.org,2002:str", node.text, style='"' if _needs_quotes(node.text) else None)


def _needs_quotes(text: str) -> bool:
    return not text or not text.replace("_", "").replace("-", "").isalnum() or not text[0].isalpha()


def _full(tag: str | None) -> str | None:
    return "tag:yaml.org,2002:" + tag[2:] if tag and tag.startswith("!!") else tag
