"""Env files, and the values of all variables by the rules of Docker Compose."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from fastflow.errors import system_reason
from fastflow.files import resolved
from fastflow.spec.dotenv import EnvSyntaxError, parse_env
from fastflow.spec.events import MAX_BYTES

_UTF16 = (b"\xff\xfe", b"\xfe\xff")


_BOM = "\ufeff"


class EnvFileError(ValueError):
    """An env file cannot be read: what is wrong, and what to do about it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class EnvFile(NamedTuple):
    """An env file and its text: it may be a pipe, which can be read only once."""

    path: Path
    text: str


def read_env_file(path: Path) -> EnvFile:
    """Read an env file, at most 5 MB. Raises EnvFileError, which names the file and, if known, the line."""
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
        raise EnvFileError(f"the file of variables {path}, line {line}: not UTF-8", hint) from None
    if (at := text.find("\0")) >= 0:
        message = f"the file of variables {path}, line {text.count(chr(10), 0, at) + 1}: it contains a NUL byte"
        raise EnvFileError(message, "remove the NUL byte, which no variable can contain")
    return EnvFile(path, text.removeprefix(_BOM))


class Values(dict[str, str]):
    """The values of all variables, as in Docker Compose: `environment` overrides files, later files override earlier.

    A value in a file may refer to the environment and to the lines above it. Raises EnvFileError.
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
        """The same, with variables that override all others."""
        if any(name in file.text for file in self.files for name in environment):
            return Values({**self.environment, **environment}, self.files)
        # A file that does not mention them keeps its values: it is not parsed again for each cell of a matrix.
        made = Values({**self.environment, **environment})
        made.files = self.files
        for name, value in self.items():
            made.setdefault(name, value)
        return made

    def under(self, files: Iterable[EnvFile]) -> "Values":
        """The same, with files that all others override, and that are not among them."""
        known = {resolved(file.path) for file in self.files}
        return Values(self.environment, (*(file for file in files if resolved(file.path) not in known), *self.files))


def overlaid(values: Mapping[str, str], stronger: Mapping[str, str]) -> Values:
    """Values with variables that override all others, also in references in the files of `values`."""
    return (values if isinstance(values, Values) else Values(values)).over(stronger)
