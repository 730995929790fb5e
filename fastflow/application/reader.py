"""Reads the Compose files of an application offline: several files, `extends`, `include`, profiles, tags."""

from collections.abc import Mapping as Environment
from collections.abc import Sequence as Items
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from fastflow.application.documents import (
    NO_VARIABLES,
    REMOTE,
    Documents,
    FileSource,
    InlineSource,
    Source,
    UnreadableError,
)
from fastflow.application.env_files import KEY as ENV_FILE
from fastflow.application.env_files import anchored, with_environment
from fastflow.application.interpret import interpret, text
from fastflow.application.merge import merge
from fastflow.application.model import Application
from fastflow.diagnostic import Diagnostic, Mark
from fastflow.model.base import Symbolic
from fastflow.spec.document import Document, Scalar, YamlList, YamlMap, YamlNode
from fastflow.spec.values import Values

MAX_NESTING = 20


@dataclass(frozen=True, slots=True)
class ApplicationReading:
    """An application, or None if one of its files cannot be read, and the faults."""

    application: Application | None
    diagnostics: tuple[Diagnostic, ...]
    tree: YamlMap | None = field(default=None, repr=False)
    """The merged sources."""
    files: tuple[Document, ...] = field(default=(), repr=False)
    """The files from which it was read."""


@dataclass
class ComposeFiles:
    """Reads applications, each Compose file only once even if many workflows name it.

    `base` is the spec's directory, `seen_from_here` the same as the user named it, for the file names in findings.
    With `values` variables are replaced as Compose does, unset ones by nothing; without, they stay as written.
    The project's name always stays a reference, because it differs for each workflow and run.
    """

    base: Path
    values: Environment[str, str] | None = field(default=None, repr=False)  # which may include the token
    seen_from_here: Path = field(default_factory=Path)
    _applications: dict[tuple[object, ...], ApplicationReading] = field(default_factory=dict)

    @cached_property
    def documents(self) -> Documents:
        """The documents that were read so far."""
        return Documents(self.base, self.values, self.seen_from_here)

    def read(self, sources: Items[Source], own: Environment[str, str] = NO_VARIABLES) -> ApplicationReading:
        """Read and merge the sources of one workflow; `own` are variables of the workflow that override all others.

        Workflows share parsed files as long as those contain none of their own variables.
        """
        paths = tuple(source.path for source in sources if isinstance(source, FileSource))
        if len(paths) != len(sources):
            return self._read(sources, own)
        plain = self._kept(paths, sources, NO_VARIABLES)
        used = {name: value for name, value in own.items() if self._mentions(plain.files, name)}
        return self._kept((*paths, *used.items()), sources, used) if used else plain

    def _kept(self, key: tuple[object, ...], sources: Items[Source], own: Environment[str, str]) -> ApplicationReading:
        """Read readable files once; an unreadable one has a finding wherever it is named."""
        known = self._applications.get(key)
        if known is None or known.application is None:
            known = self._applications[key] = self._read(sources, own)
        return known

    def _mentions(self, files: Items[Document], name: str) -> bool:
        """Whether a variable may matter in these files; an `env_file` may contain any."""
        texts = [*(file.text for file in files), *(file.text for file in self.documents.env_files)]
        return any(name in text or ENV_FILE in text for text in texts)

    def _read(self, sources: Items[Source], own: Environment[str, str]) -> ApplicationReading:
        work = _Merge(self.documents.with_variables(own))
        root = work.sources(sources)
        files = tuple(work.read_files.values())
        if work.unreadable:
            return ApplicationReading(None, tuple(work.unreadable), files=files)
        if root is None:
            return ApplicationReading(Application({}, {}, {}, tuple(work.unread)), (), files=files)
        application = interpret(root, tuple(dict.fromkeys(work.unread)), work.values)
        return ApplicationReading(application, (), root, files)

    @property
    def files(self) -> tuple[Document, ...]:
        """The documents of all files that were read so far, as written, for making findings."""
        return self.documents.as_written


class _Setting(NamedTuple):
    """The context of a document: the directory of its relative paths, and the values of its variables."""

    directory: Path
    values: Values | None


class _Merge:
    """The merge of one application."""

    def __init__(self, files: Documents) -> None:
        self.files = files
        self.values: Values | None = None
        self.unread: list[str] = []
        self.unreadable: list[Diagnostic] = []
        self.read_files: dict[int, Document] = {}

    def _documents(self, path: Path, named_at: Mark, values: Values | None) -> tuple[Document, ...]:
        found = self.files.read(path, named_at, values)
        self.read_files.update((id(document.text), document) for document in found)
        return found

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
            trees, place = [self.files.resolved(document, place.values).root], place._replace(directory=self.files.base)
        elif isinstance(source.path, Symbolic):
            self.unread.append(f"{source.path} contains a variable")
            return []
        else:
            path = self.files.base / source.path
            trees = [one.root for one in self._documents(path, source.mark, place.values)]
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
            for document in self._documents(path, item.mark, inner.values):
                tree = self._expand(document.root, inner, depth + 1)
                found = tree if found is None else merge(found, tree)
        return [found] if isinstance(found, YamlMap) else []

    def _inner(self, item: YamlNode, place: _Setting, first: str) -> _Setting:
        """The context of an included document: its own directory and `.env`, unless `include` says otherwise."""
        project = text(_part(item, "project_directory"))
        directory = place.directory / project if project else (place.directory / first).parent
        env_files = [place.directory / name for name in _texts_of(_part(item, "env_file"))] or [directory / ".env"]
        return _Setting(directory, self.files.values_below(place.values, env_files, item.mark))

    def _is_out_of_reach(self, name: str, what: str) -> bool:
        if name.startswith(REMOTE):
            self.unread.append(f"{what} {name} is remote")
            return True
        if "$" in name or not name:
            self.unread.append(f"{what} {name} contains a variable")
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
            self.unread.append(f"extends {name}: no such service")
            return service
        return merge(self._extended(base, siblings, place, (*seen, step)), service) or service

    def _services(self, path: Path, named_at: Mark, values: Values | None) -> YamlMap:
        found: YamlNode | None = None
        for document in self._documents(path, named_at, values):
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
