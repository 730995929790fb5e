"""Folders of runs, written for tests that read them."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from fastflow.record.events import Event, as_json
from fastflow.record.result import RunResult


def write_run(
    directory: Path,
    result: RunResult | None,
    *,
    events: Iterable[Event | Mapping[str, Any]] = (),
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
    told = [event if isinstance(event, Mapping) else as_json(event) for event in events]
    lines = "".join(json.dumps(event) + "\n" for event in told)
    (folder / "events.jsonl").write_text(lines, encoding="utf-8")
    return folder
