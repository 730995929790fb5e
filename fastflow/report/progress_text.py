"""How far something is, in few words: for the live table and for plain lines."""

from collections.abc import Mapping
from typing import Any


def progress_text(facts: Mapping[str, Any]) -> str:
    """Say how far a test run is: baselines done of all, vulnerabilities so far, requests sent, time left."""
    said = []
    if "baselines_done" in facts and "baselines" in facts:
        said.append(f"{facts['baselines_done']} of {count(facts['baselines'], 'baseline')}")
    if "vulnerabilities" in facts:
        said.append(count(facts["vulnerabilities"], "vulnerability", "vulnerabilities"))
    if "requests" in facts:
        said.append(count(facts["requests"], "request"))
    if facts.get("seconds_left"):
        said.append(f"{duration(facts['seconds_left'])} left")
    return ", ".join(said)


def count(number: int, one: str, many: str = "") -> str:
    """Count things: `1 request`, `2 requests`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """Write a duration in at most six characters: `4.2s`, `3m12s`, `1h05m`, and days after 99 hours: `5d03h`."""
    if seconds < 9.95:
        return f"{max(0.0, seconds):.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}m{rest:02}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m" if hours < 100 else f"{hours // 24}d{hours % 24:02}h"
