"""Reads the Compose files of an application offline: several files, `extends`, `include`, profiles, tags."""

from collections.abc import Mapping as Environment
from collections.abc import Sequence as Items
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from fastflow.application.documents import REMOTE, Documents, UnreadableError, resolved
from fastflow.application.env_files import anchored, with_environment
from fastflow.application.interpret import interpret, text
from fastflow.application.merge import merge
from fastflow.application.model import Application
from fastflow.diagnostic import Diagnostic, Mark
from fastflow.model.base import Symbolic
from fastflow.spec.document import Document, Scalar, YamlList, YamlMap, YamlNode
from fastflow.spec.dotenv import Values

MAX_NESTING = 20


class FileSource(NamedTuple):
    """A Compose file that the spec names: the path as written, and where it is written."""

    path: str
    mark: Mark


class InlineSource(NamedTuple):
    """A Compose document that stands in the spec."""

    tree: YamlMap

    @property
    def mark(self) -> Mark:
        """Where it stands."""
        return self.tree.mark


Source = FileSource | InlineSource


@dataclass(frozen=True, slots=True)
class ApplicationReading:
    """An application, or None where a file of it cannot be read, and what is wrong."""

    application: Application | None
    diagnostics: tuple[Diagnostic, ...]
    tree: YamlMap | None = field(default=None, repr=False)
    """What the sources come to, merged."""


@dataclass
class ComposeFiles:
    """Reads applications, each Compose file once, however many workflows name it.

    `base` is the spec's directory, `seen_from_here` the same as the user named it, which findings name files by.
    With `values` variables are replaced as Compose does, an unset one by nothing; without, they stay as written.
    The project's name stays a reference in any case: each workflow has another, and so has each run.
    """

    base: Path
    values: Environment[str, str] | None = field(default=None, repr=False)  # with the token among them
    seen_from_here: Path = field(default_factory=Path)
    _applications: dict[tuple[str, ...], ApplicationReading] = field(default_factory=dict)

    @cached_property
    def documents(self) -> Documents:
        """What was read so far."""
        return Documents(self.base, self.values, self.seen_from_here)

    def read(self, sources: Items[Source]) -> ApplicationReading:
        """Read and merge the sources of one workflow."""
        key = tuple(source.path for source in sources if isinstance(source, FileSource))
        only_files = len(key) == len(sources)
        if only_files and key in self._applications:
            known = self._applications[key]
            if known.application is not None:
                return known
        reading = self._read(sources)
        if only_files:
            self._applications[key] = reading
        return reading

    def _read(self, sources: Items[Source]) -> ApplicationReading:
        work = _Merge(self.documents)
        root = work.sources(sources)
        if work.unreadable:
            return ApplicationReading(None, tuple(work.unreadable))
        if root is None:
            return ApplicationReading(Application({}, {}, {}, tuple(work.unread)), ())
        return ApplicationReading(interpret(root, tuple(dict.fromkeys(work.unread)), work.values), (), root)

    @property
    def files(self) -> tuple[Document, ...]:
        """The documents of all files that were read so far, as written: they end up in what findings are made from."""
        return self.documents.as_written


class _Setting(NamedTuple):
    """What a document stands in: the directory of its relative paths, and the values of its variables."""

    directory: Path
    values: Values | None


