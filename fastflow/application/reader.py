"""Reads the Compose files of an application offline: several files, `extends`, `include`, profiles, tags."""

from collections.abc import Mapping as Values
from collections.abc import Sequence as Items
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from fastflow.application.env_files import anchored
from fastflow.application.interpret import interpret
from fastflow.application.merge import merge
from fastflow.application.model import PROJECT_NAME, Application
from fastflow.application.scalars import text
from fastflow.diagnostic import Diagnostic, Mark, Related, Severity
from fastflow.errors import system_reason
from fastflow.model.suggest import closest
from fastflow.spec.document import Document, Mapping, Node, Scalar, Sequence
from fastflow.spec.env_file import read_env_file
from fastflow.spec.files import read_limited
from fastflow.spec.interpolation import interpolate
from fastflow.spec.reader import read_documents

RULE = "compose-file"
MAX_NESTING = 20
_REMOTE = ("https://", "http://", "git@", "ssh://", "oci://", "git://", "github.com/")


class FileSource(NamedTuple):
    """A Compose file that the spec names: the path as written, and where it is written."""

    path: str
    mark: Mark


class InlineSource(NamedTuple):
    """A Compose document that stands in the spec."""

    tree: Mapping


Source = FileSource | InlineSource


@dataclass(frozen=True, slots=True)
class ApplicationReading:
    """An application, or None where a file of it cannot be read, and what is wrong."""

    application: Application | None
    diagnostics: tuple[Diagnostic, ...]
    tree: Mapping | None = field(default=None, repr=False)
    """What the sources come to, merged."""


class _Unreadable(Exception):  # noqa: N818  # carries a finding up to the reader, which collects it
    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


@dataclass
class ComposeFiles:
    """Reads applications, each Compose file once, however many workflows name it.

    `base` is the spec's directory, `seen_from_here` the same as the user named it, which findings name files by.
    With `values` variables are replaced as Compose does, an unset one by nothing; without, they stay as written.
    The project's name stays a reference in any case: each workflow has another, and so has each run.
    """

    base: Path
    values: Values[str, str] | None = field(default=None, repr=False)  # with the token among them
    seen_from_here: Path = field(default_factory=Path)
    _documents: dict[tuple[Path, ...], tuple[Document, ...]] = field(default_factory=dict, repr=False)
    _applications: dict[tuple[str, ...], ApplicationReading] = field(default_factory=dict)
    _as_written: dict[Path, tuple[Document, ...]] = field(default_factory=dict, repr=False)
    _broken: dict[Path, Diagnostic] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.values is not None:
            self.values = {**self.values, PROJECT_NAME: f"${{{PROJECT_NAME}}}"}

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
        work = _Merge(self)
        root = work.sources(sources)
        if work.unreadable:
            return ApplicationReading(None, tuple(work.unreadable))
        if root is None:
            return ApplicationReading(Application({}, {}, {}, tuple(work.unread)), ())
        return ApplicationReading(interpret(root, tuple(dict.fromkeys(work.unread)), self.values), (), root)

    @property
    def files(self) -> tuple[Document, ...]:
        """The documents of all files that were read so far, as written: they end up in what findings are made from."""
        return tuple(document for documents in self._as_written.values() for document in documents)

    def documents(self, path: Path, named_at: Mark, *directories: Path) -> tuple[Document, ...]:
        """Read one file, with the `.env`s of `directories`; raise _Unreadable with a finding where that fails."""
        key = (path.resolve(), *(directory.resolve() for directory in directories))
        if key not in self._documents:
            read = self._as_written.get(key[0]) or self._load(path, named_at)
            self._as_written[key[0]] = read
            self._documents[key] = tuple(self.resolved(document, *directories) for document in read)
        return self._documents[key]

    def _load(self, path: Path, named_at: Mark) -> tuple[Document, ...]:
        try:
            content = read_limited(path)
        except OSError as error:
            message = f"the Compose file {self.shown(path)} cannot be read: {system_reason(error)}"
            raise _Unreadable(Diagnostic(RULE, Severity.ERROR, message, named_at, _instead_of(path))) from None
        reading = read_documents(self.shown(path), content)
        if reading.diagnostics or not reading.documents:
            fault = reading.diagnostics[0] if reading.diagnostics else None
            message = f"the Compose file {self.shown(path)} " + (
                f"is not valid: {fault.message}" if fault else "is empty"
            )
            place = fault.mark if fault else named_at
            related = (Related(named_at, "it is named here"),) if fault else ()
            hint = fault.hint if fault else "a Compose file has at least `services:`"
            # However many workflows name the file, there is one place to mend.
            raise _Unreadable(
                self._broken.setdefault(path.resolve(), Diagnostic(RULE, Severity.ERROR, message, place, hint, related))
            )
        return reading.documents

    def resolved(self, document: Document, *directories: Path) -> Document:
        """Replace the variables where values are given; each directory's `.env` is weaker than the next one's."""
        if self.values is None:
            return document
        weaker: dict[str, str] = {}
        for beside in (directory / ".env" for directory in directories):
            with suppress(OSError, UnicodeDecodeError):  # where it matters, Compose says so
                weaker |= {name: value for name, value in read_env_file(beside).items() if value is not None}
        return interpolate(document, {**weaker, **self.values}, lenient=True).document

    def shown(self, path: Path) -> str:
        """Name a file as the spec was named: beside it where it is below its directory."""
        try:
            return str(self.seen_from_here / path.resolve().relative_to(self.base.resolve()))
        except ValueError:
            return str(path)


