"""Which streams show colours, how wide they are, and how colours are written (ECMA-48). Quick to import."""

import os
from collections.abc import Callable, Mapping
from typing import TextIO, TypeAlias

Paint: TypeAlias = Callable[[str, str], str]
"""Gives a text a style, written in words: `bold red`."""
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}


def has_colours(out: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether a stream shows colours: if it is a terminal, or if FORCE_COLOR says so; never with NO_COLOR."""
    if environment.get("NO_COLOR"):
        return False
    return environment.get("FORCE_COLOR", "0") not in ("", "0") or can_draw(out, environment)


def can_draw(out: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether a stream is a terminal that can move its cursor."""
    try:
        return out.isatty() and environment.get("TERM", "dumb") not in ("", "dumb", "unknown")
    except ValueError:  # closed
        return False


def terminal_size(out: TextIO) -> tuple[int, int] | None:
    """The columns and lines of a terminal, 80 and 24 if unknown; None if the stream is not a terminal."""
    try:
        if not out.isatty():
            return None
        size = os.get_terminal_size(out.fileno())
    except (OSError, ValueError):
        return None
    return size.columns or 80, size.lines or 24


def painted(text: str, style: str) -> str:
    """Write a text in a style."""
    return f"\x1b[{';'.join(_CODES[word] for word in style.split())}m{text}\x1b[0m"


def unpainted(text: str, style: str) -> str:  # noqa: ARG001  # the interface
    """Write a text without any style."""
    return text
