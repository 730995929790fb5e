"""Measure the house: how large, how split, and how much a command loads. Run it from the root of a clone.

    python benchmarks/house.py

Code lines are lines with a token on them, without docstrings, comments and blank lines. The emulator is left out: it
runs in an image of its own. The aims are in benchmarks/README.md.
"""

import ast
import io
import os
import subprocess
import sys
import tempfile
import tokenize
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
LAYOUT = {tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER, tokenize.COMMENT}
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
LONG_FILE = 250  # lines
LONG_FUNCTION = 30  # lines
EVENT_ROOMS = ("record/", "run/", "report/", "app/")
ENGINES = {"DockerEngine", "Engine"}


@dataclass(frozen=True)
class Source:
    """One Python file: its name below the directory measured, its text, and its tree."""

    name: str
    text: str
    tree: ast.Module

    @property
    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Every function and method."""
        return (node for node in ast.walk(self.tree) if isinstance(node, FUNCTIONS))

    @property
    def length(self) -> int:
        """Lines from the first to the last statement."""
        return max((node.end_lineno or 0 for node in self.tree.body), default=0)

    def code_lines(self) -> int:
        """Lines with code on them."""
        lines: set[int] = set()
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type not in LAYOUT:
                lines.update(range(token.start[0], token.end[0] + 1))
        for node in ast.walk(self.tree):
            if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
                lines.difference_update(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
        return len(lines)


def sources(directory: str) -> list[Source]:
    """Every Python file below a directory, the emulator's left out."""
    base = ROOT / directory
    paths = [path for path in sorted(base.rglob("*.py")) if "emulator" not in path.relative_to(base).parts[:1]]
    texts = [(path.relative_to(base).as_posix(), path.read_text(encoding="utf-8")) for path in paths]
    return [Source(name, text, ast.parse(text)) for name, text in texts]


def called_once(files: Sequence[Source]) -> float:
    """The share of all functions that are private and named in one place besides their definition."""
    lone = total = 0
    for file in files:
        named = Counter(
            node.id if isinstance(node, ast.Name) else node.attr
            for node in ast.walk(file.tree)
            if isinstance(node, (ast.Name, ast.Attribute))
        )
        for function in file.functions:
            total += 1
            private = function.name.startswith("_") and not function.name.startswith("__")
            lone += private and named[function.name] == 1
    return lone / total


def untyped_events(files: Sequence[Source]) -> int:
    """Names annotated as `Mapping[str, Any]` or `dict[str, Any]`-reads where events and records are handled."""
    rooms = [file for file in files if file.name.startswith(EVENT_ROOMS)]
    return sum(
        isinstance(node, ast.Subscript) and ast.unparse(node) == "Mapping[str, Any]"
        for file in rooms
        for node in ast.walk(file.tree)
    )


def constructions(files: Sequence[Source]) -> int:
    """Places that construct an engine."""
    calls = (node.func for file in files for node in ast.walk(file.tree) if isinstance(node, ast.Call))
    return sum(isinstance(called, ast.Name) and called.id in ENGINES for called in calls)


def loaded(*words: str) -> int:
    """How many modules of fastflow a command loads."""
    program = (
        "import atexit, os, sys\n"
        "def count():\n"
        "    own = [name for name in sys.modules if name.split('.')[0] == 'fastflow']\n"
        "    open(os.environ['COUNTED'], 'w').write(str(len(own)))\n"
        "atexit.register(count)\n"
        f"sys.argv = ['fastflow', *{list(words)!r}]\n"
        "from fastflow.cli.main import main\n"
        "sys.exit(main())\n"
    )
    with tempfile.TemporaryDirectory() as directory:
        counted = Path(directory, "counted")
        environment = {**os.environ, "COUNTED": str(counted), "WALLARM_API_TOKEN": "token"}
        subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, check=False)
        return int(counted.read_text())


def main() -> None:
    """Print a table of what is measured."""
    package, tests = sources("fastflow"), sources("tests")
    code = sum(file.code_lines() for file in package)
    rows: list[tuple[str, object]] = [
        ("files", len(package)),
        ("code lines", code),
        (f"files over {LONG_FILE} lines", sum(file.length > LONG_FILE for file in package)),
        (
            f"functions over {LONG_FUNCTION} lines",
            sum(
                (node.end_lineno or 0) - node.lineno + 1 > LONG_FUNCTION for file in package for node in file.functions
            ),
        ),
        ("private functions with one caller", f"{called_once(package):.0%}"),
        ("modules that validate loads", loaded("validate", "examples/fastflow.yml")),
        ("modules that up --dry-run loads", loaded("up", "examples/fastflow.yml", "--dry-run")),
        ("Mapping[str, Any] in events and records", untyped_events(package)),
        ("places that construct an engine", constructions(package)),
        ("test code / code", f"{sum(file.code_lines() for file in tests) / code:.2f}"),
    ]
    for name, value in rows:
        print(f"{name:42} {value}")


if __name__ == "__main__":
    main()
