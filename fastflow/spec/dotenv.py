r"""Files of variables (`.env`, and what `--env-file` and `env_file` name), and the values that a command has of them.

Read in the dialect of Docker Compose (compose-go, package dotenv).

No library for Python has it: a backslash in single quotes, `NAME: value`, a name without `=`, an unset variable and
`${V:-d}` mean something else in each. One line must have one value, in the spec and in the Compose file.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import NamedTuple

from fastflow.errors import system_reason
from fastflow.spec.events import MAX_BYTES
from fastflow.spec.template import TemplateError, UnsetVariableError, parse_template, resolve

_BLANK = "\t\v\f\r \x85\xa0"  # a blank that is no line break, as Go has it
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
    """Put the variables of `text` into `found`; what they refer to is looked up, then taken from `found`.

    A name without a value is set where `lookup` knows it. Raises EnvSyntaxError.
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
    """Read `text` without values: each value is a template, and a name without one has None. Raises EnvSyntaxError."""
    return {
        name: escape(written.text) if isinstance(written, _Literal) else written for name, written, _ in _lines(text)
    }


def parse_raw(text: str, lookup: Lookup) -> dict[str, str | None]:
    """Read the format `raw` of an `env_file`: the value is what follows the first `=`, without quotes or variables."""
    found: dict[str, str | None] = {}
    for line in text.splitlines():
        written = line.lstrip(_SPACE)
        if written and not written.startswith("#"):
            name, has_value, value = written.partition("=")
            found[name] = value if has_value else lookup(name)
    return found


def substitute(text: str, lookup: Lookup) -> str:
    """Replace the variables of a text: an unset one by nothing; a `$` that begins none stays. Raises TemplateError."""
    if "$" not in text:
        return text
    try:
        return resolve(parse_template(text, is_loose=True), lookup, lenient=True)
    except UnsetVariableError as unset:
        demand = f": {unset.demand}" if unset.demand else ""
        raise TemplateError(f"the variable {unset.name} is not set{demand}", 0, f"set {unset.name}") from None


def escape(text: str) -> str:
    """Write a text as the template that stands for it."""
    return text.replace("$", "$$")


class _Literal(NamedTuple):
    """A value in single quotes, in which no variable is replaced."""

    text: str


def _lines(text: str) -> Iterator[tuple[str, str | _Literal | None, int]]:
    """Give each name, its value as a template (None where it has none), and its line."""
    at = 0
    while (at := _statement(text, at)) < len(text):
        line = text.count("\n", 0, at) + 1
        name, at, has_value = _name(text, at)
        if " " in name:
            raise EnvSyntaxError("the name of a variable cannot have a blank in it", line)
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
    """Give the name of a statement, the place behind it, and whether a value follows."""
    if _EXPORT.match(text, at):
        at = _skip_blanks(text, at + len("export"))
    for end in range(at, len(text)):
        one = text[end]
        if one in "=:\n":
            return text[at:end].rstrip(_SPACE), _skip_blanks(text, end + 1), one != "\n"
        if not (one in _BLANK or one in _IN_NAMES or one.isalnum()):
            # What else the line holds may be a secret: it is not shown.
            raise EnvSyntaxError(f"the name of a variable cannot have `{one}` in it", text.count("\n", 0, at) + 1)
    return "", at, True  # a name at the very end of the file, without a line break, is none to Compose


def _value(text: str, at: int, line: int) -> tuple[str | _Literal, int]:
    """Give a value and the place behind it."""
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
        return "$$"  # a dollar sign, once variables are replaced
    if escape.startswith("\\0"):
        octal = _OCTAL.fullmatch(escape)
        is_byte = octal is not None and int(octal[1], 8) < 256
        return chr(int(octal[1], 8)) if octal is not None and is_byte else "\\" + escape[2:]
    return _ESCAPED.get(escape[1], escape)


_BOM = "\ufeff"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class EnvFileError(ValueError):
    """A file of variables that cannot be read: what is wrong, and what to do about it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class EnvFile(NamedTuple):
    """A file of variables and its text: it may be a pipe, so that it can be read only once."""

    path: Path
    text: str


def read_env_file(path: Path) -> EnvFile:
    """Read a file of variables, at most 5 MB. Raises EnvFileError, which names the file and, if known, the line."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = system_reason(error)
        raise EnvFileError(f"the file of variables {path} cannot be read: {reason}", "check its path") from None
    if len(content) > MAX_BYTES:
        raise EnvFileError(f"the file of variables {path} has more than {MAX_BYTES:,} bytes", "name a smaller file")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        encoding = "UTF-16" if content.startswith(_UTF16) else "ISO-8859-1"
        hint = f"save it as UTF-8, such as with: iconv -f {encoding} -t UTF-8 {path}"
        raise EnvFileError(f"the file of variables {path}, line {line}: this is not UTF-8", hint) from None
    if (at := text.find("\0")) >= 0:
        message = f"the file of variables {path}, line {text.count(chr(10), 0, at) + 1}: it holds a NUL byte"
        raise EnvFileError(message, "remove the NUL byte, which no variable can have")
    return EnvFile(path, text.removeprefix(_BOM))


class Values(dict[str, str]):
    """The values of all variables, as Docker Compose has them: an `environment` over files, later ones over earlier.

    A value in a file may refer to the environment and to what stands above it. Raises EnvFileError.
    """

    def __init__(self, environment: Mapping[str, str], files: Iterable[EnvFile] = ()) -> None:
        self.environment = environment
        self.files = tuple(files)
        found: dict[str, str] = {}
        for file in self.files:
            try:
                parse_env(file.text, found, environment.get)
            except EnvSyntaxError as error:
                message = f"the file of variables {file.path}, line {error.line}: {error}"
                raise EnvFileError(message, "write NAME=value, as Docker Compose reads it") from None
        super().__init__(found | dict(environment))

    def over(self, environment: Mapping[str, str]) -> "Values":
        """The same, with variables that are stronger than all others."""
        if any(name in file.text for file in self.files for name in environment):
            return Values({**self.environment, **environment}, self.files)
        # A file that does not mention them has the values that it had: it is not read again for each cell of a matrix.
        made = Values({**self.environment, **environment})
        made.files = self.files
        for name, value in self.items():
            made.setdefault(name, value)
        return made

    def under(self, files: Iterable[EnvFile]) -> "Values":
        """The same, with files that are weaker than all others, and are not among them."""
        known = {file.path.resolve() for file in self.files}
        return Values(self.environment, (*(file for file in files if file.path.resolve() not in known), *self.files))


def overlaid(values: Mapping[str, str], stronger: Mapping[str, str]) -> Values:
    """Values with variables that are stronger than all others, also in what the files of `values` refer to."""
    return (values if isinstance(values, Values) else Values(values)).over(stronger)
