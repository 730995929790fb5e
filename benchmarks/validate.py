"""Measures `fastflow validate` beside the checkers that teams know, interleaved: medians; then how it grows with specs.

Run: `python benchmarks/validate.py` in an environment that has `check-jsonschema` and `yamllint` (extra `benchmarks`).
"""

import argparse
import compileall
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from itertools import pairwise
from math import log2
from pathlib import Path

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
EXAMPLE = ROOT / "examples/fastflow.yml"
COMPOSE = ROOT / "examples/shop/docker-compose.yml"
SIZES = (1_500, 3_000, 6_000, 12_000, 20_000)


def independent(nodes: int) -> str:
    """Workflows that have nothing to do with each other; each BUILD_ID has a variable."""
    return _workflows(
        f"  w{number}:\n    build_id: w{number}x${{CI_PIPELINE_ID}}\n    nodes:\n      r: {RECORD}\n      t: {TEST}\n"
        for number in range(nodes // 2)
    )


def chain(nodes: int) -> str:
    """One long chain of `depends_on`."""
    return _workflows(
        f"  w{number}:\n    build_id: w{number}\n    nodes:\n"
        f"      r: {_with(RECORD, f'depends_on: [w{number - 1}.t]' if number else '')}\n      t: {TEST}\n"
        for number in range(nodes // 2)
    )


def ladder(nodes: int) -> str:
    """Diamonds, one below the other: each phase of a step waits for both of the step before."""
    return _workflows(
        f"  w{step}:\n    nodes:\n"
        + "".join(
            f"      {side}: "
            + _with(
                RECORD,
                f"build_id: w{step}{side}, alias: fast-{side}",
                f"depends_on: [w{step - 1}.a, w{step - 1}.b]" if step else "",
            )
            + "\n"
            for side in "ab"
        )
        for step in range(nodes // 2)
    )


def one_record(nodes: int) -> str:
    """One record with many testers."""
    testers = "".join(
        f"      t{number}: {_with(TEST, f'build_id: t{number}', 'test_record: r')}\n" for number in range(nodes - 1)
    )
    return _workflows([f"  w:\n    build_id: w\n    nodes:\n      r: {RECORD}\n{testers}"])


def ports(nodes: int) -> str:
    """Fixed host ports, all distinct."""
    addresses = [f"127.0.{number // 250}.{number % 250 + 1}" for number in range(nodes)]
    return _workflows(
        f"  w{number}:\n    build_id: w{number}\n    nodes:\n"
        f"      r: {_with(RECORD, PORTS.format(addresses[number]))}\n      t: {TEST}\n"
        for number in range(nodes // 2)
    )


RECORD = "{ mode: recording, allowed_hosts: [app.example], source: { run: make test } }"
TEST = "{ mode: testing, test_run_uri: 'http://app.example' }"
PORTS = "ports: ['{}:9000:8080']"
SHAPES: dict[str, Callable[[int], str]] = {
    "independent workflows with a variable": independent,
    "one chain of depends_on": chain,
    "a ladder of diamonds": ladder,
    "one record, many testers": one_record,
    "fixed ports, all distinct": ports,
}


def _with(node: str, *more: str) -> str:
    return ", ".join([node[:-2], *filter(None, more)]) + " }"


def _workflows(texts: Iterable[str]) -> str:
    return "workflows:\n" + "".join(texts)


def timed(words: list[str], *, directory: Path = ROOT) -> tuple[float, float, int]:
    """Wall seconds, CPU seconds and exit code of a command."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(words, cwd=directory, capture_output=True, check=False, env={**os.environ, "NO_COLOR": "1"})
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, done.returncode


def cold_starts(rounds: int) -> None:
    """The example, with each checker in turn."""
    compileall.compile_dir(ROOT / "fastflow", quiet=1)  # as pip does; a clone may be newer than its bytecode
    with tempfile.TemporaryDirectory() as scratch:
        schema = Path(scratch) / "schema.json"
        schema.write_bytes(subprocess.run([BIN / "fastflow", "schema"], capture_output=True, check=True).stdout)
        checkers = {
            "docker compose config -q": ["docker", "compose", "-f", str(COMPOSE), "config", "-q"],
            "fastflow validate": [str(BIN / "fastflow"), "validate", str(EXAMPLE)],
            "check-jsonschema": [str(BIN / "check-jsonschema"), "--schemafile", str(schema), str(EXAMPLE)],
            "yamllint": [str(BIN / "yamllint"), "-d", "relaxed", str(EXAMPLE)],
            "python -c pass": [sys.executable, "-c", "pass"],
        }
        figures: dict[str, list[tuple[float, float, int]]] = {name: [] for name in checkers}
        for _ in range(rounds):
            for name, words in checkers.items():
                figures[name].append(timed(words))
    base = statistics.median(wall for wall, _, _ in figures["docker compose config -q"])
    print("| command | wall, ms | CPU, ms | ratio to Compose |\n|---|---|---|---|")
    for name, rows in figures.items():
        wall, cpu = (statistics.median(row[at] for row in rows) for at in (0, 1))
        failed = f" (exit {rows[-1][2]})" if rows[-1][2] else ""
        print(f"| `{name}`{failed} | {wall * 1000:.0f} | {cpu * 1000:.0f} | {wall / base:.2f} |", flush=True)


def growth(rounds: int) -> None:
    """Large specs of five shapes."""
    print("\n| shape | " + " | ".join(f"{size:,} nodes, s" for size in SIZES) + " | most per doubling |")
    print("|---|" + "---|" * (len(SIZES) + 1))
    with tempfile.TemporaryDirectory() as scratch:
        spec = Path(scratch) / "fastflow.yml"
        for shape, write in SHAPES.items():
            walls = []
            for size in SIZES:
                spec.write_text(write(size), encoding="utf-8")
                rows = [timed([str(BIN / "fastflow"), "validate", str(spec)]) for _ in range(rounds)]
                if any(code for _, _, code in rows):
                    sys.exit(f"{shape}: {size} nodes were refused")
                walls.append(statistics.median(wall for wall, _, _ in rows))
            steps = pairwise(zip(SIZES, walls, strict=True))
            grown = [(after / before) ** (1 / log2(large / small)) for (small, before), (large, after) in steps]
            print(f"| {shape} | " + " | ".join(f"{wall:.2f}" for wall in walls) + f" | {max(grown):.2f} |", flush=True)


def main() -> None:
    """Measure what the command line asks for, and print tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--growth-rounds", type=int, default=3)
    chosen = parser.parse_args()
    cold_starts(chosen.rounds)
    if chosen.growth_rounds:
        growth(chosen.growth_rounds)


if __name__ == "__main__":
    main()
