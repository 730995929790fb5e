"""HTML in which every value is escaped, unless the code itself says that it is markup already."""

from html import escape


class Markup(str):
    """Text that is HTML already, and is not escaped again."""

    __slots__ = ()


def fill(template: str, **values: object) -> Markup:
    """Put values into a template, each escaped for element content and for quoted attributes."""
    return Markup(template.format(**{name: _escaped(value) for name, value in values.items()}))


def join(parts: list[Markup]) -> Markup:
    """Put pieces of markup one after the other, a line each."""
    return Markup("\n".join(parts))


def _escaped(value: object) -> str:
    return value if isinstance(value, Markup) else escape(str(value), quote=True)
