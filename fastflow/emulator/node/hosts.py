"""ALLOWED_HOSTS: names, `.suffix`, `*`, `(a|b)`, or an nginx server_name expression (Wallarm's FAST documentation)."""

import re
from collections.abc import Callable

_EXPRESSION = re.compile(r"[\\^$+?{}()\[\]]")


def host_matcher(allowed: str) -> Callable[[str], bool]:
    """Make a test for hosts; nothing, or `*`, allows all. Raises re.error for an expression that is none."""
    text = allowed.strip()
    if text in ("", "*"):
        return lambda _: True
    if text.startswith("~"):
        pattern = re.compile(text[1:].removeprefix("*").strip(), re.IGNORECASE)
        return lambda host: pattern.search(host) is not None
    names = text[1:-1] if text.startswith("(") and text.endswith(")") else text
    if _EXPRESSION.search(names):
        whole = re.compile(text, re.IGNORECASE)
        return lambda host: whole.fullmatch(host) is not None
    tests = [_one(name) for name in re.split(r"[|,;\s]+", names) if name]
    return lambda host: any(test(host.lower()) for test in tests)


def _one(name: str) -> Callable[[str], bool]:
    lower = re.sub(r":\d+$", "", name.lower())
    if lower.startswith("."):
        return lambda host: host == lower[1:] or host.endswith(lower)
    if lower.startswith("*."):
        return lambda host: host.endswith(lower[1:])
    if lower.endswith(".*"):
        return lambda host: host.startswith(lower[:-1])
    return lambda host: lower in ("*", host)
