"""What a command ends with when nobody reads its output to the end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fastflow.cli.boundary import guarded, show_error
from fastflow.cli.main import cli
from fastflow.errors import EngineCallError

COLLIDING = "workflows:\n" + "".join(
    f"  w{number}: {{ build_id: a, nodes: {{ n: {{ mode: recording }} }} }}\n" for number in range(2000)
)


def ended(arguments: list[str], directory: Path) -> tuple[int, str]:
    """Run fastflow with a standard output that has no reader; return its exit code and its standard error."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "fastflow", *arguments],
        cwd=directory,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    return done.returncode, done.stderr


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_validation_says_what_it_found_though_nobody_reads_it(form: str, tmp_path: Path) -> None:
    (tmp_path / "fastflow.yml").write_text(COLLIDING)
    assert ended(["validate", "--format", form], tmp_path) == (2, "")
    (tmp_path / "fastflow.yml").write_text("workflows: { w: { build_id: a, nodes: { n: { mode: recording } } } }")
    assert ended(["validate", "--format", form], tmp_path) == (0, "")


def test_a_command_whose_reader_went_ends_as_if_it_had_been_read(tmp_path: Path) -> None:
    assert ended(["schema"], tmp_path) == (0, "")


WARNED = "workflows: { w: { build_id: a, nodes: { n: { mode: recording, allowed_hosts: [app] } } } }"


@pytest.mark.parametrize(
    ("arguments", "both", "code"),
    [
        (["plan"], True, 3),
        (["plan"], False, 0),  # the warnings alone are not seen
        (["validate"], True, 3),
        (["up", "--progress", "loud"], True, 2),
        (["plan", "nowhere.yml"], True, 2),
    ],
)
def test_a_full_disk_is_no_bug_and_no_vulnerability(
    arguments: list[str], both: bool, code: int, tmp_path: Path
) -> None:
    (tmp_path / "fastflow.yml").write_text(WARNED)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "fastflow", *arguments],
            cwd=tmp_path,
            stdout=full if both else subprocess.DEVNULL,
            stderr=full,
            check=False,
        )
    assert done.returncode == code


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    (tmp_path / "fastflow.yml").write_text(WARNED)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "fastflow", "schema"],
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (3, "error: the output cannot be written: No space left on device\n")


def test_an_error_cannot_speak_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show_error(EngineCallError("\x1b[2Jcleared", command="docker x", return_code=1, output="a\nb\x1b]0;title\x07"))
    assert capsys.readouterr().err.splitlines() == [
        "error: \ufffd[2Jcleared",
        "  command: docker x (exit code 1)",
        "  | a",
        "  | b\ufffd]0;title\ufffd",
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["up", "--bogus"],
            "error: no such option '--bogus'\n  help: fastflow up [OPTIONS] [SPEC]; see fastflow up --help\n",
        ),
        (
            ["wait"],
            "error: missing argument 'PHASE'\n  help: fastflow wait [OPTIONS] PHASE; see fastflow wait --help\n",
        ),
        (["wait", "a.b", "--run"], "error: option '--run' requires an argument\n"),
        (
            ["completion"],
            "error: missing argument '{bash|zsh|fish}'. Choose from: bash, zsh, fish\n"
            "  help: fastflow completion [OPTIONS] {bash|zsh|fish}; see fastflow completion --help\n",
        ),
    ],
)
def test_a_wrong_command_line_is_an_error_like_others(
    words: list[str], told: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert guarded(cli, words) == 2
    assert capfd.readouterr().err == told


@pytest.mark.parametrize("words", [[], ["emulator"], ["agent"], ["runs"]])
def test_no_line_of_a_groups_help_is_cut(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(cli, [*words, "--help"]) == 0
    commands = capsys.readouterr().out.partition("Commands:")[2].partition("\n\n")[0]
    assert commands.strip()
    assert "..." not in commands


@pytest.mark.parametrize("words", [[], ["emulator"], ["agent"]])
def test_a_group_without_a_command_prints_its_help(words: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert guarded(cli, [*words, "--help"]) == 0
    text = capfd.readouterr().out
    assert guarded(cli, words) == 2
    assert capfd.readouterr() == ("", text)
