"""Keeps the token out of everything that is shown or kept."""

from collections.abc import Callable, Iterable

MASK = "***"
_SHORTEST = 4
"""Shorter values would mask ordinary text; no real token is that short."""


def masker(secrets: Iterable[str]) -> Callable[[str], str]:
    """Give a function that replaces every secret in a line."""
    known = sorted({secret for secret in secrets if len(secret) >= _SHORTEST}, key=len, reverse=True)

    def mask(text: str) -> str:
        for secret in known:
            if secret in text:
                text = text.replace(secret, MASK)
        return text

    return mask
