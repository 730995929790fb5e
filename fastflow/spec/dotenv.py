r"""Lines of env files (`.env`, and those that `--env-file` and `env_file` name).

Read in the dialect of Docker Compose (compose-go, package dotenv).

No Python library implements it: a backslash in single quotes, `NAME: value`, a name without `=`, an unset variable
and `${V:-d}` have different meanings in each. A line must have the same value in the spec and in the Compose file.
"""

import re
from collections.abc import Callable, Iterator, MutableMapping
from typing import NamedTuple

from fastflow.spec.template import TemplateError, UnsetVariableError, parse_template, resolve

_BLANK = "\t\v\f\r \x85\xa0"  # a blank that is not a line break, as Go defines it
_SPACE = _BLANK + "\n\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_EXPORT = re.compile(r"export[\t\n\f\r ]+")
_IN_NAMES = "_.-[]"
_ESCAPE = re.compile(r'\\(?:[abcfnrtv$"\\]|0\d{0,3})')
_ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", '"': '"', "\\": "\\"}
_OCTAL = re.compile(r"\\0([0-7]{3})")
Lookup = Callable[[str], str | None]


class EnvSyntaxError(ValueError):
    """A line that Compose does not read; lines count from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def parse_env(text: str, found: MutableMapping[str, str], lookup: Lookup) -> None:
    """Put the variables of `text` into `found`; references come from `lookup`, then from `found`.

    A name without a value is set if `lookup` knows it. Raises EnvSyntaxError.
    """

    def known(name: str) -> str | None:
        value = lookup(name)
        return found.get(name) if value is None else value

    for name, written, line in _lines(text):
        try:
            if isinstance(written, _Literal):
                value: str | None = written.text
            else:
                value = lookup(name) if written is None else substitute(written, known)
        except TemplateError as error:
            raise EnvSyntaxError(str(error), line) from None
        if value is not None:
            found[name] = value


def parse_env_symbols(text: str) -> dict[str, str | None]:
    """Read `text` without values: each value is a template, or None for a name without one. Raises EnvSyntaxError."""
    return {
        name: escape(written.text) if isinstance(written, _Literal) else written for name, written, _ in _lines(text)
    }


def parse_raw(text: str, lookup: Lookup) -> dict[str, str | None]:
    """Read the format `raw` of an `env_file`: the value is the text after the first `=`; no quotes or variables."""
    found: dict[str, str | None] = {}
    for line in text.splitlines():
        written = line.lstrip(_SPACE)
        if written and not written.startswith("#"):
            name, has_value, value = written.partition("=")
            found[name] = value if has_value else lookup(name)
    return found


def substitute(text: str, lookup: Lookup) -> str:
    """Replace the variables of a text, unset ones by nothing; any other `$` is left. Raises TemplateError."""
    if "$" not in text:
        return text
    try:
        return resolve(parse_template(text, is_loose=True), lookup, lenient=True)
    except UnsetVariableError as unset:
        demand = f": {unset.demand}" if unset.demand else ""
        raise TemplateError(f"the variable {unset.name} is not set{demand}", 0, f"set {unset.name}") from None


def escape(text: str) -> str:
    """Write a text as a template with that value."""
    return text.replace("$", "$$")


class _Literal(NamedTuple):
    """A value in single quotes, whose variables are not replaced."""

    text: str


def _lines(text: str) -> Iterator[tuple[str, str | _Literal | None, int]]:
    """Yield each name, its value as a template (None if it has none), and its line."""
    at = 0
    while (at := _statement(text, at)) < len(text):
        line = text.count("\n", 0, at) + 1
        name, at, has_value = _name(text, at)
        if " " in name:
            raise EnvSyntaxError("the name of a variable cannot contain a space", line)
        written = None
        if has_value:
            written, at = _value(text, at, line)
        if name:
            yield name, written, line


def _statement(text: str, at: int) -> int:
    """Skip blanks, line breaks and comments."""
    while at < len(text):
        if text[at] in _SPACE:
            at += 1
        elif text[at] == "#":
            at = _line_end(text, at)
        else:
            break
    return at


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _skip_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANK:
        at += 1
    return at


def _name(text: str, at: int) -> tuple[str, int, bool]:
    """Return the name of a statement, the position after it, and whether a value follows."""
    if _EXPORT.match(text, at):
        at = _skip_blanks(text, at + len("export"))
    for end in range(at, len(text)):
        one = text[end]
        if one in "=:\n":
            return text[at:end].rstrip(_SPACE), _skip_blanks(text, end + 1), one != "\n"
        if not (one in _BLANK or one in _IN_NAMES or one.isalnum()):
            # The rest of the line may be a secret, so it is not shown.
            raise EnvSyntaxError(f"the name of a variable cannot contain `{one}`", text.count("\n", 0, at) + 1)
    return "", at, True  # Compose ignores a name at the very end of the file, without a line break


def _value(text: str, at: int, line: int) -> tuple[str | _Literal, int]:
    """Return a value and the position after it."""
    quote = text[at : at + 1]
    if quote not in ("'", '"'):
        end = _line_end(text, at)
        return text[at:end].partition(" #")[0].rstrip(_SPACE), min(end + 1, len(text))
    end = at + 1
    characters: list[str] = []
    while end < len(text) and text[end] != quote:
        if text[end] == "\\" and end + 1 < len(text):
            characters.append(text[end + 1] if text[end + 1] == quote else text[end : end + 2])
            end += 1
        else:
            characters.append(text[end])
        end += 1
    if end >= len(text):
        raise EnvSyntaxError(f"the quote {quote} is never closed", line)
    value = "".join(characters)
    return _Literal(value) if quote == "'" else _ESCAPE.sub(_unescaped, value), end + 1


def _unescaped(match: re.Match[str]) -> str:
    escape = match.group()
    if escape == "\\$":
        return "$$"  # becomes a dollar sign when variables are replaced
    if escape.startswith("\\0"):
        octal = _OCTAL.fullmatch(escape)
        is_byte = octal is not None and int(octal[1], 8) < 256
        return chr(int(octal[1], 8)) if octal is not None and is_byte else "\\" + escape[2:]
    return _ESCAPED.get(escape[1], escape)
