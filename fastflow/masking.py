"""Keeps the token out of everything that is shown or stored."""

import json
from collections.abc import Iterable
from urllib.parse import quote

MASK = "***"
SHORTEST = 4
"""Shorter values would mask ordinary text; no real token is that short."""
_CUT = 16_384
"""A line of at least this many characters may have been cut in the middle of a secret."""


class Masker:
    """Replaces every secret in a text, also in its JSON and URL encodings; a run may add secrets as it learns them."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known: tuple[str, ...] = ()
        self.add(secrets)

    def add(self, secrets: Iterable[str], shortest: int = SHORTEST) -> None:
        """Replace these too from now on, if they have at least `shortest` characters; safe to call from any thread."""
        forms = {form for secret in secrets if len(secret) >= shortest for form in _forms(secret)}
        self._known = tuple(sorted(forms.union(self._known), key=len, reverse=True))

    def __call__(self, text: str) -> str:
        """Return the text without its secrets."""
        known = self._known
        for secret in known:
            if secret in text:
                text = text.replace(secret, MASK)
        return text if len(text) < _CUT else _without_beginning(text, known)


def holds_secret(text: str, secrets: Iterable[str]) -> bool:
    """Whether a text is a secret, or contains one that is too long to be there by chance."""
    return any(text == secret or (len(secret) >= SHORTEST and secret in text) for secret in secrets)


def _forms(secret: str) -> tuple[str, ...]:
    return secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], quote(secret, safe="")


def _without_beginning(text: str, known: Iterable[str]) -> str:
    """Mask the beginning of a secret at the very end of a text."""
    for secret in known:
        for length in range(len(secret) - 1, SHORTEST - 1, -1):
            if text.endswith(secret[:length]):
                return text[:-length] + MASK
    return text
