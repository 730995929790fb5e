"""Waiting for what no event reports."""

import time
from collections.abc import Callable
from pathlib import Path

PATIENCE = 30.0
"""Seconds until a test gives up: generous, for machines under load. No test that passes waits for so long."""
_PAUSE = 0.01


def until(condition: Callable[[], object], what: str = "what the test waits for did not come") -> None:
    """Wait until a condition holds; fail with `what` otherwise."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(_PAUSE)


def has_exited(pid: str | int) -> bool:
    """Whether a process has ended, be it reaped or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
