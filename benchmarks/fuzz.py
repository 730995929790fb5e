"""Coverage-guided fuzzing of what reads other people's files: no exception, no hang, no death.

Run: `python benchmarks/fuzz.py --inputs 1000000`; it needs atheris (`pip install atheris`). Each target runs in a
process of its own. What went wrong is kept below `--keep`; replay one with
`python benchmarks/fuzz.py --replay TARGET FILE`.
"""

import argparse
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOWHERE = Path("/nonexistent")
HANG = 2
"""Seconds that one input may take."""
MEMORY = 2048
"""Megabytes that a process may take, instrumentation and corpus included."""
LONGEST = 4096
"""Bytes of an input."""
TOKENS = [
    *(b"{", b"}", b"[", b"]", b": ", b", ", b"- ", b"\n", b"\n  ", b"\n    ", b"|\n", b">-\n", b"'", b'"', b"#"),
    *(b"&a ", b"*a", b"<<: *a", b"!!str ", b"!reset ", b"---\n", b"\xef\xbb\xbf", b"\x00", b"\t", b"? ", b"~", b"null"),
    *(b"${A}", b"$A", b"${A:-b}", b"${A-", b"${A:+b}", b"${A?m}", b"$$", b"${A:-${B}}", b"}", b"${CI}1", b"1${CI}"),
    *(b"workflows:\n", b"nodes:\n", b"build_id: ", b"mode: recording", b"mode: testing", b"mode: report", b"compose: "),
    *(b"services:\n", b"image: app", b"depends_on: ", b"source: { run: x }", b"source: { service: tests }", b"ports: "),
    *(b"test_run_uri: http://app", b"allowed_hosts: [app]", b"test_record: ", b"defaults: ", b"cloud: ", b"hosts: "),
    *(
        b"container: ",
        b"environment: ",
        b"networks: ",
        b"extends: ",
        b"include: ",
        b"timeout: 5m",
        b"8080:8080",
        b"007",
    ),
    *(b"# fastflow: ignore[port-conflict] x", b"fingerprint: a", b"reason: b", b"expires: 2030-01-01", b"*.record"),
]


def _text(data: bytes) -> str:
    return data.decode("utf-8", errors="replace")


def _reader() -> Callable[[bytes], None]:
    from fastflow.spec.reader import read_spec  # noqa: PLC0415  # instrumented where it is imported

    def run(data: bytes) -> None:
        read_spec("f.yml", data)

    return run


def _interpolation() -> Callable[[bytes], None]:
    from fastflow.diagnostic import Mark  # noqa: PLC0415  # as above
    from fastflow.spec.document import Document, Mapping, Scalar  # noqa: PLC0415
    from fastflow.spec.interpolation import interpolate  # noqa: PLC0415

    mark = Mark("f.yml", 1, 1, 1, 1)
    values = {"A": "1", "B": "", "CI": "${A}"}

    def run(data: bytes) -> None:
        root = Mapping(((Scalar("a", mark), Scalar(_text(data), mark)),), mark)
        document = Document("f.yml", _text(data), root, ())
        interpolate(document, values)
        interpolate(document, None)

    return run


def _templates() -> Callable[[bytes], None]:
    from fastflow.spec.equality import compare  # noqa: PLC0415
    from fastflow.spec.template import TemplateError, parse_template  # noqa: PLC0415

    def run(data: bytes) -> None:
        first, _, second = _text(data).partition("\n")
        try:
            compare(parse_template(first), parse_template(second))
        except TemplateError:
            return

    return run


def _compose() -> Callable[[bytes], None]:
    from fastflow.pipeline import SpecText, check  # noqa: PLC0415

    head = (
        b"workflows:\n  w:\n    build_id: w1\n    compose: docker-compose.yml\n    nodes:\n      r: {mode: recording}\n"
    )
    directory = Path(tempfile.mkdtemp(prefix="fastflow-fuzz-"))

    def run(data: bytes) -> None:
        (directory / "docker-compose.yml").write_bytes(data)
        check([SpecText("f.yml", directory, head)], None)

    return run


def _accept() -> Callable[[bytes], None]:
    from fastflow.model.accept import read_accept_file  # noqa: PLC0415

    def run(data: bytes) -> None:
        read_accept_file("known.yml", data)

    return run


def _validate() -> Callable[[bytes], None]:
    from fastflow.pipeline import SpecText, check  # noqa: PLC0415
    from fastflow.report.findings import FORMATS, Findings  # noqa: PLC0415
    from fastflow.report.findings_text import Sources  # noqa: PLC0415

    def run(data: bytes) -> None:
        first, mark, second = data.partition(b"\n===\n")
        texts = [SpecText("a.yml", NOWHERE, first)] + ([SpecText("b.yml", NOWHERE, second)] if mark else [])
        values = {"A": "1", "B": "b}", "CI": "x"} if data[:1] == b"#" else None
        found = check(texts, values)
        sources = Sources({text.name: _text(text.content) for text in texts})
        for show in FORMATS.values():
            show(Findings(tuple(found.diagnostics), sources, len(texts), NOWHERE))

    return run


@dataclass(frozen=True)
class Target:
    """What is fuzzed: how it is made, which share of all inputs it gets, and which files it begins with."""

    make: Callable[[], Callable[[bytes], None]]
    share: float
    seeds: str


TARGETS = {
    "reader": Target(_reader, 0.2, "**/*.yml"),
    "interpolation": Target(_interpolation, 0.25, "templates"),
    "templates": Target(_templates, 0.25, "templates"),
    "compose": Target(_compose, 0.1, "**/docker-compose*.yml"),
    "accept": Target(_accept, 0.1, "accept"),
    "validate": Target(_validate, 0.1, "**/*.yml"),
}


