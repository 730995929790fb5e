"""`include`: reads the files that a spec includes, and joins all of them into one document.

Only files on this machine: anyone who can change a remote file could change what runs here with the token.
"""

import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from fastflow.application.documents import REMOTE, instead_of
from fastflow.check.facts import HINTS
from fastflow.check.inclusion import FIELD, Inclusion, Joined
from fastflow.diagnostic import Diagnostic, Related, did_you_mean
from fastflow.errors import system_reason
from fastflow.files import resolved
from fastflow.model.joining import joined
from fastflow.model.own_variables import name_fault, token_variables
from fastflow.model.places import Place, own_entries
from fastflow.spec.builder import MAX_VALUES
from fastflow.spec.document import Document, Scalar, YamlList, YamlMap, YamlNode, size_of
from fastflow.spec.events import MAX_BYTES
from fastflow.spec.reader import read_limited, read_spec

MOST_LEVELS = 20
MOST_FILES = 1000
_FIELDS = ("path", "with")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_LOCAL = "copy it into this repository, or add it as a pinned Git submodule"
_ENTRY = "write a path, or { path: FILE, with: { NAME: VALUE } }"


def join(document: Document, directory: Path, size: int) -> Joined:
    """Join a spec of `size` bytes with its included files; relative paths start from its directory."""
    work = _Joining(document, directory, size)
    root = work.file(document, (), "")
    return Joined(document._replace(root=root), work.inclusions, tuple(work.diagnostics), work.is_broken)


class _Entry(NamedTuple):
    path: Scalar
    variables: Mapping[str, str]


