"""Fields that FAST wants joined: a list here, one text in the environment variable."""

import re
from collections.abc import Callable
from typing import Annotated, Any, TypeAlias

from pydantic import WithJsonSchema
from pydantic_core import PydanticCustomError

from fastflow.model.scalars import TEXT_SCHEMA, Symbolic, describe, wrong

Joined: TypeAlias = Annotated[
    str | None,
    WithJsonSchema(
        {
            "type": [*TEXT_SCHEMA["type"], "array"],
            "items": TEXT_SCHEMA,
            "minItems": 1,
        }
    ),
]


# What only a regular expression holds: FAST takes those of nginx's server_name as they are.
_OF_EXPRESSIONS = re.compile(r"^~|[\\^$\[\]{}+?]")
_NO_HOST = re.compile(r"(?:(?:[A-Za-z][A-Za-z0-9+.-]*:)?//)?(?P<host>[^\s,;/:]+)(?::\d*)?(?:/.*)?")
_IPV6 = re.compile(r"[0-9A-Fa-f]*(?::[0-9A-Fa-f]*){2,}")


def joined(separator: str, *, hosts: bool = False, ports: bool = False) -> Callable[[Any], Any]:
    """Make a validator that passes a text as written and joins a list as FAST wants it.

    `hosts` puts several items into `(a|b)`, and refuses what is never a host; `ports` asks for port numbers.
    """

    def validate(value: Any) -> Any:
        if value == "":
            return None
        if isinstance(value, str):
            fault = _host_fault(value) if hosts else None
            if fault:
                raise wrong(*fault)
            return value
        if not isinstance(value, (list, tuple)) or not value:
            raise wrong(f"expected a text or a list, not {describe(value) if value != [] else 'an empty list'}")
        for item in value:
            _check(item, separator, ports)
        faults = [((at,), *fault) for at, item in enumerate(value) if hosts and (fault := _host_fault(item))]
        if faults:
            raise PydanticCustomError("fastflow_keys", "items that are no hosts", {"faults": faults})
        text = separator.join(value)
        joined_text = f"({text})" if hosts and len(value) > 1 else text
        return Symbolic(joined_text) if any(isinstance(item, Symbolic) for item in value) else joined_text

    return validate


def _check(item: Any, separator: str, ports: bool) -> None:
    if not isinstance(item, str) or not item:
        raise wrong(f"expected a list of texts, not of {describe(item)}")
    if isinstance(item, Symbolic):
        return
    if ports and not (item.isascii() and item.isdigit() and 0 < int(item) < 65536):
        raise wrong(f"`{item}` is not a port number")
    if separator in item and not ports and not item.startswith(("~", "(")):
        raise wrong(f"`{item}` holds `{separator}`, which joins the list", "make it several items of the list")


def _host_fault(text: str) -> tuple[str, str] | None:
    """Say why nothing is ever recorded under what stands in `text`, and what to write (FAST: hosts, no URLs)."""
    if isinstance(text, Symbolic) or _OF_EXPRESSIONS.search(text):
        return None
    for name in re.split(r"[()|]", text):
        if not re.search(r"[\s,;/:]", name) or _IPV6.fullmatch(name):
            continue
        match = _NO_HOST.fullmatch(name)
        message = f"`{name}` is not a host: FAST records hosts, which have no scheme, port, path or blanks"
        words = [word for word in re.split(r"[\s,;]+", name) if word]
        alone = match["host"] if match else words[0] if len(words) == 1 else None
        return message, f"write {alone}" if alone else f"write a list: [{', '.join(words)}]"
    return None
