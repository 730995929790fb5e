"""The scalars of a JSON text with their places, so that one can be replaced and the rest stay as it is written."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

_STRING = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\n\r]*")
_SCALAR = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null")


@dataclass(frozen=True)
class Leaf:
    """A string, number, boolean or null; `span` counts bytes of the text."""

    name: str
    value: str
    span: tuple[int, int]


def json_literal(value: str) -> bytes:
    """Write a value as a JSON string."""
    return json.dumps(value).encode()


def json_leaves(body: bytes) -> list[Leaf]:
    """Find the scalars, named by their path such as `items[0].name`; nothing where the text is no JSON."""
    try:
        text = body.decode("utf-8")
        json.loads(text)
        found = list(_Scanner(text).leaves())
    except (ValueError, RecursionError):
        return []
    offsets = _Offsets(text)
    return [
        Leaf(name, value, (offsets.bytes_before(start), offsets.bytes_before(end))) for name, value, start, end in found
    ]


class _Offsets:
    """From places in the text to places in its bytes, for places that only rise."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._bytes = text, 0, 0

    def bytes_before(self, place: int) -> int:
        self._bytes += len(self._text[self._at : place].encode())
        self._at = place
        return self._bytes


Found = tuple[str, str, int, int]


class _Scanner:
    """Reads a text that is known to be JSON."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0

    def leaves(self, name: str = "") -> Iterator[Found]:
        self._skip()
        start, sign = self._at, self._text[self._at]
        if sign == "{":
            yield from self._members(name, "}")
        elif sign == "[":
            yield from self._members(name, "]")
        elif sign == '"':
            value, self._at = _STRING.raw_decode(self._text, start)
            yield name or "$", value, start, self._at
        else:
            match = _SCALAR.match(self._text, start)
            if match is None:  # NaN and Infinity, which Python reads and JSON does not know
                raise ValueError(f"no JSON at {start}")
            self._at = match.end()
            yield name or "$", "" if match[0] == "null" else match[0], start, self._at

    def _members(self, name: str, end: str) -> Iterator[Found]:
        number = 0
        self._at += 1
        self._skip()
        while self._text[self._at] != end:
            if end == "}":
                key, self._at = _STRING.raw_decode(self._text, self._at)
                self._skip(":")
                yield from self.leaves(f"{name}.{key}" if name else key)
            else:
                yield from self.leaves(f"{name}[{number}]")
            number += 1
            self._skip(",")
        self._at += 1

    def _skip(self, sign: str = "") -> None:
        """Pass space, and one sign with the space after it."""
        self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]  # it matches nothing, too
        if sign and self._text[self._at] == sign:
            self._at += 1
            self._skip()
