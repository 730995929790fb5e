"""Bytes to YAML events; every fault is a finding."""

from codecs import BOM_UTF8
from collections.abc import Iterator

import yaml

from fastflow.diagnostic import Diagnostic, Mark, Related, Severity

MAX_BYTES = 5_000_000
MAX_DEPTH = 100
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class FaultError(Exception):
    """A file that cannot be read, with the finding that says why."""

    def __init__(self, message: str, mark: Mark, hint: str | None = None, related: tuple[Related, ...] = ()) -> None:
        super().__init__(message)
        self.diagnostic = Diagnostic("yaml-syntax", Severity.ERROR, message, mark, hint, related)


def too_deep(mark: Mark) -> FaultError:
    """Return the fault of a value inside more than MAX_DEPTH collections."""
    return FaultError(f"values are nested more than {MAX_DEPTH} levels deep", mark, "flatten the structure")


def decode(file: str, content: bytes) -> str:
    """Return the text of a file; raise FaultError if it is too large or not UTF-8."""
    start = Mark(file, 1, 1, 1, 1)
    if len(content) > MAX_BYTES:
        raise FaultError(f"the file has more than {MAX_BYTES:,} bytes", start, "split the file")
    body = content.removeprefix(BOM_UTF8)
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        before = body[body.rfind(b"\n", 0, error.start) + 1 : error.start]
        column = len(before.decode()) + 1
        raise FaultError(
            f"the file is not UTF-8: {error.reason} (byte {len(content) - len(body) + error.start + 1})",
            Mark(file, line, column, line, column + 1),
            "save it as UTF-8",
        ) from None


def events_of(file: str, text: str) -> Iterator[yaml.Event]:
    """Parse a text; raise FaultError if YAML refuses it."""
    try:
        yield from yaml.parse(text, Loader=LOADER)
    except yaml.reader.ReaderError as error:
        position = _characters(text, error.position) if isinstance(error.position, int) else 0
        raise FaultError(
            f"character U+{_code_point(error.character):04X} is not allowed in YAML",
            _mark_at(file, text, position),
            "remove it, or write it as an escape in a double-quoted string",
        ) from None
    except yaml.MarkedYAMLError as error:
        raise _syntax_fault(file, error, text) from None
    except yaml.YAMLError as error:
        raise FaultError(str(error), Mark(file, 1, 1, 1, 1)) from None


def _syntax_fault(file: str, error: yaml.MarkedYAMLError, text: str) -> FaultError:
    # libyaml looks ahead, and from 0.2.6 on refuses 1,000 levels before it returns the event of the first one.
    if "maximum nesting depth" in (error.problem or "") and error.problem_mark is not None:
        return too_deep(_one_character(file, error.problem_mark.line + 1, error.problem_mark.column + 1))
    from fastflow.spec.syntax import explain_syntax  # noqa: PLC0415  # hardly any file has a fault of syntax

    fault = explain_syntax(error, text)
    related: tuple[Related, ...] = ()
    if fault.begins is not None:
        related = (Related(_one_character(file, *fault.begins), fault.begins_message),)
    return FaultError(fault.message, _one_character(file, fault.line, fault.column), fault.hint, related)


def _one_character(file: str, line: int, column: int) -> Mark:
    return Mark(file, line, column, line, column + 1)


def _code_point(character: object) -> int:
    if isinstance(character, int):
        return character
    return ord(character[0]) if isinstance(character, str) and character else 0


def _characters(text: str, offset: int) -> int:
    """Convert libyaml's offset in UTF-8 bytes to characters, which PyYAML's own parser counts."""
    if LOADER is yaml.SafeLoader:
        return offset
    return len(text.encode()[:offset].decode(errors="ignore"))


def _mark_at(file: str, text: str, position: int) -> Mark:
    before = text[:position]
    line = before.count("\n") + 1
    column = position - (before.rfind("\n") + 1) + 1
    return Mark(file, line, column, line, column + 1)
