"""The sources under `compose`: files, each read once, and inline documents. One that cannot be read is a finding."""

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Mapping as Environment
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from fastflow.application.model import PROJECT_NAME
from fastflow.diagnostic import Diagnostic, Mark, Related, Severity, closest
from fastflow.errors import system_reason
from fastflow.files import is_file, matching, resolved
from fastflow.spec.document import Document, YamlMap
from fastflow.spec.interpolation import interpolate, replace_known
from fastflow.spec.reader import read_documents, read_limited
from fastflow.spec.values import EnvFile, EnvFileError, Values, overlaid, read_env_file

RULE = "compose-file"
NO_VARIABLES: Environment[str, str] = MappingProxyType({})
REMOTE = ("https://", "http://", "git@", "ssh://", "oci://", "git://", "github.com/")
"""The prefixes of names of files that are not on this machine."""


class FileSource(NamedTuple):
    """A Compose file that the spec names: the path as written, and where it is written."""

    path: str
    mark: Mark


class InlineSource(NamedTuple):
    """A Compose document that is inline in the spec."""

    tree: YamlMap

    @property
    def mark(self) -> Mark:
        """Its place."""
        return self.tree.mark


Source = FileSource | InlineSource


def file_sources(compose: Sequence[str | YamlMap], marks: Sequence[Mark]) -> tuple[Source, ...]:
    """Make sources from a workflow's `compose`, with the places of its items."""
    return tuple(
        FileSource(item, mark) if isinstance(item, str) else InlineSource(item)
        for item, mark in zip(compose, marks, strict=True)
    )


class UnreadableError(Exception):
    """Carries a finding to the reader, which collects it."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


class Documents:
    """The files of applications as named by the spec in `base`; `values` are those of the command, or None.

    `seen_from_here` is `base` as the user named it, for the file names in findings.
    """

    def __init__(
        self,
        base: Path,
        values: Environment[str, str] | None,
        seen_from_here: Path,
        own: Environment[str, str] = NO_VARIABLES,
    ) -> None:
        self.base = base
        self._given = None if values is None else overlaid(values, own)
        self._own = own
        self._seen_from_here = seen_from_here
        self._read: dict[tuple[Path, int], tuple[Document, ...]] = {}
        self._values: dict[tuple[object, ...], Values] = {}
        self._as_written: dict[Path, tuple[Document, ...]] = {}
        self._broken: dict[Path, Diagnostic] = {}

    def with_variables(self, own: Environment[str, str]) -> "Documents":
        """The same files with these values of variables, which override all others; each is read once."""
        if not own:
            return self
        other = Documents(self.base, self._given, self._seen_from_here, own)
        other._as_written, other._broken = self._as_written, self._broken
        return other

    @property
    def env_files(self) -> tuple[EnvFile, ...]:
        """The env files that were read so far."""
        known = [self._given, *self._values.values()]
        return tuple({file.path: file for values in known if values is not None for file in values.files}.values())

    @property
    def as_written(self) -> tuple[Document, ...]:
        """The documents of all files that were read so far, with their variables."""
        return tuple(document for documents in self._as_written.values() for document in documents)

    def read(self, path: Path, named_at: Mark, values: Values | None) -> tuple[Document, ...]:
        """Read one file, with its variables replaced; raise UnreadableError with a finding if that fails."""
        key = (resolved(path), id(values))
        if key not in self._read:
            read = self._as_written.get(key[0]) or self._load(path, named_at)
            self._as_written[key[0]] = read
            self._read[key] = tuple(self.resolved(document, values) for document in read)
        return self._read[key]

    def values_of(self, directory: Path, named_at: Mark) -> Values | None:
        """The values of a project whose first file is in `directory`: all other values override its `.env`."""
        given = self._given
        if given is None:
            return None

        def read() -> Values:
            values = given.under(_env_files((directory / ".env",)))
            values[PROJECT_NAME] = f"${{{PROJECT_NAME}}}"  # differs for each workflow
            return values

        return self._kept((resolved(directory),), read, named_at)

    def values_below(self, outer: Values | None, paths: Sequence[Path], named_at: Mark) -> Values | None:
        """The values of an included project: the outer files override its own."""
        if outer is None:
            return None
        key = (id(outer), *(resolved(path) for path in paths))
        return self._kept(key, lambda: Values(outer, _env_files(paths)), named_at)

    def _kept(self, key: tuple[object, ...], read: Callable[[], Values], named_at: Mark) -> Values:
        """Read values once, because documents are cached by the values that they were read with."""
        if key not in self._values:
            try:
                self._values[key] = read()
            except EnvFileError as error:
                raise UnreadableError(Diagnostic(RULE, Severity.ERROR, str(error), named_at, error.hint)) from None
        return self._values[key]

    def _load(self, path: Path, named_at: Mark) -> tuple[Document, ...]:
        try:
            content = read_limited(path)
        except OSError as error:
            message = f"the Compose file {self.shown(path)} cannot be read: {system_reason(error)}"
            raise UnreadableError(Diagnostic(RULE, Severity.ERROR, message, named_at, instead_of(path))) from None
        reading = read_documents(self.shown(path), content)
        if reading.diagnostics or not reading.documents:
            fault = reading.diagnostics[0] if reading.diagnostics else None
            message = f"the Compose file {self.shown(path)} " + (
                f"is not valid: {fault.message}" if fault else "is empty"
            )
            place = fault.mark if fault else named_at
            related = (Related(named_at, "it is named here"),) if fault else ()
            hint = fault.hint if fault else "write at least `services:` into a Compose file"
            # Even if many workflows name the file, there is one place to fix.
            raise UnreadableError(
                self._broken.setdefault(resolved(path), Diagnostic(RULE, Severity.ERROR, message, place, hint, related))
            )
        return reading.documents

    def resolved(self, document: Document, values: Values | None) -> Document:
        """Replace the variables if values are given, or else those that always have one."""
        if values is None:
            return replace_known(document, self._own) if self._own else document
        return interpolate(document, values, lenient=True).document

    def shown(self, path: Path) -> str:
        """Name a file the way the spec was named: relative to it if it is below its directory."""
        try:
            return str(self._seen_from_here / resolved(path).relative_to(resolved(self.base)))
        except ValueError:
            return str(path)


def _env_files(paths: Iterable[Path]) -> list[EnvFile]:
    """Read those that exist; Compose judges missing ones."""
    return [read_env_file(path) for path in paths if is_file(path)]


def instead_of(path: Path) -> str:
    """Name the file that was most likely meant: users confuse the four names that Compose looks for."""
    beside = [file.name for pattern in ("*.yml", "*.yaml") for file in matching(path.parent, pattern)]
    close = closest(path.name, sorted(name for name in beside if "fastflow" not in name and name != path.name))
    return (
        f"did you mean `{close}`, next to it?"
        if close
        else "check the path, which is relative to the file that names it"
    )
