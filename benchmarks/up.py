"""Measures `fastflow up` beside a shell script that does the same work by hand, interleaved: medians and ratios.

Run: `python benchmarks/up.py`. It needs the engine and the emulator's image (`make engine images`).
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from fastflow.emulation.cloud import ensure_cloud
from fastflow.emulation.image import ensure_image
from fastflow.engines.docker import DockerEngine

HERE = Path(__file__).parent
BINARY = Path(sys.executable).parent / "fastflow"
TOKEN = "benchmark"  # the emulated cloud takes any


@dataclass(frozen=True)
class Figure:
    """What one way took for so many workflows: wall seconds of each round, and CPU seconds of its own processes."""

    walls: tuple[float, ...]
    cpus: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median wall time, in seconds."""
        return statistics.median(self.walls)


def spec_of(workflows: int) -> str:
    """The spec that does what the rival's Compose file does, for so many workflows."""
    services = yaml.safe_load((HERE / "rival/docker-compose.yml").read_text(encoding="utf-8"))["services"]
    application = {"services": {name: services[name] for name in ("app", "tests")}}
    record = {"mode": "recording", "allowed_hosts": ["app"], "source": {"service": "tests"}}
    test = {"mode": "testing", "test_run_uri": "http://app:80"}
    return yaml.safe_dump(
        {
            "workflows": {
                f"w{number}": {
                    "build_id": f"fastflow{number}",
                    "compose": application,
                    "nodes": {"record": record, "test": test},
                }
                for number in range(1, workflows + 1)
            }
        },
        sort_keys=False,
    )


def timed(action: Callable[[], None]) -> tuple[float, float]:
    """The wall and the children's CPU seconds of an action."""
    before, began = os.times(), time.monotonic()
    action()
    wall, after = time.monotonic() - began, os.times()
    return wall, after.children_user + after.children_system - before.children_user - before.children_system


def call(words: list[str], directory: Path, **environment: str) -> None:
    """Run a command to its end; its output is shown where it fails."""
    done = subprocess.run(words, cwd=directory, env={**os.environ, **environment}, capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"{words[0]} ended with {done.returncode}:\n{(done.stdout + done.stderr).decode()}")


def measure(workflows: int, rounds: int, image: str) -> tuple[Figure, Figure]:
    """Run both ways in turn, so that what else the machine does hits both."""
    rival, fastflow = [], []
    environment = {"WALLARM_API_TOKEN": TOKEN, "EMULATOR": image, "WORKFLOWS": str(workflows)}
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        (directory / "fastflow.yml").write_text(spec_of(workflows), encoding="utf-8")
        up = [str(BINARY), "up", "--emulate", "--progress", "quiet"]
        for _ in range(rounds):
            rival.append(timed(lambda: call([str(HERE / "rival/run.sh")], HERE, **environment)))
            fastflow.append(timed(lambda: call(up, directory, **environment)))
    return _figure(rival), _figure(fastflow)


def _figure(rows: list[tuple[float, float]]) -> Figure:
    walls, cpus = zip(*rows, strict=True)
    return Figure(walls, cpus)


def main() -> None:
    """Measure what the command line asks for, and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workflows", type=int, nargs="+", default=[1, 4, 10])
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    engine = DockerEngine(dict(os.environ))
    image = ensure_image(engine, print)
    ensure_cloud(engine, image, "")
    print("| workflows | script, s | fastflow, s | ratio | script, CPU s | fastflow, CPU s |")
    print("|---|---|---|---|---|---|")
    for workflows in chosen.workflows:
        rival, fastflow = measure(workflows, chosen.rounds, image)
        walls = f"{rival.median:.2f} | {fastflow.median:.2f} | {fastflow.median / rival.median:.2f}"
        cpus = f"{statistics.median(rival.cpus):.2f} | {statistics.median(fastflow.cpus):.2f}"
        print(f"| {workflows} | {walls} | {cpus} |", flush=True)


if __name__ == "__main__":
    main()
