"""The files that a spec includes, and who included them."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from fastflow.diagnostic import Diagnostic, Mark, Related
from fastflow.spec.document import Comment, Document

FIELD = "include"


class Inclusion(NamedTuple):
    """A file that a spec includes, directly or through others.

    `directory` is that of the file, from the spec's; `named_at` is where it is included, `variables` are its `with`.
    """

    directory: str
    path: Path
    named_at: Mark
    variables: Mapping[str, str]
    comments: tuple[Comment, ...] = ()


NO_INCLUSIONS: Mapping[str, Inclusion] = MappingProxyType({})


class Joined(NamedTuple):
    """A document with its included files, by the names that findings use; if `is_broken`, something is missing."""

    document: Document
    inclusions: Mapping[str, Inclusion] = NO_INCLUSIONS
    diagnostics: tuple[Diagnostic, ...] = ()
    is_broken: bool = False


def with_includers(found: Diagnostic, inclusions: Mapping[str, Inclusion]) -> Diagnostic:
    """Add to a finding which file included its file, and which included that."""
    related = list(found.related)
    file = found.mark.file
    while file in inclusions:
        mark = inclusions[file].named_at
        if all(other.mark != mark for other in related):
            related.append(Related(mark, f"{file} is included here"))
        file = mark.file
    return found if len(related) == len(found.related) else found._replace(related=tuple(related))


def place_in_spec(mark: Mark, inclusions: Mapping[str, Inclusion]) -> Mark:
    """The place in the spec itself: for a place in an included file, where that file is included."""
    while mark.file in inclusions:
        mark = inclusions[mark.file].named_at
    return mark
