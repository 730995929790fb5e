"""Did you mean ...?"""

import re
from collections.abc import Iterable

_FEW = 12


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the shortest known word that has `word` for a part, as `test_run_uri` has `uri`, or else the closest."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    longer = [candidate for lower, candidate in by_lower.items() if word.lower() in re.split(r"[_.-]", lower)]
    if longer and word:
        return min(longer, key=len)
    from difflib import get_close_matches  # noqa: PLC0415  # only needed for a typing error

    close = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Return a hint that names the known word that was most likely meant, or all of them where there are few."""
    words = list(known)
    close = closest(word, words)
    if close is not None:
        return f"did you mean `{close}`?"
    if 0 < len(words) <= _FEW:
        return "known here: " + ", ".join(sorted(words))
    return None
