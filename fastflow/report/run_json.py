"""A run as `result.json` has it; one that has not ended as far as it is known (docs: machine formats)."""

import json

from fastflow.record.archive import Archive
from fastflow.record.result import RunResult


def render(archive: Archive) -> str:
    """Give the result; where there is none, its end and its exit code are null."""
    if archive.result is not None:
        return _text(archive.result, {})
    told = RunResult(archive.run, archive.spec, 0, archive.started or "", "", archive.phases)
    return _text(told, {"exit_code": None, "started": archive.started, "ended": None})


def _text(result: RunResult, unknown: dict[str, str | None]) -> str:
    return json.dumps(result.as_json() | unknown, indent=2, ensure_ascii=False) + "\n"
