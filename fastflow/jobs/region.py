"""Marked regions of a CI system's file: fastflow keeps these in sync with the spec, the rest is the user's."""

import hashlib
import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_BEGIN = re.compile(
    r"(?P<indent>[ \t]*)(?P<mark>#|//) >>> fastflow ci(?P<arguments>.*?)"
    r"(?:  # (?P<part>[a-z]+)(?: (?P<digest>[0-9a-f]{12}))?)?[ \t]*"
)
_END = re.compile(r"[ \t]*(#|//) <<< fastflow[ \t]*")


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a file that fastflow writes: at `indent`, between comments that begin with `mark`."""

    part: str
    indent: int
    text: str
    mark: str = "#"


@dataclass(frozen=True, slots=True)
class Found:
    """An existing region of a file: the lines of its marks, counted from 0, and the content of the first mark."""

    part: str
    arguments: str
    begin: int
    end: int
    indent: str
    mark: str
    is_edited: bool


class RegionError(ValueError):
    """A region without an end, or an end without a region; `line` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def whole(pieces: Iterable[str | Region], arguments: str) -> str:
    """A new file, whose texts between the regions become the user's."""
    return "".join(
        piece if isinstance(piece, str) else _written(piece, arguments, " " * piece.indent) for piece in pieces
    )


def regions_in(text: str, default: str) -> tuple[Found, ...]:
    """The regions of a file; one without a name is the `default`. Raises RegionError."""
    lines, found = text.splitlines(), list[Found]()
    begun: tuple[int, re.Match[str]] | None = None
    for at, line in enumerate(lines):
        if match := _BEGIN.fullmatch(line):
            if begun is not None:
                raise RegionError("this starts a region inside another one", at + 1)
            begun = (at, match)
        elif _END.fullmatch(line):
            if begun is None:
                raise RegionError("this ends a region that was not started", at + 1)
            start, opening = begun
            found.append(_found(lines, start, at, opening, default))
            begun = None
    if begun is not None:
        raise RegionError("this starts a region that does not end: add a line `# <<< fastflow`", begun[0] + 1)
    return tuple(found)


def _found(lines: Sequence[str], start: int, end: int, opening: re.Match[str], default: str) -> Found:
    body, digest = lines[start + 1 : end], opening["digest"]
    is_edited = digest_of(body) != digest if digest else any(line.strip() for line in body)
    part, arguments = opening["part"] or default, opening["arguments"].strip()
    return Found(part, arguments, start, end, opening["indent"], opening["mark"], is_edited)


def in_step(text: str, found: Iterable[Found], regions: Iterable[Region], arguments: str) -> str:
    """The text with its regions replaced; line ends are kept."""
    newline = "\r\n" if "\r\n" in text else "\n"
    lines, new = text.splitlines(), {region.part: region for region in regions}
    for old in sorted(found, key=lambda one: one.begin, reverse=True):
        region = new[old.part]
        written = _written(Region(old.part, 0, region.text, old.mark), arguments, old.indent)
        lines[old.begin : old.end + 1] = written.splitlines()
    return newline.join(lines) + newline


def _written(region: Region, arguments: str, indent: str) -> str:
    body = textwrap.indent(region.text, indent).splitlines()
    begin = f"{indent}{region.mark} >>> fastflow ci {arguments}  # {region.part} {digest_of(body)}"
    return "".join(f"{line}\n" for line in (begin, *body, f"{indent}{region.mark} <<< fastflow"))


def digest_of(lines: Iterable[str]) -> str:
    """A digest that shows changes to a region, except of its line ends."""
    return hashlib.sha256("\n".join(line.rstrip() for line in lines).encode()).hexdigest()[:12]
