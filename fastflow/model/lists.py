"""Fields that FAST wants joined: a list here, one text in the environment variable."""

from collections.abc import Callable
from typing import Annotated, Any, TypeAlias

from pydantic import WithJsonSchema

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


def joined(separator: str, *, group: bool = False, ports: bool = False) -> Callable[[Any], Any]:
    """Make a validator that passes a text as written and joins a list as FAST wants it.

    `group` puts several items into `(a|b)`; `ports` asks for port numbers.
    """

    def validate(value: Any) -> Any:
        if isinstance(value, str):
            return value
        if not isinstance(value, (list, tuple)) or not value:
            raise wrong(f"expected a text or a list, not {describe(value) if value != [] else 'an empty list'}")
        for item in value:
            _check(item, separator, ports)
        text = separator.join(value)
        joined_text = f"({text})" if group and len(value) > 1 else text
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
