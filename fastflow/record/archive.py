"""A run as its folder tells it, whether it has ended, was cut short, or is still going on."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from fastflow.errors import UsageError
from fastflow.record.result import END_STATES, PhaseResult, RunResult

PLAN_FILE = "plan.json"
_RESULT, _EVENTS = "result.json", "events.jsonl"
_TOLD = (
    "mode",
    "state",
    "reason",
    "hint",
    "evidence",
    "exit_code",
    "attempts",
    "test_record",
    "test_run",
    "vulnerabilities",
)


@dataclass(frozen=True)
class Archive:
    """One run. `result` is None where it has not ended by itself; `phases` are known all the same.

    `plan` is the content of plan.json, where the folder has one; `events` are the whole lines of events.jsonl.
    """

    folder: Path
    run: str
    spec: str
    result: RunResult | None
    phases: tuple[PhaseResult, ...]
    events: tuple[Mapping[str, Any], ...] = ()
    plan: Mapping[str, Any] | None = None

    @cached_property
    def logs(self) -> Mapping[str, str]:
        """The logs of nodes, sources and services by their name, such as `web.record.source`, in the spec's order."""
        order = {phase.id: at for at, phase in enumerate(self.phases)}
        paths = sorted(
            self.folder.glob("logs/*.log"),
            key=lambda path: (order.get(".".join(path.stem.split(".")[:2]), len(order)), path.stem),
        )
        return {path.stem: text for path in paths if (text := _text(path)) is not None}

    @property
    def resolved(self) -> str | None:
        """The spec as it was resolved, without the token."""
        text = (self.plan or {}).get("resolved")
        return text if isinstance(text, str) else None

    @property
    def started(self) -> str | None:
        """When the run began."""
        return self.result.started if self.result else next((str(event["time"]) for event in self.events), None)

    @property
    def refusal(self) -> str | None:
        """Why nothing was started, where nothing was."""
        told = (event for event in self.events if event.get("type") == "run" and event.get("state") == "refused")
        return next((str(event.get("reason")) for event in told), None)

    def planned(self, phase: str) -> Mapping[str, Any]:
        """What plan.json says of a phase; nothing where it says nothing."""
        return next((told for told in _phases(self.plan) if told.get("id") == phase), {})


def find_run(name: str | None, directory: Path) -> Path:
    """Find a run's folder: by its id below the spec's directory, by its path, or the last one. Raises UsageError."""
    runs = directory / ".fastflow" / "runs"
    known = sorted(path.name for path in runs.iterdir() if path.is_dir()) if runs.is_dir() else []
    if name is None:
        if not known:
            raise UsageError(f"there is no run in {runs}", "run the spec first, or name the path of a run's folder")
        return runs / known[-1]
    for path in (runs / name, Path(name)):
        if path.is_dir():
            return path
    hint = f"the last run here is {known[-1]}" if known else "name a run's id, or the path of its folder"
    raise UsageError(f"there is no run {name}: neither {runs / name} nor a folder of that name is there", hint)


def read_archive(folder: Path) -> Archive:
    """Read a run's folder; raises UsageError where it is none, or none that can be understood."""
    folder = folder.absolute()
    events, plan = _events(folder), _plan(folder)
    result = _result(folder)
    if result is not None:
        return Archive(folder, result.run, result.spec, result, result.phases, events, plan)
    if not events and plan is None:
        raise UsageError(f"{folder} is no run's folder: it has neither {_RESULT} nor {_EVENTS}")
    begun = next((event for event in events if event.get("type") == "run"), {})
    run = str(begun.get("run") or (plan or {}).get("run") or folder.name)
    spec = str(begun.get("spec") or (plan or {}).get("spec") or "fastflow.yml")
    try:
        phases = tuple(_from_events(folder, events, plan, begun))
    except ValidationError:
        raise UsageError(f"{folder / _EVENTS} cannot be understood: another version of fastflow wrote it") from None
    return Archive(folder, run, spec, None, phases, events, plan)


def _result(folder: Path) -> RunResult | None:
    path = folder / _RESULT
    if not path.exists():
        return None
    try:
        return TypeAdapter(RunResult).validate_python(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError):
        raise UsageError(f"{path} cannot be understood", "it must be as fastflow wrote it") from None


def _plan(folder: Path) -> Mapping[str, Any] | None:
    try:
        told = json.loads((folder / PLAN_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _events(folder: Path) -> tuple[Mapping[str, Any], ...]:
    """The events up to the last whole line: a run that was killed may have been writing one."""
    events = []
    for line in (_text(folder / _EVENTS) or "").split("\n")[:-1]:
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict) and isinstance(event.get("time"), str):
            events.append(event)
    return tuple(events)


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _phases(plan: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    phases = (plan or {}).get("phases")
    return [phase for phase in phases if isinstance(phase, dict)] if isinstance(phases, list) else []


def _from_events(
    folder: Path, events: tuple[Mapping[str, Any], ...], plan: Mapping[str, Any] | None, begun: Mapping[str, Any]
) -> list[PhaseResult]:
    """What became of the phases by the end of the events, in the spec's order."""
    told = {str(phase["id"]): phase for phase in _phases(plan) if phase.get("id")}
    named = begun.get("phases")
    chosen = named if isinstance(named, list) else [name for name, phase in told.items() if phase.get("selected")]
    seen: dict[str, dict[str, Any]] = {str(name): {} for name in chosen}
    for event in events:
        if event.get("type") == "phase" and event.get("phase"):
            _take(seen.setdefault(str(event["phase"]), {}), event)
    order = {name: at for at, name in enumerate(told)}
    names = sorted(seen, key=lambda name: order.get(name, len(order)))
    found = [_facts(name, told.get(name, {}), seen[name], folder) for name in names]
    return TypeAdapter(list[PhaseResult]).validate_python(found)


def _take(known: dict[str, Any], event: Mapping[str, Any]) -> None:
    known.update({key: event[key] for key in _TOLD if key in event})
    if event.get("state") == "starting":
        known.setdefault("started", event["time"])
    if event.get("state") in END_STATES:
        known["ended"] = event["time"]


def _facts(name: str, planned: Mapping[str, Any], known: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    log = folder / "logs" / f"{name}.log"
    reports = sorted(path for path in (folder / "reports" / name).rglob("*") if path.is_file())
    return {
        "id": name,
        "workflow": planned.get("workflow") or name.partition(".")[0],
        "host": planned.get("host") or "default",
        "mode": planned.get("mode") or "unknown",
        "build_id": planned.get("build_id"),
        "state": "waiting",
        "allow_failure": bool(planned.get("allow_failure")),
        "log": str(log) if log.is_file() else None,
        "reports": [str(path) for path in reports],
        **known,
    }
