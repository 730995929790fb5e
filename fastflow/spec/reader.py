"""Bytes to Document: YAML read event by event, so that no input can exhaust the stack or the memory."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from fastflow.diagnostic import Diagnostic, Mark, Related, Severity
from fastflow.spec.comments import find_comments
from fastflow.spec.document import Document, Mapping, Node, Scalar, Sequence, moved

MAX_BYTES = 5_000_000
MAX_DEPTH = 100
MAX_VALUES = 500_000
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STANDARD_TAG = "tag:yaml.org,2002:"
_UNQUOTED_VARIABLE = re.compile(r"[{\[,:]\s*\$\{?\w|\$\{")


@dataclass(frozen=True)
class Reading:
    """What came of reading one file: its documents, unless a fault made that impossible, and its faults."""

    file: str
    text: str
    documents: tuple[Document, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def document(self) -> Document | None:
        """The one document of the file, or None where it could not be read."""
        return self.documents[0] if self.documents else None


class _FaultError(Exception):
    def __init__(self, message: str, mark: Mark, hint: str | None = None) -> None:
        super().__init__(message)
        self.diagnostic = Diagnostic("yaml-syntax", Severity.ERROR, message, mark, hint)


def read_spec(file: str, content: bytes) -> Reading:
    """Read a spec: exactly one YAML mapping, at most 5 MB, 100 levels and 500,000 values (docs: the spec)."""
    reading = read_documents(file, content)
    if reading.diagnostics and not reading.documents:
        return reading
    start = Mark(file, 1, 1, 1, 1)
    if not reading.documents:
        fault = _FaultError("the file is empty", start, "a spec is a mapping with at least `workflows:`")
        return Reading(file, reading.text, (), (fault.diagnostic,))
    if len(reading.documents) > 1:
        fault = _FaultError(
            "more than one YAML document in the file",
            reading.documents[1].root.mark,
            "keep one document; remove the `---` between them or split the file",
        )
        return Reading(file, reading.text, (), (*reading.diagnostics, fault.diagnostic))
    return reading


def read_documents(file: str, content: bytes) -> Reading:
    """Read every YAML document of a file, each of which must be a mapping; faults are in the result."""
    text = ""
    try:
        text = _decode(file, content)
        builder = _Builder(file)
        roots = list(builder.documents(text))
    except _FaultError as fault:
        return Reading(file, text, (), (fault.diagnostic,))
    comments = find_comments(file, text, builder.opaque)
    documents = tuple(Document(file, text, root, comments) for root in roots)
    return Reading(file, text, documents, tuple(builder.duplicates))


def _decode(file: str, content: bytes) -> str:
    start = Mark(file, 1, 1, 1, 1)
    if len(content) > MAX_BYTES:
        raise _FaultError(
            f"the file has {len(content):,} bytes; at most {MAX_BYTES:,} are read", start, "split the file"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        raise _FaultError(
            f"the file is not UTF-8: {error.reason} (byte {error.start + 1})",
            Mark(file, line, column, line, column + 1),
            "save it as UTF-8",
        ) from None


@dataclass
class _Open:
    """A collection that is being read."""

    start: Mark
    anchor: str | None
    tag: str | None
    flow: bool
    is_mapping: bool
    nodes: list[Node] = field(default_factory=list)
    size: int = 1


class _Builder:
    """Builds trees from parser events with a stack of its own."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.duplicates: list[Diagnostic] = []
        self.opaque: list[Mark] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._stack: list[_Open] = []
        self._values = 0

    def documents(self, text: str) -> Iterator[Mapping]:
        root: Node | None = None
        for event in self._events(text):
            done = self._take(event)
            if done is not None:
                root = done
            if isinstance(event, yaml.DocumentStartEvent):
                self._anchors.clear()
                root = None
            if isinstance(event, yaml.DocumentEndEvent):
                yield from self._as_mapping(root)

    def _as_mapping(self, root: Node | None) -> Iterator[Mapping]:
        if isinstance(root, Mapping):
            yield root
        elif root is not None and not (isinstance(root, Scalar) and root.is_null):
            kind = "list" if isinstance(root, Sequence) else "single value"
            raise _FaultError(f"the file holds a {kind}, not a mapping", root.mark, "begin with `key: value` lines")

    def _events(self, text: str) -> Iterator[yaml.Event]:
        try:
            yield from yaml.parse(text, Loader=_LOADER)
        except yaml.reader.ReaderError as error:
            position = error.position if isinstance(error.position, int) else 0
            raise _FaultError(
                f"character U+{_code_point(error.character):04X} is not allowed in YAML",
                _mark_at(self.file, text, position),
                "remove it, or write it as an escape in a double-quoted text",
            ) from None
        except yaml.MarkedYAMLError as error:
            raise self._syntax_fault(error, text) from None
        except yaml.YAMLError as error:
            raise _FaultError(str(error), Mark(self.file, 1, 1, 1, 1)) from None

    def _syntax_fault(self, error: yaml.MarkedYAMLError, text: str) -> _FaultError:
        at = error.problem_mark or error.context_mark
        line, column = (at.line + 1, at.column + 1) if at else (1, 1)
        message = ", ".join(part for part in (error.context, error.problem) if part) or "not valid YAML"
        lines = text.splitlines()
        written = lines[line - 1] if line <= len(lines) else ""
        hint = None
        if "\t" in written[: max(column, 1)]:
            hint = "YAML does not allow tabs for indentation; use spaces"
        elif _UNQUOTED_VARIABLE.search(written) and any(mark in written for mark in "{["):
            hint = 'inside { } and [ ] put quotes round a variable: "${NAME}"'
        return _FaultError(message, Mark(self.file, line, column, line, column + 1), hint)

    def _take(self, event: yaml.Event) -> Node | None:
        """Take one event; return the root when it is complete."""
        if isinstance(event, yaml.ScalarEvent):
            return self._add(self._scalar(event), event.anchor, 1)
        if isinstance(event, yaml.AliasEvent):
            node, size = self._resolve(event)
            return self._add(moved(node, self._mark(event)), None, size)
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
        plain = event.style is None or event.style == ""
        if not plain or mark.line != mark.end_line:
            self.opaque.append(mark)
        return Scalar(event.value, mark, plain, _explicit_tag(event.tag))

    def _count(self, size: int, mark: Mark) -> None:
        self._values += size
        if self._values > MAX_VALUES:
            raise _FaultError(
                f"the file holds more than {MAX_VALUES:,} values, aliases counted as used",
                mark,
                "split the file, or use fewer aliases",
            )

    def _resolve(self, event: yaml.AliasEvent) -> tuple[Node, int]:
        known = self._anchors.get(event.anchor or "")
        if known is not None:
            return known
        mark = self._mark(event)
        if any(opened.anchor == event.anchor for opened in self._stack):
            raise _FaultError(
                f"the anchor &{event.anchor} contains itself", mark, "an alias cannot stand inside its anchor"
            )
        raise _FaultError(f"no anchor &{event.anchor} before this alias", mark, "define the anchor earlier in the file")

    def _open(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        mark = self._mark(event)
        if len(self._stack) >= MAX_DEPTH:
            raise _FaultError(f"values are nested more than {MAX_DEPTH} levels deep", mark, "flatten the structure")
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        self._stack.append(_Open(mark, event.anchor, _explicit_tag(event.tag), bool(event.flow_style), is_mapping))

    def _close(self, event: yaml.MappingEndEvent | yaml.SequenceEndEvent) -> Node | None:
        opened = self._stack.pop()
        mark = opened.start
        if opened.flow:
            end = self._mark(event)
            mark = Mark(mark.file, mark.line, mark.column, end.end_line, end.end_column)
        node: Node
        node = self._mapping(opened, mark) if opened.is_mapping else Sequence(tuple(opened.nodes), mark, opened.tag)
        return self._add(node, opened.anchor, opened.size, counted=True)

    def _add(self, node: Node, anchor: str | None, size: int, counted: bool = False) -> Node | None:
        self._count(1 if counted else size, node.mark)
        if anchor is not None:
            self._anchors[anchor] = (node, size)
        if not self._stack:
            return node
        self._stack[-1].nodes.append(node)
        self._stack[-1].size += size
        return None

    def _mapping(self, opened: _Open, mark: Mark) -> Mapping:
        own: dict[str, tuple[Scalar, Node]] = {}
        merged: list[Node] = []
        merge_key: Scalar | None = None
        for key, value in zip(opened.nodes[::2], opened.nodes[1::2], strict=True):
            if not isinstance(key, Scalar):
                raise _FaultError("a key must be a text, not a list or mapping", key.mark, "write a plain key")
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
        return Mapping(tuple(own.values()), mark, opened.tag)

    def _duplicate(self, key: Scalar, first: Scalar) -> None:
        self.duplicates.append(
            Diagnostic(
                "duplicate-key",
                Severity.ERROR,
                f"the key `{key.text}` is in this mapping twice",
                key.mark,
                "merge with one list: `<<: [*a, *b]`" if key.text == "<<" else "keep one of them",
                (Related(first.mark, "first here"),),
            )
        )


def _merge_sources(value: Node) -> Iterator[Mapping]:
    if isinstance(value, Mapping):
        yield value
        return
    if isinstance(value, Sequence):
        for item in value.items:
            if not isinstance(item, Mapping):
                raise _FaultError("`<<` merges mappings only", item.mark, "name an anchor of a mapping")
            yield item
        return
    raise _FaultError("`<<` merges a mapping or a list of mappings", value.mark, "name an anchor: `<<: *name`")


def _explicit_tag(tag: str | None) -> str | None:
    if tag is None or tag == "!":
        return None
    return "!!" + tag[len(_STANDARD_TAG) :] if tag.startswith(_STANDARD_TAG) else tag


def _code_point(character: object) -> int:
    if isinstance(character, int):
        return character
    return ord(character[0]) if isinstance(character, str) and character else 0


def _mark_at(file: str, text: str, position: int) -> Mark:
    before = text[:position]
    line = before.count("\n") + 1
    column = position - (before.rfind("\n") + 1) + 1
    return Mark(file, line, column, line, column + 1)
