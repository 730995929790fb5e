"""Logs, packed for a page: a part as text that can be read without a script, and everything in compressed blocks."""

import base64
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fastflow.record.folder import ESCAPES
from fastflow.report.text import pictured, shortened

SMALL = 16_000
"""Maximum number of characters of a log in the page as text; a longer log has only its last lines there."""
_LAST_LINES = 60
_LINES = 1_000
_BLOCK = 256_000
"""A block, one page of the log, ends after this many lines or characters, whichever comes first."""
LONGEST_LINE = 20_000


@dataclass(frozen=True, slots=True)
class Block:
    """Some lines of a log: zlib's format (RFC 1950), in base64. `first` counts from 1."""

    first: int
    lines: int
    data: str


@dataclass(frozen=True, slots=True)
class PackedLog:
    """A log; `number` identifies it in a page. `text` is all of it if `blocks` is empty, else its last lines."""

    number: int
    name: str
    text: str
    lines: int
    bytes: int
    blocks: tuple[Block, ...] = ()

    @property
    def phase(self) -> str:
        """The phase whose node, source or service wrote it."""
        return ".".join(self.name.split(".")[:2])

    @property
    def label(self) -> str:
        """Its name among the logs of its phase: `source log`."""
        return " ".join((*self.name.split(".")[2:], "log")).replace("-", " ")

    @property
    def size(self) -> str:
        """Its size, in words."""
        if self.bytes < 1_000:
            return f"{self.bytes} bytes"
        return f"{self.bytes / 1_000:.1f} kB" if self.bytes < 1_000_000 else f"{self.bytes / 1_000_000:.1f} MB"


def pack(name: str, text: str, number: int = 1) -> PackedLog:
    """Pack a log; control characters are shown, terminal colours dropped, endless lines cut."""
    lines = [shortened(pictured(ESCAPES.sub("", line.rstrip("\r"))), LONGEST_LINE) for line in text.split("\n")]
    if lines and not lines[-1]:
        lines.pop()
    size = len(text.encode("utf-8", "replace"))
    if len(text) <= SMALL:
        return PackedLog(number, name, "\n".join(lines), len(lines), size)
    return PackedLog(number, name, _end_of(lines), len(lines), size, tuple(_blocks(lines)))


def _end_of(lines: Sequence[str]) -> str:
    kept: list[str] = []
    length = 0
    for line in reversed(lines[-_LAST_LINES:]):
        length += len(line) + 1
        if length > SMALL and kept:
            break
        kept.append(line[:SMALL])
    return "\n".join(reversed(kept))


def _blocks(lines: Sequence[str]) -> Iterator[Block]:
    first, kept, length = 0, 0, 0
    for number, line in enumerate(lines):
        if kept == _LINES or (kept and length + len(line) > _BLOCK):
            yield _block(first, lines[first:number])
            first, kept, length = number, 0, 0
        kept += 1
        length += len(line) + 1
    yield _block(first, lines[first:])


def _block(first: int, lines: Sequence[str]) -> Block:
    data = zlib.compress("\n".join(lines).encode("utf-8"), 6)
    return Block(first + 1, len(lines), base64.b64encode(data).decode("ascii"))
