"""Standard streams that are closed, or that nobody reads: every command comes to its own exit code, in silence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fastflow.cli.main import COMMANDS
from fastflow.cli.streams import drop_unwritten

SPEC = "workflows: { w: { build_id: a, nodes: { n: { mode: recording, source: { run: 'true' } } } } }\n"
ARGUMENTS = {
    "up": ["up"],
    "stop": ["stop", "w.n"],
    "wait": ["wait", "w.n", "--timeout", "0"],
    "report": ["report", "--report", "json=r.json"],
    "explain": ["explain", "scope-open"],
    "emulator": ["emulator", "status"],
    "init": ["init", "--from", "none.yml"],
}
MORE = [
    ["--help"],
    ["--version"],
    ["up", "--dry-run"],
    ["validate", "-"],
    ["validate", "--format", "json"],
    ["nothing"],
]
CALLS = [ARGUMENTS.get(name, [name]) for name in COMMANDS] + MORE


def call(arguments: list[str], directory: Path, redirection: str = "") -> tuple[int, str]:
    """Call fastflow through a shell, where no engine is; return the exit code and what is on standard error."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DOCKER_", "COMPOSE_"))}
    environment = {**kept, "DOCKER_HOST": f"unix://{directory}/no.sock", "WALLARM_API_TOKEN": "t0k3n"}
    command = f'exec "$0" -m fastflow "$@" {redirection}'
    done = subprocess.run(
        ["sh", "-c", command, sys.executable, *arguments],
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("arguments", CALLS, ids=" ".join)
def test_closed_streams_change_no_exit_code(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "fastflow.yml").write_text(SPEC)
    assert call(arguments, tmp_path, "<&- >&- 2>&-")[0] == call(arguments, tmp_path)[0]


@pytest.mark.parametrize("redirection", [">&-", "<&-", "2>&-", "1</dev/null"])
@pytest.mark.parametrize(("arguments", "code"), [(["schema"], 0), (["validate", "-"], 2), (["accept"], 2), (["up"], 3)])
def test_a_closed_stream_is_no_bug(arguments: list[str], code: int, redirection: str, tmp_path: Path) -> None:
    (tmp_path / "fastflow.yml").write_text(SPEC)
    ended, said = call(arguments, tmp_path, redirection)
    assert ended == code, said
    assert "Traceback" not in said


def test_what_is_printed_goes_into_no_file_of_the_run(tmp_path: Path) -> None:
    (tmp_path / "fastflow.yml").write_text(SPEC)
    assert call(["up", "--progress", "plain"], tmp_path, ">&- 2>&-")[0] == 3
    (events,) = tmp_path.glob(".fastflow/runs/*/events.jsonl")
    assert {line[:1] for line in events.read_text().splitlines()} == {"{"}


def test_a_standard_input_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    code, said = call(["validate", "-"], tmp_path, "0>/dev/null")
    assert (code, said.splitlines()[0]) == (2, "error: standard input cannot be read: bad file descriptor")


# On Python 3.13 `test_boundary` shows it for the commands, too.
def test_what_a_full_disk_does_not_take_is_dropped() -> None:
    with Path("/dev/full").open("w") as stream:
        stream.write("lost")
        drop_unwritten(stream)
        assert Path(f"/proc/self/fd/{stream.fileno()}").readlink() == Path(os.devnull)


def test_a_stream_that_is_closed_or_not_there_is_fine(tmp_path: Path) -> None:
    drop_unwritten(None)
    with (tmp_path / "closed").open("w") as stream:
        pass
    drop_unwritten(stream)
