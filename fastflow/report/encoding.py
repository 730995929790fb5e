"""Replaces characters that a stream cannot encode: no UnicodeEncodeError under LC_ALL=C, no lost columns."""

import codecs
from collections.abc import Mapping
from typing import TextIO

ERRORS = "fastflow"
_LOCALES = ("LC_ALL", "LC_CTYPE", "LANG")  # the first that is set counts
_CHOSEN = ("PYTHONIOENCODING", "PYTHONUTF8")
# The drawing characters and symbols of fastflow's own texts, one for one, so that columns stay aligned.
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
    **dict.fromkeys("\u2013", "-"),  # the en dash
    **dict.fromkeys("\ufffd", "?"),
}


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    import json  # noqa: PLC0415  # most streams can write all characters

    lacking = error.object[error.start : error.end]
    # Another character, or its number as JSON writes it: JSON stays JSON.
    return "".join(_ASCII.get(character) or json.dumps(character)[1:-1] for character in lacking), error.end


codecs.register_error(ERRORS, _replace)


def forgive(stream: TextIO | None) -> None:
    """Let a stream replace characters that its encoding lacks, if it can be configured."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors=ERRORS)


def encoding_for(out: TextIO, environment: Mapping[str, str]) -> str:
    """The encoding that a reader of a stream expects: ASCII if the locale was set to C.

    Python writes UTF-8 in that locale (PEP 540), which suits data; drawings should suit the terminal.
    """
    locale = next((environment[name] for name in _LOCALES if environment.get(name)), "")
    if locale in ("C", "POSIX") and not any(environment.get(name) for name in _CHOSEN):
        return "ascii"
    return getattr(out, "encoding", None) or "ascii"


def fit(text: str, encoding: str) -> str:
    """Return a text as a stream with such an encoding shows it."""
    return text.encode(encoding, ERRORS).decode(encoding)
