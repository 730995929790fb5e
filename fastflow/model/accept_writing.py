"""Adds entries to an accept file and keeps its content byte for byte, with comments and order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fastflow.errors import UsageError
from fastflow.model.accept import Accepted, read_accept_file
from fastflow.spec.document import YamlList
from fastflow.spec.reader import read_list
from fastflow.spec.writer import scalar_text


@dataclass(frozen=True, slots=True)
class Addition:
    """An entry to add, and a line about it for the comment above it."""

    entry: Accepted
    about: str = ""


def with_additions(name: str, content: bytes, additions: Sequence[Addition]) -> bytes:
    """Return a file's content with entries added at its end, whether it is a list of lines or in brackets.

    Raises UsageError if it is at fault, or in a form to which nothing can be added.
    """
    before = read_accept_file(name, content)
    if before.diagnostics:
        first = before.diagnostics[0]
        raise UsageError(f"{first.mark}: {first.message}", first.hint)
    wanted = (*before.entries, *(addition.entry for addition in additions))
    text = content.decode("utf-8")
    tree = read_list(name, content).root
    assert tree is not None  # it was read above
    for made in _candidates(text, tree, additions):
        after = read_accept_file(name, made.encode("utf-8"))
        if not after.diagnostics and after.entries == wanted:
            return made.encode("utf-8")
    raise UsageError(
        f"entries cannot be added to {name} in its current form", "write it as a list whose lines begin with -"
    )


def _candidates(text: str, tree: YamlList, additions: Sequence[Addition]) -> Iterator[str]:
    """Texts that may be the wanted one: the first that parses to the wanted entries."""
    ending = "\r\n" if "\r\n" in text else "\n"
    gap = "" if not text or text.endswith(("\n", "\r")) else ending
    indent = " " * (tree.mark.column - 1 if tree.items else 0)
    lines = (f"{indent}{line}{ending}" for addition in additions for line in _lines(addition))
    yield text + gap + "".join(lines)
    rows = text.splitlines(keepends=True)
    at = sum(map(len, rows[: tree.mark.end_line - 1])) + tree.mark.end_column - 2
    between = f",{ending}  "
    flow = between.join(_in_flow(addition.entry) for addition in additions)
    yield f"{text[:at]}{between if tree.items else ''}{flow}{ending}{text[at:]}"
    yield f"{text[:at]}{ending}  {flow}{ending}{text[at:]}"  # after a comma that is there already


def _lines(addition: Addition) -> Iterator[str]:
    if addition.about:
        yield f"# {' '.join(addition.about.split())}"
    for number, (field, value) in enumerate(_fields(addition.entry)):
        yield f"{'  ' if number else '- '}{field}: {scalar_text(value)}"


def _in_flow(entry: Accepted) -> str:
    fields = (f"{field}: {scalar_text(value, in_flow=True)}" for field, value in _fields(entry))
    return f"{{ {', '.join(fields)} }}"


def _fields(entry: Accepted) -> Iterator[tuple[str, str]]:
    yield "fingerprint", entry.fingerprint
    yield "reason", entry.reason
    if entry.expires is not None:
        yield "expires", entry.expires.isoformat()
    if entry.comment is not None:
        yield "comment", entry.comment
