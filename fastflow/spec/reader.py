"""Files to Documents: reads YAML event by event, so that no input can exhaust the stack or the memory.

Also finds comments for fastflow; `read_plain` reads the output of other programs.
"""

import errno
import re
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fastflow.diagnostic import Diagnostic, Mark
from fastflow.files import exists, is_directory, is_file, resolved
from fastflow.spec.builder import Builder
from fastflow.spec.document import Comment, Document, Scalar, YamlList, YamlMap, YamlNode
from fastflow.spec.events import MAX_BYTES, FaultError, decode


class SpecText(NamedTuple):
    """A spec as found: its name for users, its directory, and its bytes."""

    name: str
    directory: Path
    content: bytes


def read_limited(path: Path) -> bytes:
    """Read at most 5 MB and one byte of a regular file; the extra byte shows the decoder that it is too large.

    Raises OSError, also for a pipe or a device: these may never end, and Docker Compose could not read them again.
    """
    if exists(path) and not (is_file(path) or is_directory(path)):
        raise OSError(errno.EINVAL, "It is not a regular file")
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


# YAML 1.1 breaks lines at these, and so do the line numbers of its parser.
LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_DIRECTIVE = re.compile(r"(?:^|(?<=\s))#(\s*fastflow:.*)$")


def find_comments(file: str, text: str, opaque: Sequence[Mark]) -> tuple[Comment, ...]:
    """Return the comments that begin with `fastflow:`.

    `opaque` are the places of quoted, block and multi-line scalars, in the order of the file: a `#` in them is text.
    """
    if "fastflow:" not in text:
        return ()
    found = []
    starts = [(scalar.line, scalar.column) for scalar in opaque]
    for number, line in enumerate(LINE_BREAK.split(text), start=1):
        match = _DIRECTIVE.search(line)
        if match is None:
            continue
        column = match.start() + 1
        mark = Mark(file, number, column, number, len(line) + 1)
        before = bisect_right(starts, (number, column)) - 1
        if before < 0 or (opaque[before].end_line, opaque[before].end_column) <= (number, column):
            found.append(Comment(match.group(1).strip(), mark, not line[: match.start()].strip()))
    return tuple(found)


__all__ = ["MAX_BYTES", "Reading", "read_documents", "read_list", "read_spec"]


class Reading(NamedTuple):
    """The result of reading one file: its documents, unless a fault made that impossible, and its faults."""

    file: str
    text: str
    documents: tuple[Document, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def document(self) -> Document | None:
        """The only document of the file, or None if it could not be read."""
        return self.documents[0] if self.documents else None


def read_spec(file: str, content: bytes) -> Reading:
    """Read a spec: exactly one YAML mapping, at most 5 MB, 100 levels and 500,000 values (docs: the spec)."""
    reading = read_documents(file, content)
    if reading.diagnostics and not reading.documents:
        return reading
    start = Mark(file, 1, 1, 1, 1)
    if not reading.documents:
        fault = FaultError("the file is empty", start, "a spec is a mapping with at least `workflows:`")
        return Reading(file, reading.text, (), (fault.diagnostic,))
    if len(reading.documents) > 1:
        fault = FaultError(
            "more than one YAML document in the file",
            reading.documents[1].root.mark,
            "keep one document: remove the `---` between them, or split the file",
        )
        return Reading(file, reading.text, (), (*reading.diagnostics, fault.diagnostic))
    return reading


def read_documents(file: str, content: bytes) -> Reading:
    """Read every YAML document of a file, each of which must be a mapping; faults are in the result."""
    text = ""
    try:
        text = decode(file, content)
        builder = Builder(file)
        roots = list(builder.documents(text))
    except FaultError as fault:
        return Reading(file, text, (), (fault.diagnostic,))
    comments = find_comments(file, text, builder.opaque)
    documents = tuple(Document(file, text, root, comments) for root in roots)
    return Reading(file, text, documents, tuple(builder.duplicates))


class ListReading(NamedTuple):
    """The result of reading a file that is one list: the list (None if unreadable), its faults, and its comments."""

    root: YamlList | None
    diagnostics: tuple[Diagnostic, ...]
    comments: tuple[Comment, ...] = ()


def read_list(file: str, content: bytes) -> ListReading:
    """Read a file that is one YAML list, or empty."""
    builder = Builder(file)
    start = Mark(file, 1, 1, 1, 1)
    try:
        text = decode(file, content)
        roots = [root for root in builder.roots(text) if root is not None]
        for root in roots[1:]:
            raise FaultError("more than one YAML document in the file", root.mark, "keep one document")
        root = roots[0] if roots else YamlList((), start)
        if isinstance(root, Scalar) and root.is_null:
            root = YamlList((), start)
        if not isinstance(root, YamlList):
            raise FaultError("the file does not contain a list", root.mark, "begin each entry with `- `")
    except FaultError as fault:
        return ListReading(None, (fault.diagnostic,))
    return ListReading(root, tuple(builder.duplicates), find_comments(file, text, builder.opaque))


_OF_JSON = re.compile(r"true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?")


def read_plain(content: str) -> Any:
    """Read one YAML document as JSON values: an unquoted text may be a number, a boolean or null."""
    reading = read_documents("", content.encode())
    return _plain(reading.document.root) if reading.document else None


def _plain(node: YamlNode) -> Any:
    if isinstance(node, YamlMap):
        return {key.text: _plain(value) for key, value in node}
    if isinstance(node, YamlList):
        return [_plain(item) for item in node.items]
    if node.is_null:
        return None
    if not node.plain or not _OF_JSON.fullmatch(node.text):
        return node.text
    import json  # noqa: PLC0415  # specs hold texts

    return json.loads(node.text)


def root_of(directory: Path) -> Path:
    """The nearest parent directory that is a Git work tree, because viewers name files from there; else this one."""
    here = resolved(directory)
    return next((parent for parent in (here, *here.parents) if exists(parent / ".git")), here)


def relative_path(file: str, root: Path) -> str:
    """The path of a file relative to a root, with slashes; absolute if it is not below it."""
    path = resolved(Path(file))
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
