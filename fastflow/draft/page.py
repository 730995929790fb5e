"""A spec before it is a file: converts entries with remarks to text, and knows the entry of every line."""

import textwrap
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from fastflow.model.schema import MODELINE
from fastflow.spec.document import YamlNode
from fastflow.spec.template import TemplateError, parse_template, written
from fastflow.spec.template import blank_if_unset as template_blanks
from fastflow.spec.writer import as_mapping, dump, map_texts, scalar_text

WIDTH = 110
_STEP = "  "
Path: TypeAlias = tuple[str, ...]
Value: TypeAlias = "str | tuple[str, ...] | Block | YamlNode | None"


@dataclass(frozen=True, slots=True)
class Block:
    """A mapping."""

    entries: tuple["Entry", ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A key with a text, a list of texts on one line, a mapping, a tree as written, or nothing.

    `notes` are comments above it, or alone if there is no key. `instead` replaces a value that is not allowed there.
    """

    key: str
    value: Value
    notes: tuple[str, ...] = ()
    instead: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A spec as text, and the entry of each line; comments belong to none."""

    lines: tuple[tuple[str, Path | None], ...]

    @property
    def text(self) -> str:
        """The whole file."""
        return "".join(f"{line}\n" for line, _ in self.lines)

    def entry_at(self, line: int) -> Path | None:
        """The entry on a line, counted from 1."""
        return self.lines[line - 1][1] if 0 < line <= len(self.lines) else None


def blank_if_unset(block: Block, but_for: Collection[str]) -> Block:
    """Let unset variables be blank, as in Compose, except in the entries `but_for`."""
    return Block(tuple(entry if entry.key in but_for else _with_blanks(entry, but_for) for entry in block.entries))


def _with_blanks(entry: Entry, but_for: Collection[str]) -> Entry:
    value = entry.value
    if isinstance(value, Block):
        return replace(entry, value=blank_if_unset(value, but_for))
    if isinstance(value, tuple):
        return replace(entry, value=tuple(map(_blank, value)))
    if isinstance(value, str):
        return replace(entry, value=_blank(value))
    # Only mappings of trees change.
    return entry if value is None else replace(entry, value=map_texts(as_mapping({"": value}), _blank).get(""))


def _blank(written_text: str) -> str:
    try:
        template = parse_template(written_text)
    except TemplateError:
        return written_text
    blank = template_blanks(template)
    return written_text if blank == template else written(blank)


def write_page(head: Iterable[str], spec: Block, refused: Mapping[Path, str], secrets: frozenset[str]) -> Page:
    """Write a spec, with a comment that names its schema to editors.

    Entries in `refused` become comments with the reason; entries with a secret are not written.
    """
    work = _Writing(refused, secrets)
    lines: list[tuple[str, Path | None]] = [(line, None) for line in (MODELINE, *comment(head))]
    for entry in spec.entries:
        lines += [("", None), *work.entry(entry, ())]
    return Page(tuple(lines))


def comment(notes: Iterable[str]) -> list[str]:
    """Write paragraphs as comments; users' texts may contain characters that YAML does not allow in comments."""
    clean = ("".join(letter if letter.isprintable() else " " for letter in note) for note in notes)
    return [f"# {line}" for note in clean for line in textwrap.wrap(note, WIDTH, break_long_words=False)]


class _Writing:
    def __init__(self, refused: Mapping[Path, str], secrets: frozenset[str]) -> None:
        self.refused = refused
        self.secrets = secrets

    def entry(self, entry: Entry, above: Path) -> Iterator[tuple[str, Path | None]]:
        indent, path = _STEP * len(above), (*above, entry.key)
        notes, value = list(entry.notes), entry.value
        if not entry.key:
            yield from ((f"{indent}{line}", None) for line in comment(notes))
            return
        if not isinstance(value, Block) and self._has_secret(entry):
            yield f"{indent}# not kept: {entry.key}, because it contains the token", None
            return
        if path in self.refused:
            notes.append(f"not kept: {self.refused[path]}")
        yield from ((f"{indent}{line}", None) for line in comment(notes))
        if path in self.refused:
            yield from ((f"{indent}# {line}", None) for line in _value(entry.key, value))
            if entry.instead is None:
                return
            value = entry.instead
        if isinstance(value, Block):
            yield f"{indent}{scalar_text(entry.key)}:", path
            for child in value.entries:
                yield from self.entry(child, path)
        else:
            yield from ((f"{indent}{line}", path) for line in _value(entry.key, value))

    def _has_secret(self, entry: Entry) -> bool:
        written = "\n".join((*entry.notes, *_value(entry.key, entry.value)))
        return any(secret in written for secret in self.secrets)


def _value(key: str, value: Value) -> list[str]:
    name = scalar_text(key)
    if value is None:
        return [f"{name}:"]
    if isinstance(value, str):
        return [f"{name}: {scalar_text(value)}"]
    if isinstance(value, tuple):
        return [f"{name}: [{', '.join(scalar_text(item, in_flow=True) for item in value)}]"]
    if isinstance(value, Block):
        return [f"{name}:", *(f"{_STEP}{line}" for entry in value.entries for line in _value(entry.key, entry.value))]
    return dump(as_mapping({key: value})).rstrip("\n").split("\n")
