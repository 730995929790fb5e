"""Coverage-guided fuzzing of what reads other people's files: no exception, no hang, no death.

Run: `python -m benchmarks.fuzz --inputs 1000000 --processes 2`; it needs atheris (extra `benchmarks`). Targets, first
inputs and changes are those of `tests/property/test_fuzz.py`. Each target runs in processes of its own; what went wrong
is kept, and the table says how to replay it.
"""

import argparse
import random
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
HANG = 5
"""Seconds that one input may take, beside other work."""
MEMORY = 2048
"""Megabytes that a process may take, instrumentation and corpus included."""
LONGEST = 20_000
"""Bytes of an input."""
MOST_FAULTS = 20
"""Of one target: more of the same say nothing more."""
OWN_MUTATIONS = 0.5
"""The share of inputs that libFuzzer changes in its own way, which knows nothing of specs."""
SHARES = {
    "reader": 0.25,
    "interpolation": 0.2,
    "templates": 0.2,
    "matrix": 0.1,
    "include": 0.1,
    "compose": 0.04,
    "accept": 0.03,
    "runs": 0.05,
    "validate": 0.02,
    "validate-two": 0.01,
}


@dataclass
class Count:
    """What came of one target."""

    name: str
    inputs: int = 0
    seconds: float = 0.0
    edges: int = 0
    exceptions: int = 0
    hangs: int = 0
    deaths: int = 0
    kept: list[str] = field(default_factory=list)

    @property
    def faults(self) -> int:
        """All that went wrong."""
        return self.exceptions + self.hangs + self.deaths

    def row(self) -> str:
        """The target's line of the table."""
        wrong = f"{self.exceptions} | {self.hangs} | {self.deaths}"
        return f"| {self.name} | {self.inputs:,} | {self.inputs / self.seconds:,.0f} | {self.edges:,} | {wrong} |"


def work(name: str, arguments: list[str]) -> None:
    """Fuzz one target in this process, as libFuzzer's `arguments` say."""
    import atheris  # noqa: PLC0415  # only here: replaying does without

    with atheris.instrument_imports(include=["fastflow", "yaml"]):
        from tests.property.fuzz_mutator import mutate  # noqa: PLC0415  # imports what is to be instrumented
        from tests.property.fuzz_targets import TARGETS, seeds  # noqa: PLC0415

    def changed(data: bytes, largest: int, seed: int) -> bytes:
        choice = random.Random(seed)
        if choice.random() < OWN_MUTATIONS:
            return bytes(atheris.Mutate(data, largest))
        return mutate(data, choice, largest, seeds(name))[:largest]

    last = next(Path(f"{word.partition('=')[2]}last") for word in arguments if word.startswith("-artifact_prefix="))

    def kept(data: bytes) -> None:
        last.write_bytes(data)  # what ends the process without a word leaves no other trace
        TARGETS[name](data)

    atheris.Setup([sys.argv[0], *arguments], kept, custom_mutator=changed)
    atheris.Fuzz()


def fuzz(name: str, inputs: int, seed: int, keep: Path) -> Count:
    """Give a target so many inputs, in as many processes as its faults need."""
    from tests.property.fuzz_targets import seeds  # noqa: PLC0415  # not before a worker could instrument it

    count = Count(name)
    with tempfile.TemporaryDirectory() as scratch:
        corpus = Path(scratch)
        for number, content in enumerate(seeds(name)):
            (corpus / f"seed{number}").write_bytes(content)
        while count.inputs < inputs and count.faults < MOST_FAULTS:
            _once(count, inputs - count.inputs, seed + count.faults, corpus, keep)
    return count


def _once(count: Count, left: int, seed: int, corpus: Path, keep: Path) -> None:
    """Run one process until it has had its inputs or something went wrong."""
    prefix = f"{keep}/{count.name}-{seed}-"
    options = [f"-runs={left}", f"-seed={seed}", f"-timeout={HANG}", f"-rss_limit_mb={MEMORY}", f"-max_len={LONGEST}"]
    words = [sys.executable, "-m", "benchmarks.fuzz", "--worker", count.name, *options]
    words += [f"-artifact_prefix={prefix}", "-print_final_stats=1", str(corpus)]
    began = time.monotonic()
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
    count.seconds += time.monotonic() - began
    said = done.stderr
    edges = re.findall(r"cov: (\d+)", said)
    ran = re.findall(r"number_of_executed_units: (\d+)", said) or re.findall(r"^#(\d+)\s", said, re.MULTILINE)
    if not edges or not ran:
        sys.exit(said[-3000:])
    count.inputs += min(left, int(ran[-1]))
    count.edges = max(count.edges, int(edges[-1]))
    if done.returncode == 0:
        return
    count.hangs += "timeout after" in said
    count.exceptions += "fuzz target exited" in said or "Uncaught Python exception" in said
    count.deaths += not any(text in said for text in ("timeout after", "fuzz target exited", "Uncaught Python"))
    Path(f"{prefix}log").write_text(f"{said[-20_000:]}\nexit code {done.returncode}\n", encoding="utf-8")
    count.kept += [str(path) for path in keep.glob(f"{count.name}-{seed}-*") if path.suffix != ".log"]


def replay(name: str, file: Path) -> None:
    """Give one input to a target."""
    from tests.property.fuzz_targets import TARGETS  # noqa: PLC0415  # as above

    TARGETS[name](file.read_bytes())


def main() -> None:
    """Do what the command line asks for; end with 1 where anything was wrong."""
    if sys.argv[1:2] == ["--worker"]:
        work(sys.argv[2], sys.argv[3:])
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000, help="over all targets")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", choices=SHARES, action="append")
    parser.add_argument("--keep", type=Path, default=ROOT / ".state/fuzz")
    parser.add_argument("--replay", nargs=2, metavar=("TARGET", "FILE"))
    chosen = parser.parse_args()
    if chosen.replay:
        replay(chosen.replay[0], Path(chosen.replay[1]))
        return
    chosen.keep.mkdir(parents=True, exist_ok=True)
    print("| target | inputs | a second | edges | exceptions | hangs | deaths |\n|---|---|---|---|---|---|---|")
    with ThreadPoolExecutor(chosen.processes) as pool:
        names = chosen.target or list(SHARES)
        jobs = [pool.submit(fuzz, name, int(chosen.inputs * SHARES[name]), chosen.seed, chosen.keep) for name in names]
        counts = [job.result() for job in jobs]
    for count in counts:
        print(count.row())
    for count in counts:
        print(*(f"python -m benchmarks.fuzz --replay {count.name} {path}" for path in count.kept), sep="\n", end="")
    sys.exit(1 if any(count.faults for count in counts) else 0)


if __name__ == "__main__":
    main()