@dataclass
class _Joining:
    spec: Document
    base: Path
    bytes: int
    values: int = 0
    inclusions: dict[str, Inclusion] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    is_broken: bool = False
    tried: int = 0

    def file(self, document: Document, chain: tuple[tuple[Path, str], ...], here: str) -> YamlMap:
        """Join one file with its included files; `chain` are the files that led to it, `here` is its directory."""
        include = document.root.get(FIELD)
        bare = replace(document.root, entries=tuple(pair for pair in document.root if pair[0].text != FIELD))
        self.values += size_of(bare)
        under: YamlMap | None = None
        own_path = resolved(self.base / here / Path(document.file).name)
        for entry in self._entries(document.root, include):
            self.tried += 1
            if self.tried > MOST_FILES:
                self._fail(entry.path, f"more than {MOST_FILES:,} files are included", "include fewer files")
                break
            tree = self._included(entry, (*chain, (own_path, document.file)), here)
            if tree is not None:
                under = tree if under is None else joined(tree, under, self.diagnostics)
        return bare if under is None else joined(bare, under, self.diagnostics)

    def _included(self, entry: _Entry, chain: tuple[tuple[Path, str], ...], here: str) -> YamlMap | None:
        written = entry.path.text
        inside = posixpath.normpath(posixpath.join(here, written))
        path = self.base / inside
        name = str(Path(os.path.normpath(Path(self.spec.file).parent / inside)))
        steps = [known for known, _ in chain]
        if resolved(path) in steps:
            names = [file for _, file in chain[steps.index(resolved(path)) :]]
            self._fail(entry.path, f"files include one another: {' → '.join([*names, name])}", "remove one of these")
            return None
        if len(chain) > MOST_LEVELS:
            self._fail(entry.path, f"files are included more than {MOST_LEVELS} levels deep", "include fewer levels")
            return None
        known = self.inclusions.get(name)
        if known is not None:  # a file that two files include is read once
            if known.variables != entry.variables:
                message = f"`{written}` is included twice, with different variables"
                related = (Related(known.named_at, "it is also included here"),)
                self._fail(entry.path, message, "include it once, or copy it", related)
            return None
        document = self._read(entry, path, name)
        if document is None:
            return None
        directory = posixpath.dirname(inside)
        self.inclusions[name] = Inclusion(
            directory or ".", resolved(path), entry.path.mark, entry.variables, document.comments
        )
        return self.file(document, chain, directory)

    def _read(self, entry: _Entry, path: Path, name: str) -> Document | None:
        try:
            content = read_limited(path)
        except (OSError, ValueError) as error:
            reason = system_reason(error) if isinstance(error, OSError) else str(error)
            message = f"the included file {name} cannot be read: {reason}"
            hint = "name each file: globs are not expanded" if "*" in entry.path.text else None
            # If many files are misspelt, not every directory needs a search.
            self._fail(entry.path, message, hint or (instead_of(path) if self.tried <= HINTS else None))
            return None
        self.bytes += len(content)
        if self.bytes > MAX_BYTES:
            message = f"the spec and the files it includes have more than {MAX_BYTES:,} bytes"
            self._fail(entry.path, message, "include fewer or smaller files")
            return None
        reading = read_spec(name, content)
        self.diagnostics += (
            one._replace(related=(*one.related, Related(entry.path.mark, f"{name} is included here")))
            for one in reading.diagnostics
        )
        if reading.document is None:
            self.is_broken = True
            return None
        if self.values + size_of(reading.document.root) > MAX_VALUES:
            message = f"the spec and the files it includes contain more than {MAX_VALUES:,} values"
            self._fail(entry.path, message, "include fewer or smaller files")
            return None
        return reading.document

    def _fail(self, at: YamlNode, message: str, hint: str | None, related: tuple[Related, ...] = ()) -> None:
        found = Place(at.mark, at.origin).error("invalid-value", message, hint)
        self.diagnostics.append(found._replace(related=(*related, *found.related)))
        self.is_broken = True

    def _entries(self, root: YamlMap, include: YamlNode | None) -> Iterator[_Entry]:
        if include is None or (isinstance(include, Scalar) and include.is_null):
            return
        if not isinstance(include, YamlList):
            written = include.text if isinstance(include, Scalar) else "FILE"
            self._fail(include, "`include`: expected a list of files", f"write include: [{written}]")
            return
        for item in include.items:
            path = self._path(item)
            if path is not None:
                yield _Entry(path, self._variables(root, item))

    def _path(self, item: YamlNode) -> Scalar | None:
        """The path of an entry, if it is on this machine."""
        path = item.get("path") if isinstance(item, YamlMap) else item
        for key, _ in own_entries(item) if isinstance(item, YamlMap) else ():
            if key.text not in _FIELDS:
                place = Place(key.mark, key.origin)
                hint = did_you_mean(key.text, _FIELDS)
                self.diagnostics.append(place.error("unknown-field", f"unknown field `{key.text}`", hint))
        if not isinstance(path, Scalar) or path.is_null or not path.text:
            at = item if path is None else path
            self._fail(at, "`include`: expected a file", _ENTRY)
        elif _SCHEME.match(path.text) or path.text.startswith(REMOTE):
            message = f"`include`: {path.text} is not a path, and only local files can be included: "
            message += "whoever can change a remote file could change what runs here with your token"
            self._fail(path, message, "write the path" if path.text.startswith("file:") else _LOCAL)
        elif "$" in path.text:
            message = f"`include`: {path.text} contains a variable, but files are read before variables have values"
            self._fail(path, message, "write the path")
        else:
            return path
        return None

    def _variables(self, root: YamlMap, item: YamlNode) -> Mapping[str, str]:
        tree = item.get("with") if isinstance(item, YamlMap) else None
        if tree is None or (isinstance(tree, Scalar) and tree.is_null):
            return {}
        if not isinstance(tree, YamlMap):
            self._fail(tree, "`with`: expected a mapping of variables to values", "write with: { NAME: VALUE }")
            return {}
        found = {}
        tokens = token_variables(self.spec.root, root)
        for key, value in own_entries(tree):
            fault = name_fault(key.text, tokens)
            if fault is not None:
                self._fail(key, f"`with` cannot set `{key.text}`: {fault[0]}", fault[1])
            elif not isinstance(value, Scalar) or value.is_null:
                self._fail(value, f"`with`: expected a string for `{key.text}`", f"write {key.text}: VALUE")
            elif "$" in value.text:
                message = f"`with`: `{value.text}` contains a variable, but `with` is read before variables have values"
                self._fail(value, message, "write the value, or use the variable in the included file")
            else:
                found[key.text] = value.text
        return found
