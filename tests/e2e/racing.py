"""Runs that are started at once and want one BUILD_ID, overlapping ones, or one spec, on an engine of their own."""

import itertools
import json
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastflow.engines.docker import DockerEngine
from fastflow.run.lease import LeaseKey, token_fingerprint

from .asking import ASK
from .own_engine import OwnEngine
from .runs import BINARY

RUN = "io.fastflow.run"
TIMEOUT = 240.0
TOKEN = "tok-4ace-0f1e2d3c"
REFUSED = 4
NODE = """
  w{build_id}:
    build_id: {build_id}
    nodes:
      record:
        mode: recording
        source: {{ run: "{ask} http://fastflow-emulator/?q={number} && sleep {seconds}" }}
"""
TEST = """      test: { mode: testing, test_run_uri: "http://fastflow-emulator" }
"""


@dataclass(frozen=True)
class Racer:
    """A run among others: its id, exit code, what it printed, when it ended (of the epoch), and its result.json."""

    run: str
    code: int
    output: str
    ended: float
    result: dict[str, Any]


def spec_of(build_ids: Sequence[str], seconds: float = 3, more: str = "") -> str:
    """A spec with a recording for each BUILD_ID, which it holds for so many seconds."""
    parts = [
        NODE.format(build_id=one, number=number, seconds=seconds, ask=ASK) + more
        for number, one in enumerate(build_ids)
    ]
    return "workflows:" + "".join(parts)


def race(engine: OwnEngine, specs: Sequence[str], *, shared: bool = False) -> list[Racer]:
    """Start a run of each spec at once, each in a directory of its own or all in one, and wait for all."""
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fastflow-race-")))
        places = [scratch / ("one" if shared else str(number)) for number in range(len(specs))]
        for place, text in zip(places, specs, strict=True):
            place.mkdir(exist_ok=True)
            (place / "fastflow.yml").write_text(text)
        started = [_start(engine, place) for place in places]
        ended = _ends(started)
        return [_racer(process, end, place) for process, end, place in zip(started, ended, places, strict=True)]


def _start(engine: OwnEngine, place: Path) -> "subprocess.Popen[str]":
    with (place / f"output-{time.monotonic_ns()}").open("w+") as output:
        process = subprocess.Popen(
            [*engine.prefix, str(BINARY), "up", "--emulate", "--progress", "json"],
            cwd=place,
            env={**engine.environment, "WALLARM_API_TOKEN": TOKEN, "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
        process.output = Path(output.name)  # type: ignore[attr-defined]  # kept beside its process
        return process


def _ends(started: Sequence["subprocess.Popen[str]"]) -> list[float]:
    deadline = time.monotonic() + TIMEOUT
    ends = [0.0] * len(started)
    while not all(ends):
        for number, process in enumerate(started):
            if not ends[number] and process.poll() is not None:
                ends[number] = time.time()
        if time.monotonic() > deadline:
            for process in started:
                process.kill()
            raise TimeoutError("runs wait for each other")
        time.sleep(0.01)
    return ends


def _racer(process: "subprocess.Popen[str]", ended: float, place: Path) -> Racer:
    output = process.output.read_text()  # type: ignore[attr-defined]  # see above
    events = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    run = next((event["run"] for event in events if event.get("state") == "started"), "")
    path = place / ".fastflow/runs" / run / "result.json"
    return Racer(run, process.returncode, output, ended, json.loads(path.read_text()) if path.exists() else {})


def decided(engine: OwnEngine, since: float) -> float:
    """When the first lease ran, by the engine's events (seconds since the epoch)."""
    words = ["events", "--since", f"{since:.3f}", "--until", f"{time.time():.3f}", "--filter", "event=start"]
    told = engine.docker(*words, "--filter", "label=io.fastflow.role=lease", "--format", "{{.TimeNano}}").split()
    return min(int(nano) for nano in told) / 1e9


def one_of_many(engine: OwnEngine, racers: int, dead: bool = False) -> tuple[str, list[str]]:
    """So many runs want one BUILD_ID, which a dead run may hold; exactly one gets it."""
    text = spec_of(["race1"])
    dead_run = _leave_dead(engine, "race1") if dead else None
    since = time.time()
    ended = race(engine, [text] * racers)
    moment = decided(engine, since)
    winners = [one for one in ended if one.code == 0]
    losers = [one for one in ended if one.code == REFUSED]
    faults = [f"exit {one.code}: {one.output[-400:]}" for one in ended if one.code not in (0, REFUSED)]
    if len(winners) != 1:
        return "", [*faults, f"{len(winners)} of {racers} ran"]
    (winner,) = winners
    faults += ["a loser does not name the holder" for one in losers if f"by run {winner.run}" not in one.output]
    if dead_run is not None and not any(f"was held by run {dead_run}, which is dead" in one.output for one in ended):
        faults.append("nobody says whose lease was reclaimed")
    late = max((one.ended - moment for one in losers), default=0.0)
    return f"one ran, {len(losers)} refused within {late:.1f} s of the decision", faults


def _leave_dead(engine: OwnEngine, build_id: str) -> str:
    """Leave the lease of a run that is dead, as one that died together with its engine does; return the run's id."""
    run = f"dead{time.monotonic_ns()}"
    key = LeaseKey(token_fingerprint(TOKEN), build_id)
    about = {"run": run, "role": "lease", "token": key.token, "build-id": build_id}
    labels = [word for name, value in about.items() for word in ("--label", f"io.fastflow.{name}={value}")]
    engine.docker("run", "--name", key.name, *labels, "fastflow-python:3", "true")
    return run


def overlapping(engine: OwnEngine) -> tuple[str, list[str]]:
    """Three runs want 1 and 2, 2 and 3, 3 and 1: at most one of each pair runs, and none waits for another."""
    sets = [["o1", "o2"], ["o2", "o3"], ["o3", "o1"]]
    ended = race(engine, [spec_of(build_ids) for build_ids in sets])
    codes = [one.code for one in ended]
    faults = [f"exit {one.code}: {one.output[-400:]}" for one in ended if one.code not in (0, REFUSED)]
    ran = [_times(one) for one in ended if one.code == 0]
    faults += [
        "two ran at once" for one, other in itertools.combinations(ran, 2) if one[0] < other[1] and other[0] < one[1]
    ]
    return f"exit codes {codes}", faults


def _times(racer: Racer) -> tuple[str, str]:
    phases = racer.result["phases"]
    return min(phase["started"] for phase in phases), max(phase["ended"] for phase in phases)


def two_of_one_spec(engine: OwnEngine) -> tuple[str, list[str]]:
    """Two runs of one spec with a BUILD_ID of the run's own, in one directory: both pass, each with its own record."""
    text = spec_of(["web${FASTFLOW_RUN_ID}"], 0.5, TEST).replace("wweb${FASTFLOW_RUN_ID}", "web")
    ended = race(engine, [text] * 2, shared=True)
    faults = [f"exit {one.code}: {one.output[-400:]}" for one in ended if one.code]
    if not faults:
        own = [{(phase["build_id"], phase["test_record"]) for phase in one.result["phases"]} for one in ended]
        faults += (
            [f"records are shared or mixed up: {own}"] if any(len(one) != 1 for one in own) or own[0] & own[1] else []
        )
    return "both passed, each its own record", faults


def leftovers(client: DockerEngine) -> list[str]:
    """What the engine has of runs when all have ended."""
    return [labels[RUN] for labels in client.api.labelled(RUN)]