class _Merge:
    """The merge of one application."""

    def __init__(self, files: ComposeFiles) -> None:
        self.files = files
        self.directory = files.base
        self.unread: list[str] = []
        self.unreadable: list[Diagnostic] = []

    def sources(self, sources: Items[Source]) -> Mapping | None:
        root: Node | None = None
        first = next((source for source in sources if isinstance(source, FileSource)), None)
        directory = self.directory = (self.files.base / first.path).parent if first else self.files.base
        for source in sources:
            try:
                for expanded in self._source(source, directory):
                    root = expanded if root is None else merge(root, expanded)
            except _Unreadable as error:
                self.unreadable.append(error.diagnostic)
        return root if isinstance(root, Mapping) else None

    def _source(self, source: Source, directory: Path) -> list[Mapping]:
        if isinstance(source, InlineSource):
            document = Document("", "", source.tree)
            trees, base = [self.files.resolved(document, directory).root], self.files.base
        elif self.files.values is None and "$" in source.path:
            self.unread.append(f"{source.path} holds a variable")
            return []
        else:
            path = self.files.base / source.path
            trees, base = [one.root for one in self.files.documents(path, source.mark, directory)], directory
        return [self._expand(tree, base, 0) for tree in trees]

    def _expand(self, tree: Mapping, directory: Path, depth: int) -> Mapping:
        """Apply the `include`s and `extends` of one document."""
        root: Node = self._with_extends(tree, directory)
        include = tree.get("include")
        for item in include.items if isinstance(include, Sequence) else ():
            for included in self._included(item, directory, depth):
                merged = merge(included, root)
                assert merged is not None
                root = merged
        assert isinstance(root, Mapping)
        return root

    def _included(self, item: Node, directory: Path, depth: int) -> list[Mapping]:
        written = item if isinstance(item, Scalar) else item.get("path") if isinstance(item, Mapping) else None
        paths = [part for part in (written.items if isinstance(written, Sequence) else (written,)) if part is not None]
        names = [text(part) or "" for part in paths]
        project = text(item.get("project_directory")) if isinstance(item, Mapping) else None
        found: Node | None = None
        for name in names:
            if self._is_out_of_reach(name, "include"):
                continue
            if depth >= MAX_NESTING:
                self.unread.append(f"include {name}: nested too deeply, or a cycle")
                continue
            path = directory / name
            below = directory / project if project else (directory / names[0]).parent
            for document in self.files.documents(path, item.mark, below, self.directory):
                tree = self._expand(document.root, below, depth + 1)
                found = tree if found is None else merge(found, tree)
        return [found] if isinstance(found, Mapping) else []

    def _is_out_of_reach(self, name: str, what: str) -> bool:
        if name.startswith(_REMOTE):
            self.unread.append(f"{what} {name} is remote")
            return True
        if "$" in name or not name:
            self.unread.append(f"{what} {name} holds a variable")
            return True
        return False

    def _with_extends(self, tree: Mapping, directory: Path) -> Mapping:
        services = tree.get("services")
        if not isinstance(services, Mapping):
            return tree
        changed = tuple((key, self._extended(value, services, directory, ())) for key, value in services)
        replaced = Mapping(changed, services.mark, services.tag)
        parts = tuple((key, replaced if key.text == "services" else value) for key, value in tree)
        return Mapping(parts, tree.mark, tree.tag, tree.origin)

    def _extended(self, service: Node, siblings: Mapping, directory: Path, seen: tuple[str, ...]) -> Node:
        extends = service.get("extends") if isinstance(service, Mapping) else None
        service = anchored(service, directory)
        if extends is None:
            return service
        name = text(extends) or (text(extends.get("service")) if isinstance(extends, Mapping) else None) or ""
        file = text(extends.get("file")) if isinstance(extends, Mapping) else None
        step = f"{file or ''}#{name}"
        if step in seen or len(seen) >= MAX_NESTING:
            self.unread.append(f"extends {name}: a cycle")
            return service
        if file is not None:
            if self._is_out_of_reach(file, "extends"):
                return service
            path = directory / file
            siblings, directory = self._services(path, extends.mark, directory), path.parent
        base = siblings.get(name)
        if base is None:
            self.unread.append(f"extends {name}: there is no such service")
            return service
        return merge(self._extended(base, siblings, directory, (*seen, step)), service) or service

    def _services(self, path: Path, named_at: Mark, directory: Path) -> Mapping:
        found: Node | None = None
        for document in self.files.documents(path, named_at, directory, self.directory):
            services = document.root.get("services")
            if isinstance(services, Mapping):
                found = services if found is None else merge(found, services)
        return found if isinstance(found, Mapping) else Mapping((), named_at)


def _instead_of(path: Path) -> str:
    """Name the file that was most likely meant: people mix up the four names that Compose looks for."""
    beside = [file.name for pattern in ("*.yml", "*.yaml") for file in path.parent.glob(pattern)]
    close = closest(path.name, sorted(name for name in beside if "fastflow" not in name and name != path.name))
    return f"did you mean `{close}`, beside it?" if close else "paths are relative to the file that names them"


def file_sources(compose: Items[str | Mapping], marks: Items[Mark]) -> tuple[Source, ...]:
    """Make sources of a workflow's `compose`, with the places where its items stand."""
    return tuple(
        FileSource(item, mark) if isinstance(item, str) else InlineSource(item)
        for item, mark in zip(compose, marks, strict=True)
    )
