"""Measures the validation of a matrix beside that of the same workflows written out, interleaved: medians.

Run: `python benchmarks/matrix.py`. The aim: 1,000 cells take at most 1.3 times as long as 1,000 workflows.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

BIN = Path(sys.executable).parent
AIM = 1.3
WORKFLOW = """\
    build_id: web${{CI_PIPELINE_ID}}x{a}x{b}
    compose: docker-compose.yml
    publish: none
    nodes:
      record: {{ mode: recording, allowed_hosts: [app], source: {{ service: tests }} }}
      test: {{ mode: testing, test_run_uri: "http://app:3000", test_run_name: "{a} {b}" }}
"""
COMPOSE = """\
services:
  app: { image: "app:1", healthcheck: { test: "true" }, environment: { BROWSER: "${a:-none}" } }
  tests: { image: "tests:1", profiles: [tests], environment: { http_proxy: "http://fast:8080" } }
"""


def written_out(first: int, second: int) -> str:
    """Every workflow by itself."""
    flows = (f"  web-{a}-{b}:\n{WORKFLOW.format(a=a, b=b)}" for a in range(first) for b in range(second))
    return "workflows:\n" + "".join(flows)


def by_matrix(first: int, second: int) -> str:
    """The same by a matrix of two axes."""
    axes = f"    matrix: {{ a: {list(range(first))}, b: {list(range(second))} }}\n"
    return f"workflows:\n  web:\n{axes}{WORKFLOW.format(a='${a}', b='${b}')}"


def seconds_of(command: list[str], directory: str) -> float:
    """The processor time of a command: other work on the machine changes it least."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=directory, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measured(sizes: list[int], rounds: int) -> Iterator[str]:
    """A row for each number of cells."""
    for size in sizes:
        with tempfile.TemporaryDirectory() as directory:
            Path(directory, "docker-compose.yml").write_text(COMPOSE, encoding="utf-8")
            texts = {"written.yml": written_out(size // 100, 100), "matrix.yml": by_matrix(size // 100, 100)}
            for name, text in texts.items():
                Path(directory, name).write_text(text, encoding="utf-8")
            times: dict[str, list[float]] = {name: [] for name in texts}
            for _ in range(rounds):
                for name, found in times.items():
                    found.append(seconds_of([str(BIN / "fastflow"), "validate", name], directory))
            written, matrix = (statistics.median(found) for found in times.values())
            yield f"| {size:,} | {written:.2f} | {matrix:.2f} | {matrix / written:.2f} |"


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 5_000])
    options = parser.parse_args()
    print(f"| workflows | written out, s | matrix, s | ratio (aim {AIM}) |\n|---|---|---|---|")
    for row in measured(options.sizes, options.rounds):
        print(row, flush=True)


if __name__ == "__main__":
    main()
