"""Bytes to Document: YAML read event by event, so that no input can exhaust the stack or the memory."""

from typing import NamedTuple

from fastflow.diagnostic import Diagnostic, Mark
from fastflow.spec.builder import Builder
from fastflow.spec.comments import find_comments
from fastflow.spec.document import Comment, Document, Scalar, YamlList
from fastflow.spec.events import MAX_BYTES, FaultError, decode

__all__ = ["MAX_BYTES", "Reading", "read_documents", "read_list", "read_spec"]


class Reading(NamedTuple):
    """What came of reading one file: its documents, unless a fault made that impossible, and its faults."""

    file: str
    text: str
    documents: tuple[Document, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def document(self) -> Document | None:
        """The one document of the file, or None where it could not be read."""
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
            "keep one document; remove the `---` between them or split the file",
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
    """What came of reading a file that is one list: None where it cannot be read, its faults, and its comments."""

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
            raise FaultError("the file holds no list", root.mark, "begin each entry with `- `")
    except FaultError as fault:
        return ListReading(None, (fault.diagnostic,))
    return ListReading(root, tuple(builder.duplicates), find_comments(file, text, builder.opaque))
