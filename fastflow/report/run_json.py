"""A run in the form of `result.json`; one that has not ended as far as it is known (docs: machine formats)."""

import json

from fastflow.record.archive import Archive
from fastflow.record.result import RunResult


def render(archive: Archive) -> str:
    """Return the result; if there is none, its end and its exit code are null."""
    if archive.result is not None:
        content = archive.result.as_json()
    else:
        begun = RunResult(archive.run, archive.spec, 0, "", "", archive.phases)
        content = begun.as_json() | {"exit_code": None, "started": archive.started, "ended": None}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
