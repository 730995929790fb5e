"""Measures one spec of many workflows, each with a recording and a testing phase: time, memory, calls at once.

Run: `python benchmarks/scale.py`. It needs the engine and the emulator's image (`make engine images`) and Linux. The
memory and the CPU time are those of fastflow's own process, without the commands that it calls.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from traced import read_calls, slots_beside
from up import HERE, TOKEN, spec_of

from fastflow.emulation.cloud import ensure_cloud
from fastflow.emulation.image import ensure_image
from fastflow.engines.docker import DockerEngine

TICKS = os.sysconf("SC_CLK_TCK")
LOOK = 0.1
"""Seconds between two looks at the process."""
MOST_CALLS, MOST_MEGABYTES, MOST_SHARE = 8, 200.0, 0.15


@dataclass
class Usage:
    """What a process has used by now: megabytes at its peak, CPU seconds, threads at most."""

    megabytes: float = 0.0
    cpu: float = 0.0
    threads: int = 0

    def look(self, pid: int) -> None:
        """Read it from /proc (proc(5)); what has ended keeps its last figures."""
        try:
            status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            return
        facts = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        if "VmHWM" in facts:
            self.megabytes = int(facts["VmHWM"].split()[0]) / 1024
            self.cpu = (int(stat[11]) + int(stat[12])) / TICKS
            self.threads = max(self.threads, int(facts["Threads"]))


@dataclass(frozen=True)
class Figures:
    """What one run came to."""

    wall: float
    usage: Usage
    phases_at_once: int
    calls_at_once: int
    waits_at_once: int
    states: dict[str, int]


def measure(workflows: int, parallel: int) -> Figures:
    """Run a spec of so many workflows."""
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        (directory / "fastflow.yml").write_text(spec_of(workflows), encoding="utf-8")
        calls = directory / "calls.jsonl"
        words = [sys.executable, str(HERE / "traced.py"), str(calls), "up", "--emulate", "--progress", "quiet"]
        environment = {**os.environ, "WALLARM_API_TOKEN": TOKEN}
        began, usage = time.monotonic(), Usage()
        process = subprocess.Popen([*words, "--max-parallel", str(parallel)], cwd=directory, env=environment)
        while True:
            usage.look(process.pid)
            try:
                process.wait(LOOK)
                break
            except subprocess.TimeoutExpired:
                continue
        wall = time.monotonic() - began
        (folder,) = (directory / ".fastflow" / "runs").iterdir()
        states = [phase["state"] for phase in json.loads((folder / "result.json").read_text())["phases"]]
        phases = _phases(folder / "events.jsonl")
        slots = [(call.began, call.ended) for call in read_calls(slots_beside(calls))]
        waits = [(call.began, call.ended) for call in read_calls(calls)]
    counts = {state: states.count(state) for state in sorted(set(states))}
    return Figures(wall, usage, at_once(phases), at_once(slots), at_once(waits), counts)


def _phases(events: Path) -> list[tuple[float, float]]:
    """When each phase began and ended, in order of the events: a place in the file is as good as a time."""
    found: dict[str, list[float]] = {}
    for at, line in enumerate(events.read_text(encoding="utf-8").splitlines()):
        event = json.loads(line)
        if event.get("type") == "phase" and event.get("state") != "waiting":
            found.setdefault(event["phase"], []).append(float(at))
    return [(places[0], places[-1]) for places in found.values()]


def at_once(spans: Iterable[tuple[float, float]]) -> int:
    """The most spans that hold one moment; one that ends where another begins does not meet it."""
    changes = sorted(change for began, ended in spans for change in ((began, 1), (ended, -1)))
    most = now = 0
    for _, change in changes:
        now += change
        most = max(most, now)
    return most


def main() -> int:
    """Measure what the command line asks for, and print a table in Markdown; 1 where a bound is passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workflows", type=int, nargs="+", default=[5, 10, 25, 50])
    parser.add_argument("--parallel", type=int, default=10)
    chosen = parser.parse_args()
    engine = DockerEngine(dict(os.environ))
    ensure_cloud(engine, ensure_image(engine, print), "")
    heads = ("workflows", "s", "s each", "phases at once", "calls at once", "with waits", "MB", "CPU s", "share")
    print(f"| {' | '.join(heads)} | threads |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    is_good = True
    for workflows in chosen.workflows:
        found = measure(workflows, chosen.parallel)
        use, share = found.usage, found.usage.cpu / found.wall
        row = [workflows, f"{found.wall:.1f}", f"{found.wall / workflows:.2f}", found.phases_at_once]
        row += [found.calls_at_once, found.waits_at_once, f"{use.megabytes:.0f}", f"{use.cpu:.2f}", f"{share:.1%}"]
        print("| " + " | ".join(map(str, [*row, use.threads])) + " |", flush=True)
        is_good = is_good and found.states == {"passed": 2 * workflows} and found.phases_at_once <= chosen.parallel
        is_good = is_good and found.calls_at_once <= MOST_CALLS and use.megabytes < MOST_MEGABYTES
        is_good = is_good and share < MOST_SHARE
        if found.states != {"passed": 2 * workflows}:
            print(f"states: {found.states}", file=sys.stderr)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