class _Merge:
    """The merge of one application."""

    def __init__(self, files: Documents) -> None:
        self.files = files
        self.values: Values | None = None
        self.unread: list[str] = []
        self.unreadable: list[Diagnostic] = []

    def sources(self, sources: Items[Source]) -> YamlMap | None:
        root: YamlNode | None = None
        first = next((source for source in sources if isinstance(source, FileSource)), None)
        directory = (self.files.base / first.path).parent if first else self.files.base
        try:
            self.values = self.files.values_of(directory, (first or sources[0]).mark)
        except UnreadableError as error:
            self.unreadable.append(error.diagnostic)
            return None
        for source in sources:
            try:
                for expanded in self._source(source, _Setting(directory, self.values)):
                    root = expanded if root is None else merge(root, expanded)
            except UnreadableError as error:
                self.unreadable.append(error.diagnostic)
        return root if isinstance(root, YamlMap) else None

    def _source(self, source: Source, place: _Setting) -> list[YamlMap]:
        if isinstance(source, InlineSource):
            document = Document("", "", source.tree)
            trees, place = [resolved(document, place.values).root], place._replace(directory=self.files.base)
        elif isinstance(source.path, Symbolic):
            self.unread.append(f"{source.path} holds a variable")
            return []
        else:
            path = self.files.base / source.path
            trees = [one.root for one in self.files.read(path, source.mark, place.values)]
        return [self._expand(tree, place, 0) for tree in trees]

    def _expand(self, tree: YamlMap, place: _Setting, depth: int) -> YamlMap:
        """Apply the `include`s and `extends` of one document."""
        root: YamlNode = self._with_extends(tree, place)
        include = tree.get("include")
        for item in include.items if isinstance(include, YamlList) else ():
            for included in self._included(item, place, depth):
                merged = merge(included, root)
                assert merged is not None
                root = merged
        assert isinstance(root, YamlMap)
        return root

    def _included(self, item: YamlNode, place: _Setting, depth: int) -> list[YamlMap]:
        names = _texts_of(item if isinstance(item, Scalar) else _part(item, "path"))
        found: YamlNode | None = None
        for name in names:
            if self._is_out_of_reach(name, "include"):
                continue
            if depth >= MAX_NESTING:
                self.unread.append(f"include {name}: nested too deeply, or a cycle")
                continue
            path = place.directory / name
            inner = self._inner(item, place, names[0])
            for document in self.files.read(path, item.mark, inner.values):
                tree = self._expand(document.root, inner, depth + 1)
                found = tree if found is None else merge(found, tree)
        return [found] if isinstance(found, YamlMap) else []

    def _inner(self, item: YamlNode, place: _Setting, first: str) -> _Setting:
        """What an included document stands in: its own directory and `.env`, unless `include` says otherwise."""
        project = text(_part(item, "project_directory"))
        directory = place.directory / project if project else (place.directory / first).parent
        env_files = [place.directory / name for name in _texts_of(_part(item, "env_file"))] or [directory / ".env"]
        return _Setting(directory, self.files.values_below(place.values, env_files, item.mark))

    def _is_out_of_reach(self, name: str, what: str) -> bool:
        if name.startswith(REMOTE):
            self.unread.append(f"{what} {name} is remote")
            return True
        if "$" in name or not name:
            self.unread.append(f"{what} {name} holds a variable")
            return True
        return False

    def _with_extends(self, tree: YamlMap, place: _Setting) -> YamlMap:
        services = tree.get("services")
        if not isinstance(services, YamlMap):
            return tree
        changed = tuple((key, self._extended(value, services, place, ())) for key, value in services)
        return tree.with_value("services", YamlMap(changed, services.mark, services.tag))

    def _extended(self, service: YamlNode, siblings: YamlMap, place: _Setting, seen: tuple[str, ...]) -> YamlNode:
        extends = service.get("extends") if isinstance(service, YamlMap) else None
        service = with_environment(anchored(service, place.directory, is_symbolic=place.values is None), place.values)
        if extends is None:
            return service
        name = text(extends) or (text(extends.get("service")) if isinstance(extends, YamlMap) else None) or ""
        file = text(extends.get("file")) if isinstance(extends, YamlMap) else None
        step = f"{file or ''}#{name}"
        if step in seen or len(seen) >= MAX_NESTING:
            self.unread.append(f"extends {name}: a cycle")
            return service
        if file is not None:
            if self._is_out_of_reach(file, "extends"):
                return service
            path = place.directory / file
            siblings = self._services(path, extends.mark, place.values)
            place = place._replace(directory=path.parent)
        base = siblings.get(name)
        if base is None:
            self.unread.append(f"extends {name}: there is no such service")
            return service
        return merge(self._extended(base, siblings, place, (*seen, step)), service) or service

    def _services(self, path: Path, named_at: Mark, values: Values | None) -> YamlMap:
        found: YamlNode | None = None
        for document in self.files.read(path, named_at, values):
            services = document.root.get("services")
            if isinstance(services, YamlMap):
                found = services if found is None else merge(found, services)
        return found if isinstance(found, YamlMap) else YamlMap((), named_at)


def _part(node: YamlNode, key: str) -> YamlNode | None:
    return node.get(key) if isinstance(node, YamlMap) else None


def _texts_of(node: YamlNode | None) -> list[str]:
    """The texts of a list, or of one scalar in its place."""
    parts = node.items if isinstance(node, YamlList) else (node,)
    return [text(part) or "" for part in parts if part is not None]


def file_sources(compose: Items[str | YamlMap], marks: Items[Mark]) -> tuple[Source, ...]:
    """Make sources of a workflow's `compose`, with the places where its items stand."""
    return tuple(
        FileSource(item, mark) if isinstance(item, str) else InlineSource(item)
        for item, mark in zip(compose, marks, strict=True)
    )
