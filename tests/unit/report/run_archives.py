"""Archives of runs, made from what the HTML report's tests tell of them, or written as folders."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastflow.record.archive import Archive
from fastflow.record.result import RunResult

from .html.archives import Told


def archive_of(told: Told) -> Archive:
    """The archive of a run that has no folder."""
    archive = Archive(
        Path("nowhere"), told.run, told.spec, told.result, tuple(told.phases), tuple(told.events), told.plan
    )
    vars(archive)["logs"] = told.logs  # where the cached property would put them
    return archive


def write_run(
    directory: Path,
    result: RunResult | None,
    *,
    events: tuple[Mapping[str, Any], ...] = (),
    plan: Mapping[str, Any] | None = None,
    logs: Mapping[str, str] | None = None,
    run: str = "261124090000abcde",
) -> Path:
    """Write a run's folder beside a spec."""
    folder = directory / ".fastflow" / "runs" / run
    (folder / "logs").mkdir(parents=True)
    if result is not None:
        (folder / "result.json").write_text(json.dumps(result.as_json()), encoding="utf-8")
    if plan is not None:
        (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    for name, text in (logs or {}).items():
        (folder / "logs" / f"{name}.log").write_text(text, encoding="utf-8")
    lines = "".join(json.dumps(event) + "\n" for event in events)
    (folder / "events.jsonl").write_text(lines, encoding="utf-8")
    return folder
