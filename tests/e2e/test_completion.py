"""Completion in the real shells, typed on a terminal: each says how the line may go on."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

BIN = Path(sys.executable).parent
PATIENCE = 60
SPEC = """
workflows:
  shop-one: { nodes: { record: { mode: recording } } }
  shop-two: { nodes: { record: { mode: recording }, test: { mode: testing } } }
"""
RC = {
    "bash": 'eval "$(fastflow completion bash)"; bind "set bell-style none"; PS1="ready> "\n',
    "zsh": 'autoload -Uz compinit; compinit -u -D; eval "$(fastflow completion zsh)"; setopt no_beep; PS1="ready> "\n',
}
SHELLS = {"bash": ["bash", "--noprofile", "--norc", "-i"], "zsh": ["zsh", "-f", "-i"]}
CASES = [
    ("fastflow expl", ["fastflow explain"]),
    ("fastflow up -w shop-", ["shop-one", "shop-two"]),
    ("fastflow wait shop-two.", ["shop-two.record", "shop-two.test"]),
    ("fastflow explain record-", ["record-kind", "record-missing"]),
    ("fastflow up --progress p", ["--progress plain"]),
    ("fastflow report r", ["run-1"]),
]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A spec with two workflows, and a run of it."""
    (tmp_path / "fastflow.yml").write_text(SPEC)
    (tmp_path / ".fastflow" / "runs" / "run-1").mkdir(parents=True)
    return tmp_path


def environment() -> dict[str, str]:
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "HOME": "/nonexistent", "TERM": "dumb", "LANG": "C.UTF-8", "COLUMNS": "200"}


@contextmanager
def terminal(shell: str, directory: Path) -> Iterator[int]:
    """A shell on a terminal of its own; it is killed at the end."""
    child, screen = pty.fork()
    if child == 0:
        os.chdir(directory)
        os.execvpe(SHELLS[shell][0], SHELLS[shell], environment())
    try:
        yield screen
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
        os.close(screen)


def type_in(screen: int, text: str, wanted: list[str]) -> str:
    """Type a text and read until all that is wanted is on the screen; return what was read."""
    os.write(screen, text.encode())
    read, deadline = "", time.monotonic() + PATIENCE
    while not all(one in read for one in wanted):
        ready, _, _ = select.select([screen], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, f"{wanted} did not come: {read!r}"
        read += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", os.read(screen, 65536).decode(errors="replace"))
    return read


@pytest.mark.parametrize("shell", sorted(RC))
@pytest.mark.parametrize(("line", "wanted"), CASES, ids=[line for line, _ in CASES])
def test_a_tab_shows_how_the_line_may_go_on(shell: str, line: str, wanted: list[str], directory: Path) -> None:
    with terminal(shell, directory) as screen:
        type_in(screen, RC[shell], ["\nready> "] if shell == "bash" else ["ready> "])
        type_in(screen, f"{line}\t\t", wanted)


@pytest.mark.parametrize(("line", "wanted"), CASES, ids=[line for line, _ in CASES])
def test_fish_is_told_the_same(line: str, wanted: list[str], directory: Path) -> None:
    script = f"fastflow completion fish | source; complete --do-complete '{line}'"
    done = subprocess.run(
        ["fish", "--no-config", "-c", script],
        cwd=directory,
        env=environment() | {"HOME": str(directory)},
        capture_output=True,
        text=True,
        check=True,
    )
    told = [offered.split("\t")[0] for offered in done.stdout.splitlines()]
    assert told == [one.split()[-1] for one in wanted], done.stderr
