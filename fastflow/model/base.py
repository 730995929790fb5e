"""The base of the spec's types: a frozen model without unknown fields, and the scalars.

Scalars are texts as written, decimal integers, durations and regular expressions. The first import of pydantic.
"""

import importlib
import re
import sys
import warnings
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Annotated, Any, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


class _NoPlugins(ModuleType):
    """Replaces pydantic's loader of plugins: none should affect a spec, and its imports take 15 ms.

    PYDANTIC_DISABLE_PLUGINS would save the search, but not the imports.
    """

    get_plugins = tuple[Any, ...]

    def __getattr__(self, name: str) -> Any:
        """Hand over to the real one as soon as any other attribute is used."""
        if name.startswith("__"):
            raise AttributeError(name)
        del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


sys.modules.setdefault("pydantic.plugin._loader", _NoPlugins("pydantic.plugin._loader"))


class SpecModel(BaseModel):
    """A mapping of fastflow's own in a spec."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _leave_out_what_is_not_set(cls, data: Any) -> Any:
        """`~`, `null` and nothing mean "not set" in every field (CONTRACT.md, Values)."""
        if not isinstance(data, dict):
            return data
        return {name: value for name, value in data.items() if value is not None or name not in cls.model_fields}


class Reads:
    """Annotates a field with the one function that reads or refuses its value, and with its JSON Schema.

    Whatever it returns is the value. With BeforeValidator, pydantic would also build a schema of the type, and check
    the value again.
    """

    def __init__(self, read: Callable[[Any], Any], schema: Mapping[str, Any]) -> None:
        self.read = read
        self.schema = schema

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return dict(self.schema)


class Opaque:
    """Annotates a class that validators make: pydantic need not know its fields, which would take it 20 ms."""

    def __get_pydantic_core_schema__(self, source: type, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.is_instance_schema(source)


NAME_PATTERN = r"[A-Za-z][A-Za-z0-9_-]{0,39}"
NAME = re.compile(NAME_PATTERN)
NAME_HINT = "begin a name with a letter, then use letters, digits, `_` and `-`, 40 characters at most"
_DIGITS = re.compile(r"-?[0-9]+")
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_BOOLEANS = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false"}
_VARIABLE = r"\$"


class Symbolic(str):
    """A text that still contains variables, because no environment was given to read them from."""

    __slots__ = ()


def wrong(message: str, hint: str = "", rule: str = "invalid-value") -> PydanticCustomError:
    """Make a validation error with fastflow's own text; the hint says how to fix it."""
    return PydanticCustomError("fastflow", "{message}", {"message": message, "hint": hint, "rule": rule})


def describe(value: Any) -> str:
    """Name what was written, for messages."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    return "nothing" if value is None else f"`{value}`"


def _text(value: Any) -> Any:
    if isinstance(value, str):
        return str(value)
    raise wrong(f"expected a string, not {describe(value)}")


def _text_or_none(value: Any) -> Any:
    return None if value == "" else _text(value)


def _boolean(value: Any) -> Any:
    if isinstance(value, Symbolic) or value == "":
        return None
    if value in ("true", "false"):
        return value == "true"
    other = _BOOLEANS.get(str(value).lower(), "true or false")
    raise wrong(f"expected `true` or `false`, not {describe(value)}", f"write {other}")


def parse_duration(text: str) -> int:
    """Read `90`, `90s`, `15m`, `2h` or `1h30m` as seconds; raise ValueError for zero and for anything else."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        seconds = int(text)
    else:
        match = _DURATION.fullmatch(text)
        if match is None or not text or len(text) > 30:
            raise ValueError(text)
        hours, minutes, rest = (int(group or 0) for group in match.groups())
        seconds = hours * 3600 + minutes * 60 + rest
    if seconds == 0:
        raise ValueError(text)
    return seconds


def duration(at_most: int = 10**8) -> Callable[[Any], Any]:
    """Validate a duration of one second to `at_most` seconds."""

    def validate(value: Any) -> Any:
        if isinstance(value, Symbolic) or value == "":
            return None
        try:
            seconds = parse_duration(value)
        except (ValueError, TypeError, AttributeError):
            raise wrong(
                f"expected a duration, not {describe(value)}", "write seconds, or 90s, 15m, 2h, 1h30m"
            ) from None
        if seconds > at_most:
            raise wrong(f"{value} is too long", f"write at most {at_most} seconds")
        return seconds

    return validate


def unless_symbolic(value: Any) -> Any:
    """Treat a word of a fixed set as not set if a variable holds it, until its value is known."""
    return None if isinstance(value, Symbolic) else value


def _regex(value: Any) -> Any:
    if isinstance(value, Symbolic):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about syntax that a later Python may read differently
            re.compile(_text(value))
    except (re.error, OverflowError, RecursionError) as error:
        raise wrong(f"not a regular expression: {error}", "escape special characters with a backslash") from None
    return value


def _name(value: Any) -> Any:
    if isinstance(value, Symbolic) or (isinstance(value, str) and NAME.fullmatch(value)):
        return str(value)
    raise wrong(
        f"{describe(value)} is not a name",
        NAME_HINT,
    )


class WholeNumber:
    """Annotates a field as a whole number in decimal digits, `low` to `high`."""

    def __init__(self, low: int, high: int) -> None:
        self.low = low
        self.high = high

    def validate(self, value: Any) -> int | None:
        """Read a text as written; a variable whose value is not known counts as not set."""
        if value is None or value == "" or isinstance(value, Symbolic):
            return None
        if not isinstance(value, str) or not _DIGITS.fullmatch(value) or len(value) > 19:
            raise wrong(f"expected a whole number, not {describe(value)}", "write decimal digits")
        if not self.low <= int(value) <= self.high:
            raise wrong(f"{value} is out of range", f"write a number from {self.low} to {self.high}")
        return int(value)

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.validate)

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> dict[str, Any]:
        # A variable may stand wherever a number may, so editors must accept a text that holds one.
        return {
            "type": ["integer", "string"],
            "minimum": self.low,
            "maximum": self.high,
            "pattern": f"^[0-9]*$|{_VARIABLE}",
        }


# Editors read `007` or `on` as a number or a truth value; the text as written is what counts.
TEXT_SCHEMA = {"type": ["string", "integer", "number", "boolean"]}
Text: TypeAlias = Annotated[str, Reads(_text, TEXT_SCHEMA)]
OptionalText: TypeAlias = Annotated[str | None, Reads(_text_or_none, TEXT_SCHEMA)]
"""A text that counts as not set if it is empty, as the value of a variable may be."""
Name: TypeAlias = Annotated[
    str,
    Reads(_name, {"type": ["string", "boolean"], "pattern": rf"^{NAME_PATTERN}$|{_VARIABLE}"}),
]
Boolean: TypeAlias = Annotated[
    bool | None,
    Reads(_boolean, {"type": ["boolean", "string"], "pattern": f"^(true|false|)$|{_VARIABLE}"}),
]
DURATION_SCHEMA = {
    "type": ["integer", "string"],
    "minimum": 1,
    "pattern": rf"^[0-9]+$|^(?=.)([0-9]+h)?([0-9]+m)?([0-9]+s)?$|^$|{_VARIABLE}",
    "examples": ["90s", "15m", "1h30m"],
}
Duration: TypeAlias = Annotated[int | None, Reads(duration(), DURATION_SCHEMA)]
Regex: TypeAlias = Annotated[str | None, Reads(_regex, TEXT_SCHEMA)]
