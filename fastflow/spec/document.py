"""A YAML document as a tree in which every value knows its place and how it was written."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeAlias

from fastflow.diagnostic import Mark

YamlPath: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A scalar as the text that was written.

    `plain` is false for quoted and block scalars, which are never null; `tag` is an explicit YAML tag.
    `origin` is the real place of the text if an alias or a merge key brought it here.
    `symbolic` marks a text that still contains variables, because no environment was given to read them from.
    """

    text: str
    mark: Mark
    plain: bool = True
    tag: str | None = None
    origin: Mark | None = None
    symbolic: bool = False

    @property
    def is_null(self) -> bool:
        """Whether this stands for "not set": nothing, `~` or `null`, unquoted."""
        return self.plain and self.tag is None and self.text in ("", "~", "null", "Null", "NULL")


@dataclass(frozen=True, slots=True)
class YamlList:
    """A YAML sequence."""

    items: tuple["YamlNode", ...]
    mark: Mark
    tag: str | None = None
    origin: Mark | None = None


@dataclass(frozen=True, slots=True)
class YamlMap:
    """A YAML mapping with its merge keys (`<<`) already applied; keys keep the order of the file."""

    entries: tuple[tuple[Scalar, "YamlNode"], ...]
    mark: Mark
    tag: str | None = None
    origin: Mark | None = None
    _index: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_index", {key.text: at for at, (key, _) in enumerate(self.entries)})

    def get(self, key: str) -> "YamlNode | None":
        """Return the value under `key`, or None."""
        at = self._index.get(key)
        return None if at is None else self.entries[at][1]

    def key(self, key: str) -> Scalar | None:
        """Return the key itself, with its position, or None."""
        at = self._index.get(key)
        return None if at is None else self.entries[at][0]

    def with_value(self, key: str, value: "YamlNode") -> "YamlMap":
        """The same mapping with a different value under an existing key."""
        return replace(self, entries=tuple((own, value if own.text == key else old) for own, old in self))

    def __iter__(self) -> Iterator[tuple[Scalar, "YamlNode"]]:
        return iter(self.entries)


YamlNode: TypeAlias = Scalar | YamlList | YamlMap


class Comment(NamedTuple):
    """A YAML comment (without `#`), and whether it is alone on its line."""

    text: str
    mark: Mark
    alone: bool


class Document(NamedTuple):
    """One file, read: its name as the user gave it, its text, the tree, and its comments."""

    file: str
    text: str
    root: YamlMap
    comments: tuple[Comment, ...] = ()

    def locate(self, path: YamlPath) -> YamlNode | None:
        """Return the node at `path`, or None if there is none."""
        node: YamlNode | None = self.root
        for step in path:
            if isinstance(node, YamlMap) and isinstance(step, str):
                node = node.get(step)
            elif isinstance(node, YamlList) and isinstance(step, int) and step < len(node.items):
                node = node.items[step]
            else:
                return None
        return node

    def key(self, path: YamlPath) -> Scalar | None:
        """Return the key that the last step of `path` names, or None."""
        parent = self.locate(path[:-1])
        return parent.key(str(path[-1])) if path and isinstance(parent, YamlMap) else None


def moved(node: YamlNode, mark: Mark) -> YamlNode:
    """Return `node` as seen from `mark`, the place of an alias: its own place becomes its origin."""
    origin = node.origin or node.mark
    if isinstance(node, Scalar):
        return Scalar(node.text, mark, node.plain, node.tag, origin, node.symbolic)
    if isinstance(node, YamlList):
        return YamlList(tuple(moved(item, mark) for item in node.items), mark, node.tag, origin)
    entries = tuple(
        (Scalar(key.text, mark, key.plain, key.tag, key.origin or key.mark, key.symbolic), moved(value, mark))
        for key, value in node
    )
    return YamlMap(entries, mark, node.tag, origin)


def size_of(node: YamlNode) -> int:
    """The number of values in a tree, including itself and keys."""
    if isinstance(node, YamlMap):
        return 1 + sum(1 + size_of(value) for _, value in node)
    return 1 + sum(map(size_of, node.items)) if isinstance(node, YamlList) else 1