def seeds_of(target: Target) -> Iterator[bytes]:
    """The inputs that a target begins with."""
    if target.seeds == "templates":
        yield from (b"web${CI}\n${CI:-x}web", b"${A:+1}${A:-2}\n2", b"a${B-$A}\n${A?m}$$", b"${A}a${B}\nb${A}${A}")
    elif target.seeds == "accept":
        yield b"- fingerprint: 0f3a9c7b\n  reason: known\n  expires: 2030-01-31\n  comment: x\n- {fingerprint: b}\n"
    else:
        for directory in ("tests/corpus", "examples", "tests/golden"):
            for path in sorted((ROOT / directory).glob(target.seeds)):
                if ".fastflow" not in path.parts and path.stat().st_size <= LONGEST:
                    yield path.read_bytes()


def mutate(data: bytes, choice: random.Random) -> bytes:
    """Change an input by what its language is made of: tokens put in, lines moved, copied and taken away."""
    lines = data.split(b"\n")
    at = choice.randrange(len(lines))
    kind = choice.randrange(5)
    if kind == 0:
        place = choice.randrange(len(data) + 1)
        return data[:place] + choice.choice(TOKENS) + data[place:]
    if kind == 1:
        lines.insert(choice.randrange(len(lines) + 1), lines[at])
    elif kind == 2:
        lines.pop(at)
    elif kind == 3:
        lines[at] = b"  " * choice.randrange(4) + lines[at].strip()
    else:
        start, end = sorted(choice.randrange(len(data) + 1) for _ in range(2))
        return data[:start] + choice.choice(TOKENS) + data[end:]
    return b"\n".join(lines)


def work(name: str, arguments: list[str]) -> None:
    """Fuzz one target in this process, as libFuzzer's `arguments` say."""
    import atheris  # noqa: PLC0415  # only here: replaying and the tests do without

    with atheris.instrument_imports(include=["fastflow", "yaml"]):
        run = TARGETS[name].make()

    def custom(data: bytes, largest: int, seed: int) -> bytes:
        choice = random.Random(seed)
        changed = atheris.Mutate(data, largest) if choice.random() < 0.5 else mutate(data, choice)
        return changed[:largest]

    atheris.Setup([sys.argv[0], *arguments], run, custom_mutator=custom)
    atheris.Fuzz()


@dataclass
class Count:
    """What came of one target."""

    inputs: int = 0
    seconds: float = 0.0
    edges: int = 0
    exceptions: int = 0
    hangs: int = 0
    deaths: int = 0

    @property
    def faults(self) -> int:
        """All that went wrong."""
        return self.exceptions + self.hangs + self.deaths


def fuzz(name: str, inputs: int, seed: int, keep: Path) -> Count:
    """Give a target so many inputs, in as many processes as its faults need."""
    count = Count()
    with tempfile.TemporaryDirectory() as scratch:
        corpus = Path(scratch) / "corpus"
        corpus.mkdir()
        for number, content in enumerate(seeds_of(TARGETS[name])):
            (corpus / f"seed{number}").write_bytes(content)
        while count.inputs < inputs and count.faults < 20:  # more of the same say nothing more
            _once(name, inputs - count.inputs, seed + count.faults, (corpus, keep), count)
    return count


def _once(name: str, left: int, seed: int, places: tuple[Path, Path], count: Count) -> None:
    corpus, keep = places
    options = [f"-runs={left}", f"-seed={seed}", f"-timeout={HANG}", f"-rss_limit_mb={MEMORY}", f"-max_len={LONGEST}"]
    words = [sys.executable, __file__, "--worker", name, *options, f"-artifact_prefix={keep}/{name}-", str(corpus)]
    began = time.monotonic()
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
    count.seconds += time.monotonic() - began
    progress = re.findall(r"^#(\d+)\s.*?cov: (\d+)", done.stderr, re.MULTILINE)
    if not progress:
        sys.exit(done.stderr[-3000:])
    count.inputs += left if done.returncode == 0 else int(progress[-1][0])
    count.edges = max(count.edges, int(progress[-1][1]))
    if done.returncode == 0:
        return
    if "timeout after" in done.stderr:
        count.hangs += 1
    elif "Uncaught Python exception" in done.stderr or "fuzz target exited" in done.stderr:
        count.exceptions += 1
    else:
        count.deaths += 1
    (keep / f"{name}-{seed}.log").write_text(done.stderr[-20_000:], encoding="utf-8")


def main() -> None:
    """Do what the command line asks for; end with 1 where anything was wrong."""
    if sys.argv[1:2] == ["--worker"]:
        work(sys.argv[2], sys.argv[3:])
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", choices=TARGETS, action="append")
    parser.add_argument("--keep", type=Path, default=ROOT / ".state/fuzz")
    parser.add_argument("--replay", nargs=2, metavar=("TARGET", "FILE"))
    chosen = parser.parse_args()
    if chosen.replay:
        TARGETS[chosen.replay[0]].make()(Path(chosen.replay[1]).read_bytes())
        return
    chosen.keep.mkdir(parents=True, exist_ok=True)
    print("| target | inputs | a second | edges | exceptions | hangs | deaths |\n|---|---|---|---|---|---|---|")
    faults = 0
    for name in chosen.target or TARGETS:
        count = fuzz(name, int(chosen.inputs * TARGETS[name].share), chosen.seed, chosen.keep)
        faults += count.faults
        rate = f"{count.inputs / count.seconds:,.0f}"
        wrong = f"{count.exceptions} | {count.hangs} | {count.deaths}"
        print(f"| {name} | {count.inputs:,} | {rate} | {count.edges:,} | {wrong} |", flush=True)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
