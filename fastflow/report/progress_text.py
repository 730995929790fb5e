"""How far something is, in few words: for the live table and for plain lines."""

from collections.abc import Mapping
from typing import Any

from fastflow.report.counting import count
from fastflow.report.times import short_duration


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
        said.append(f"{short_duration(facts['seconds_left'], digits=0)} left")
    return ", ".join(said)
