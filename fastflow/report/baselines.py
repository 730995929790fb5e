"""How the test sets of a testing phase's baselines ended, from the node's log (Wallarm's FAST documentation)."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from fastflow.record.result import PhaseResult

Ending = Literal["running", "passed", "found", "error"]

# In the node's words; the error is any line of one that names the baseline.
_LINES: tuple[tuple[re.Pattern[str], Ending], ...] = (
    (re.compile(r"Running a test set for the baseline #(\S+)"), "running"),
    (re.compile(r"Found \d+ vulnerabilit\w+, marking the test set for baseline #(\S+) as failed"), "found"),
    (re.compile(r"No issues found\. Test set for baseline #(\S+) passed"), "passed"),
    (re.compile(r"^\s*(?:\[error\]|ERROR\b).*[Tt]est set for(?: the)? baseline #(\S+)"), "error"),
)


def baselines_of(phase: PhaseResult, logs: Mapping[str, str]) -> dict[str, Ending]:
    """Give each baseline of the phase's last attempt and how its test set ended, in the order of the log."""
    if phase.mode != "testing":
        return {}
    name = Path(phase.log.replace("\\", "/")).stem if phase.log else phase.id
    found: dict[str, Ending] = {}
    for line in logs.get(name, "").splitlines():
        for pattern, ending in _LINES:
            if (match := pattern.search(line)) is not None:
                found[match[1].rstrip(".:")] = ending
                break
    return found
