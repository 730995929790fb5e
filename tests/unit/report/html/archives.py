"""Runs as their folders would tell them, made for pages of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias, cast

from fastflow.record.archive import Archive
from fastflow.record.events import Event, PhaseChanged, RunEnded, RunStarted
from fastflow.record.history import History
from fastflow.record.plan_file import plan_file_from
from fastflow.record.result import Evidence, PhaseResult, RunResult, State, Suppression, Vulnerability

from ..drawings import plan_json, told

_START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SCRIPT = "<script>document.title='broken into'</script>"
HOSTILE = (
    SCRIPT,
    "</pre></details></script><img src=x onerror=\"document.title='broken into'\">",
    "\"' onmouseover=document.title='broken' x='",
    "{{ 7 * 7 }}{% raw %}<!-- --!> ]]> <svg/onload=document.title=1>",
    "\u202egnp.exe\u202c \x1b[31mred\x1b[0m \x1b]0;title\x07 nul\x00 \ud800 \u2028",
)


@dataclass(frozen=True)
class Told(Archive):
    """A run that has no folder: what its logs hold is said here."""

    logs: Mapping[str, str] = field(default_factory=dict)


def time(seconds: float) -> str:
    """A time so long after the run's start."""
    return (_START + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def change(seconds: float, phase: str, state: State, mode: str = "recording") -> PhaseChanged:
    """A line of events.jsonl."""
    return PhaseChanged(phase, state, None, mode, time=time(seconds))


def phase(name: str, state: State = "passed", mode: str = "testing", **facts: Any) -> PhaseResult:
    """A phase that ran from the tenth to the twentieth second."""
    times = {"started": time(10), "ended": time(20)}
    return PhaseResult(name, name.split(".")[0], "default", mode, "7", state, **{**times, **facts})


def found(number: int = 1, **facts: Any) -> Vulnerability:
    """A vulnerability with its request."""
    request = f"POST /coupon/{number} HTTP/1.1\nHost: app:3000\n\ncode=SPRING{number}%27"
    plain = Vulnerability(
        "sqli", 80, "code", "bl_1", f"http://app:3000/coupon/{number}", f"{number:016x}", "POST", request
    )
    return replace(plain, **facts)


def told_run(
    *phases: PhaseResult,
    exit_code: int = 0,
    events: Iterable[Event] = (),
    logs: Mapping[str, str] | None = None,
    plan: Mapping[str, Any] | None = None,
) -> Told:
    """A run of a minute."""
    run, spec = "261124090000abcde", "shop/fastflow.yml"
    result = RunResult(run, spec, exit_code, time(0), time(60), phases)
    return Told(
        Path("nowhere"),
        run,
        spec,
        result,
        phases,
        History(tuple(events)),
        plan_file_from(plan) if plan else None,
        logs=logs or {},
    )


def vulnerable_run() -> Told:
    """A recording and a test with vulnerabilities of each kind, as most readers will see one."""
    known = Suppression("the manuals are public", "2027-01-31", "SHOP-311")
    vulnerabilities = (
        found(1),
        found(2, type="xss", threat=50, uri="http://app:3000/search", parameter="q", method="GET"),
        found(3, type="ptrav", threat=70, gate="accepted", suppressed=known, request="GET /manuals?file=x HTTP/1.1"),
        found(4, type="rce", threat=20, gate="below"),
        found(5, type="unknown", threat=None, parameter=None, uri=None, request=None),
    )
    record = phase("web.record", mode="recording", test_record="rec_1", exit_code=0)
    test = phase(
        "web.test",
        "vulnerable",
        reason="3 vulnerabilities found",
        vulnerabilities=vulnerabilities,
        test_run="tr_1",
        exit_code=1,
    )
    again = phase("api.test", "failed", reason="empty record", hint="look at http_proxy", allow_failure=True)
    events: list[Event] = [
        RunStarted(time=time(0)),
        *(change(at, "web.record", state) for at, state in _RECORDING),
        *(change(at, "web.test", state, "testing") for at, state in _TESTING),
        RunEnded(1, time=time(60)),
    ]
    plan = plan_json(
        told("web.record", 0, mode="recording"), told("web.test", 1, (("web.record", "build_id"),)), told("api.test", 0)
    )
    plan |= {
        "resolved": "name: shop\n",
        "fastflow": "0.1.0",
        "hosts": {"default": {"engine": "20.10.24", "compose": "2.24.4"}},
    }
    plan["phases"][0]["image"] = "wallarm/fast"
    logs = {"web.record": "[info] ready\n", "web.record.source": "GET /\n" * 3, "web.test": log_of(2_500)}
    return told_run(record, test, again, exit_code=1, events=events, plan=plan, logs=logs)


_Steps: TypeAlias = tuple[tuple[int, State], ...]
_RECORDING: _Steps = (
    (2, "starting"),
    (5, "ready"),
    (5, "running"),
    (20, "stopping"),
    (22, "passed"),
)
_TESTING: _Steps = ((22, "starting"), (25, "running"), (50, "vulnerable"))


def log_of(lines: int) -> str:
    """A log whose lines are all different."""
    return "".join(f"INFO [1]: Running a test set for the baseline #bl_{number}\n" for number in range(lines))


def hostile_run() -> Told:
    """A run whose every text tries to break the page."""
    vulnerabilities = tuple(
        Vulnerability(text, 50, text, text, text, text, text, text, "accepted", Suppression(text, text, text))
        for text in HOSTILE
    )
    phases = tuple(
        replace(
            phase(f"{text}.test", "failed", mode=text),
            host=text,
            build_id=text,
            reason=text,
            hint=text,
            evidence=Evidence(text, text, HOSTILE),
            test_record=text,
            test_run=text,
            vulnerabilities=vulnerabilities,
        )
        for text in HOSTILE
    )
    state = cast(State, HOSTILE[0])
    events = [PhaseChanged(one.id, state, HOSTILE[0], HOSTILE[0], time=time(at)) for at, one in enumerate(phases)]
    plan = plan_json(*(told(one.id, 0, build_id=HOSTILE[1], mode=HOSTILE[2]) for one in phases), name=SCRIPT)
    plan |= {"spec": SCRIPT, "fastflow": SCRIPT, "hosts": {text: {"engine": text, "compose": text} for text in HOSTILE}}
    plan |= {"resolved": "\n".join(HOSTILE)}
    plan["phases"][0]["image"] = SCRIPT
    logs = {text: "\n".join(HOSTILE) for text in HOSTILE} | {"long": "\n".join(HOSTILE * 2_000)}
    run = told_run(*phases, exit_code=3, events=events, plan=plan, logs=logs)
    assert run.result is not None
    return replace(run, run=SCRIPT, spec=SCRIPT, result=replace(run.result, leftovers=HOSTILE))


def large_run(vulnerabilities: int, log_bytes: int, workflows: int = 50) -> Told:
    """A run of many workflows, each a recording and a test, with so many vulnerabilities and bytes of logs in all."""
    phases: list[PhaseResult] = []
    logs: dict[str, str] = {}
    events: list[Event] = [RunStarted(time=time(0))]
    log = log_of(max(1, log_bytes // (2 * workflows * len(log_of(1_000_000)[-57:]))))
    for number in range(workflows):
        names = (f"wf{number}.record", f"wf{number}.test")
        share = range(number, vulnerabilities, workflows)
        some = tuple(found(one, type=("sqli", "xss", "ptrav")[one % 3], threat=one % 100 + 1) for one in share)
        phases += [phase(names[0], mode="recording"), phase(names[1], "vulnerable", vulnerabilities=some)]
        logs |= dict.fromkeys(names, log)
        events += [change(number + at, names[0], state) for at, state in _RECORDING]
        events += [change(number + at, names[1], state, "testing") for at, state in _TESTING]
    return told_run(*phases, exit_code=1, events=events, logs=logs)
