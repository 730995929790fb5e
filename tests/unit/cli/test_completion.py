"""Completion without a shell: what is offered, also for specs at fault, and what it does not import."""

import subprocess
import sys
from pathlib import Path

import pytest

from fastflow.cli.boundary import guarded
from fastflow.cli.main import COMMANDS, cli


def offered(line: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is offered at the end of a line."""
    words = line.split()
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(words) if line.endswith(" ") else len(words) - 1))
    monkeypatch.setenv("_FASTFLOW_COMPLETE", "bash_complete")
    assert guarded(cli, []) == 0
    told = capfd.readouterr()
    assert told.err == ""
    return [one.partition(",")[2] for one in told.out.splitlines() if one]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_every_command_is_offered(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert offered("fastflow ", capfd, monkeypatch) == list(COMMANDS)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("workflows: { b: { nodes: { n: } }, x-a: 1, a: 2 }", ["b", "a"]),
        ("workflows: [a]", []),
        ("workflows: { a: { nodes: [", []),
        ("", []),
        (None, []),
    ],
)
def test_the_names_of_a_spec_are_those_that_it_writes(
    text: str | None, names: list[str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if text is not None:
        Path("fastflow.yml").write_text(text)
    assert offered("fastflow plan -w ", capfd, monkeypatch) == names


def test_the_spec_that_stands_before_is_the_one_that_is_read(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("fastflow.yml").write_text("workflows: { here: }")
    Path("other.yml").write_text("workflows: { other: }")
    assert offered("fastflow up other.yml -w ", capfd, monkeypatch) == ["other"]
    assert offered("fastflow up -w ", capfd, monkeypatch) == ["here"]


def test_the_latest_run_comes_first(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert offered("fastflow diff ", capfd, monkeypatch) == []
    for run in ("261101000000aaaaa", "261102000000aaaaa"):
        (Path(".fastflow") / "runs" / run).mkdir(parents=True)
    assert offered("fastflow diff ", capfd, monkeypatch) == ["261102000000aaaaa", "261101000000aaaaa"]


def test_completion_imports_no_command_and_no_model(tmp_path: Path) -> None:
    (tmp_path / "fastflow.yml").write_text("workflows: { a: }")
    script = """
import os, sys
os.environ.update(COMP_WORDS="fastflow up -w ", COMP_CWORD="3", _FASTFLOW_COMPLETE="bash_complete")
from fastflow.cli.boundary import guarded
from fastflow.cli.main import cli
assert guarded(cli, []) == 0
print([name for name in ("pydantic", "fastflow.cli.up", "fastflow.pipeline", "networkx") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "plain,a\n[]\n"
