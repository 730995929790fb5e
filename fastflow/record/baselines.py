"""The number of baselines in the last passed run of each phase of a spec, from the folders of earlier runs."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from fastflow.record.result import RESULT_FILE

_LAST_RUNS = 20
"""The maximum number of run folders to read, the latest first."""


def baselines_before(earlier: Sequence[Path], spec: str) -> Mapping[str, int]:
    """For each phase, the baselines of the last run of a spec in which it passed, as far as the folder says.

    `earlier` are the folders of runs, the latest first.
    """
    found: dict[str, int] = {}
    for one in earlier[:_LAST_RUNS]:
        try:
            content = json.loads((one / RESULT_FILE).read_text(encoding="utf-8"))
            phases = content["phases"] if content["spec"] == spec else []
            passed = {phase["id"]: phase.get("baselines") for phase in phases if phase["state"] == "passed"}
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue  # it was cut short, or another version wrote it
        for name, baselines in passed.items():
            if isinstance(baselines, int):
                found.setdefault(name, baselines)
    return found
