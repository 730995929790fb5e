"""What a stream cannot encode, written with what it can: no UnicodeEncodeError under LC_ALL=C, no lost columns."""

import codecs
from typing import TextIO

ERRORS = "fastflow"
# The drawing characters and symbols of fastflow's own texts, one character for one: columns stay columns.
_ASCII = {
    **dict.fromkeys("✓", "+"),
    **dict.fromkeys("✗", "x"),
    **dict.fromkeys("·•", "."),
    **dict.fromkeys("→▶▸", ">"),
    **dict.fromkeys("←", "<"),
    **dict.fromkeys("…", "~"),
    **dict.fromkeys("─━", "-"),
    **dict.fromkeys("│┃┆", "|"),
    **dict.fromkeys("╌", "."),
    **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯", "+"),
    **dict.fromkeys("●", "o"),
    **dict.fromkeys("▲", "^"),
    **dict.fromkeys("■", "#"),
    **dict.fromkeys("\u2013", "-"),  # the en dash
    **dict.fromkeys("\ufffd", "?"),
}


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_instead(character) for character in error.object[error.start : error.end]), error.end


def _instead(character: str) -> str:
    return _ASCII.get(character) or character.encode("ascii", "backslashreplace").decode("ascii")


codecs.register_error(ERRORS, _replace)


def forgive(stream: TextIO | None) -> None:
    """Let a stream write what its encoding lacks with other characters, where it is one that can be told so."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors=ERRORS)


def fit(text: str, encoding: str) -> str:
    """Give a text as a stream of such an encoding will show it."""
    return text.encode(encoding, ERRORS).decode(encoding)
