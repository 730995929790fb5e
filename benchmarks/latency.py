"""Measures what passes between the moments of one workflow's run, by the engine's own events: medians.

Run: `python benchmarks/latency.py`. It needs the engine and the emulator's image (`make engine images`). The first row
of `--help` is measured beside `python -c pass`, in turn.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from traced import Call, own_time, read_calls, socket_beside
from up import BINARY, HERE, TOKEN, spec_of

from fastflow.emulation.cloud import ensure_cloud
from fastflow.emulation.image import ensure_image
from fastflow.engines.docker import DockerEngine

LABEL = "io.fastflow"
Moments = Mapping[tuple[str, str], float]
"""When (seconds since the epoch) the container of a role or node was created, started, or died: the first time."""


@dataclass(frozen=True)
class Run:
    """One run: when it began, what the engine said, which calls were made, when the recorder was ready."""

    began: float
    moments: Moments
    calls: list[Call]
    ready: float


def main() -> None:
    """Measure, and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    engine = DockerEngine(dict(os.environ))
    ensure_cloud(engine, ensure_image(engine, print), "")
    runs = [measured() for _ in range(rounds)]
    print("| from | to | ms | of it without a call to the engine |")
    print("|---|---|---|---|")
    begins = [(run, run.began) for run in runs]
    row("the command", "the first container is created (the lease)", begins, ("lease", "create"))
    row("the command", "it runs", begins, ("lease", "start"))
    told = ("a recording node's container runs", '"starts to record" is read')
    print_row(*told, [(run, run.moments["record", "start"], run.ready) for run in runs])
    ends = [(run, run.moments["record", "die"]) for run in runs]
    row("a recording node has ended", "the testing node's container runs", ends, ("test", "start"))
    starts = [(run, run.moments["test", "start"]) for run in runs]
    row("a testing node's container runs", "it has tested one baseline and ended", starts, ("test", "die"))
    print(f"\n`fastflow --help`: {help_time(rounds):.0f} ms more than `python -c pass`")


def row(from_: str, to: str, begins: Iterable[tuple[Run, float]], end: tuple[str, str]) -> None:
    """Print the time from a moment to what the engine tells of."""
    print_row(from_, to, [(run, began, run.moments[end]) for run, began in begins])


def print_row(from_: str, to: str, spans: Iterable[tuple[Run, float, float]]) -> None:
    """Print the median of spans, and of what of them no call to the engine took."""
    spans = list(spans)
    whole = statistics.median(ended - began for _, began, ended in spans)
    own = statistics.median(own_time(began, ended, run.calls) for run, began, ended in spans)
    print(f"| {from_} | {to} | {whole * 1000:.0f} | {own * 1000:.0f} |", flush=True)


def measured() -> Run:
    """Run one workflow while the engine's events are read."""
    with tempfile.TemporaryDirectory() as scratch:
        directory, calls = Path(scratch), Path(scratch) / "calls.jsonl"
        (directory / "fastflow.yml").write_text(spec_of(1), encoding="utf-8")
        command = ["docker", "events", "--format", "{{json .}}", "--filter", "type=container"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as events:
            moments: dict[tuple[str, str], float] = defaultdict(float)
            reader = threading.Thread(target=collect, args=(events, moments), daemon=True)
            reader.start()
            words = [sys.executable, str(HERE / "traced.py"), str(calls), "up", "--emulate", "--progress", "quiet"]
            began = time.time()
            environment = {**os.environ, "WALLARM_API_TOKEN": TOKEN}
            subprocess.run(words, cwd=directory, env=environment, check=True, capture_output=True)
            events.terminate()
            reader.join()
        (log,) = directory.glob(".fastflow/runs/*/events.jsonl")
        return Run(began, moments, read_calls(calls, socket_beside(calls)), ready_at(log))


def collect(events: "subprocess.Popen[str]", moments: dict[tuple[str, str], float]) -> None:
    """Take down when containers of fastflow's were created, started and ended."""
    assert events.stdout is not None
    for line in events.stdout:
        event: dict[str, Any] = json.loads(line)
        labels = event["Actor"]["Attributes"]
        what = labels.get(f"{LABEL}.node") or labels.get(f"{LABEL}.role")
        if what is not None:
            moments.setdefault((what, event["Action"]), event["timeNano"] / 1e9)


def ready_at(log: Path) -> float:
    """When the recorder was ready, by the run's file of events (in whole milliseconds)."""
    for line in log.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        if event.get("state") == "ready":
            return datetime.fromisoformat(event["time"].replace("Z", "+00:00")).timestamp()
    sys.exit("no phase was ready")


def help_time(rounds: int) -> float:
    """How many ms `--help` takes longer than Python itself; the least of each."""
    least = [float("inf"), float("inf")]
    for _ in range(rounds):
        for number, words in enumerate(([str(BINARY), "--help"], [sys.executable, "-c", "pass"])):
            began = time.monotonic()
            subprocess.run(words, check=True, capture_output=True)
            least[number] = min(least[number], time.monotonic() - began)
    return (least[0] - least[1]) * 1000


if __name__ == "__main__":
    main()
