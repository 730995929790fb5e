"""YAML events to trees, with an explicit stack, so that no input can exhaust Python's stack or the memory."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import yaml

from fastflow.diagnostic import Diagnostic, Mark, Related, Severity
from fastflow.spec.document import Scalar, YamlList, YamlMap, YamlNode, moved
from fastflow.spec.events import MAX_DEPTH, FaultError, events_of, too_deep

MAX_VALUES = 500_000
_STANDARD_TAG = "tag:yaml.org,2002:"

_PLAIN_KEY = "write a plain key, in quotes if it begins with { or ["


@dataclass
class _Open:
    """A collection while it is being read."""

    start: Mark
    anchor: str | None
    tag: str | None
    flow: bool
    is_mapping: bool
    nodes: list[YamlNode] = field(default_factory=list)
    size: int = 1
    height: int = 1


class _Anchored(NamedTuple):
    """The value of an anchor, its number of values, and its levels of collections."""

    node: YamlNode
    size: int
    height: int


class Builder:
    """Builds the trees of one file; `duplicates` are repeated keys, `opaque` the places where `#` is text."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.duplicates: list[Diagnostic] = []
        self.opaque: list[Mark] = []
        self._anchors: dict[str, _Anchored] = {}
        self._stack: list[_Open] = []
        self._values = 0

    def documents(self, text: str) -> Iterator[YamlMap]:
        """Return the root of each document, which must be a mapping; raise FaultError."""
        for root in self.roots(text):
            yield from self._as_mapping(root)

    def roots(self, text: str) -> Iterator[YamlNode | None]:
        """Return the root of each document, of any type; raise FaultError."""
        # A value takes at least one character, so only a long text can contain too many without an alias.
        if len(text) > MAX_VALUES:
            self._refuse_too_many(text)
        root: YamlNode | None = None
        for event in events_of(self.file, text):
            done = self._take(event)
            if done is not None:
                root = done
            elif isinstance(event, yaml.DocumentStartEvent):
                self._anchors.clear()
                root = None
            elif isinstance(event, yaml.DocumentEndEvent):
                yield root

    def _refuse_too_many(self, text: str) -> None:
        """Count before building, which takes four times as long; excessive depth is reported later."""
        depth = 0
        for event in events_of(self.file, text):
            if isinstance(event, yaml.NodeEvent):
                self._values += 1
                if self._values > MAX_VALUES:
                    self._count(0, self._mark(event))
                depth += isinstance(event, yaml.CollectionStartEvent)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > MAX_DEPTH:
                break
        self._values = 0

    def _as_mapping(self, root: YamlNode | None) -> Iterator[YamlMap]:
        if isinstance(root, YamlMap):
            yield root
        elif root is not None and not (isinstance(root, Scalar) and root.is_null):
            kind = "list" if isinstance(root, YamlList) else "single value"
            raise FaultError(f"the file contains a {kind}, not a mapping", root.mark, "begin with `key: value` lines")

    def _take(self, event: yaml.Event) -> YamlNode | None:
        """Take one event; return the root when it is complete."""
        if isinstance(event, yaml.ScalarEvent):
            return self._add(self._scalar(event), event.anchor)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._open(event)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            return self._close(event)
        return None

    def _mark(self, event: yaml.Event) -> Mark:
        start, end = event.start_mark, event.end_mark
        assert start is not None
        assert end is not None
        return Mark(self.file, start.line + 1, start.column + 1, end.line + 1, end.column + 1)

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        mark = self._mark(event)
        self._count(1, mark)
        if "\0" in event.value:
            raise FaultError(
                "character U+0000 in a string", mark, "remove it: no path, argument or variable can contain it"
            )
        plain = not event.style
        if not plain or mark.line != mark.end_line:
            # For a block scalar, only the lines below: there may be a comment next to its `|`.
            is_block = event.style in ("|", ">")
            self.opaque.append(mark._replace(line=mark.line + 1, column=1) if is_block else mark)
        tag = event.tag
        return Scalar(event.value, mark, plain, None if tag is None else _explicit_tag(tag))

    def _count(self, size: int, mark: Mark) -> None:
        self._values += size
        if self._values > MAX_VALUES:
            raise FaultError(
                f"the file contains more than {MAX_VALUES:,} values, aliases counted as used",
                mark,
                "split the file, or use fewer aliases",
            )

    def _alias(self, event: yaml.AliasEvent) -> YamlNode | None:
        anchored, mark = self._resolve(event), self._mark(event)
        # Before the copy is made, because it takes the memory and, level by level, the stack.
        self._count(anchored.size, mark)
        self._check_depth(len(self._stack) + anchored.height, mark)
        return self._add(moved(anchored.node, mark), None, anchored.size, anchored.height)

    def _resolve(self, event: yaml.AliasEvent) -> _Anchored:
        known = self._anchors.get(event.anchor or "")
        if known is not None:
            return known
        mark = self._mark(event)
        if any(opened.anchor == event.anchor for opened in self._stack):
            raise FaultError(f"the anchor &{event.anchor} contains itself", mark, "move the alias out of its anchor")
        raise FaultError(f"no anchor &{event.anchor} before this alias", mark, "define the anchor earlier in the file")

    def _open(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        mark = self._mark(event)
        self._count(1, mark)
        self._check_depth(len(self._stack) + 1, mark)
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        self._stack.append(_Open(mark, event.anchor, _explicit_tag(event.tag), bool(event.flow_style), is_mapping))

    def _check_depth(self, depth: int, mark: Mark) -> None:
        if depth > MAX_DEPTH:
            raise too_deep(mark)

    def _close(self, event: yaml.MappingEndEvent | yaml.SequenceEndEvent) -> YamlNode | None:
        opened = self._stack.pop()
        mark = opened.start
        if opened.flow:
            end = self._mark(event)
            mark = Mark(mark.file, mark.line, mark.column, end.end_line, end.end_column)
        node: YamlNode
        node = self._mapping(opened, mark) if opened.is_mapping else YamlList(tuple(opened.nodes), mark, opened.tag)
        return self._add(node, opened.anchor, opened.size, opened.height)

    def _add(self, node: YamlNode, anchor: str | None, size: int = 1, height: int = 0) -> YamlNode | None:
        """Add a value, already counted, to its collection; return it if it is the document itself."""
        if anchor is not None:
            self._anchors[anchor] = _Anchored(node, size, height)
        if not self._stack:
            return node
        parent = self._stack[-1]
        parent.nodes.append(node)
        parent.size += size
        parent.height = max(parent.height, height + 1)
        return None

    def _mapping(self, opened: _Open, mark: Mark) -> YamlMap:
        own: dict[str, tuple[Scalar, YamlNode]] = {}
        merged: list[YamlNode] = []
        merge_key: Scalar | None = None
        for key, value in zip(opened.nodes[::2], opened.nodes[1::2], strict=True):
            if not isinstance(key, Scalar):
                raise FaultError("a key must be a string, not a list or mapping", key.mark, _PLAIN_KEY)
            if key.text == "<<" and key.plain:
                if merge_key is not None:
                    self._duplicate(key, merge_key)
                merge_key = key
                merged.append(value)
            elif key.text in own:
                self._duplicate(key, own[key.text][0])
            else:
                own[key.text] = (key, value)
        for value in merged:
            for source in _merge_sources(value):
                for key, inherited in source:
                    own.setdefault(key.text, (key, inherited))
        return YamlMap(tuple(own.values()), mark, opened.tag)

    def _duplicate(self, key: Scalar, first: Scalar) -> None:
        self.duplicates.append(
            Diagnostic(
                "duplicate-key",
                Severity.ERROR,
                f"the key `{key.text}` is twice in this mapping",
                key.mark,
                "merge with one list: `<<: [*a, *b]`" if key.text == "<<" else "keep one of them",
                (Related(first.mark, "first here"),),
            )
        )


def _merge_sources(value: YamlNode) -> Iterator[YamlMap]:
    if isinstance(value, YamlMap):
        yield value
        return
    if isinstance(value, YamlList):
        for item in value.items:
            if not isinstance(item, YamlMap):
                raise FaultError("`<<` merges mappings only", item.mark, "name an anchor of a mapping")
            yield item
        return
    raise FaultError("`<<` merges a mapping or a list of mappings", value.mark, "name an anchor: `<<: *name`")


def _explicit_tag(tag: str | None) -> str | None:
    if tag is None or tag == "!":
        return None
    return "!!" + tag[len(_STANDARD_TAG) :] if tag.startswith(_STANDARD_TAG) else tag
