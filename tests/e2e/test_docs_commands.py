"""The commands of pages that are to be followed, in their order, come to the exit codes that the pages state."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from .runs import BINARY, TIMEOUT, Fastflow

# The tutorial runs the example with fixed host ports and container names, as test_examples does: one at a time.
pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("examples")]
ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
TUTORIAL = DOCS / "tutorial.md"
NOT_RUN = {
    "Set up": "what runs this test has done it",
    "Clean up": "the emulated cloud is shared with other tests",
}
HERE = ("image: python:3-alpine", "image: fastflow-python:3")  # the same, where no registry answers


@dataclass(frozen=True)
class Step:
    """The commands of one block, and the exit code that the text states for the last of them."""

    section: str
    commands: str
    code: int


def steps(page: Path) -> Iterator[Step]:
    text = page.read_text(encoding="utf-8")
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        title = section.splitlines()[0]
        if title in NOT_RUN:
            continue
        pieces = re.split(r"^```sh\n", section, flags=re.MULTILINE)[1:]
        for piece in pieces:
            commands, _, rest = piece.partition("```")
            stated = re.findall(r"^Exit code: (\d+)[.,]", rest, re.MULTILINE)
            assert len(stated) == 1, f"{title}: state one exit code after {commands!r}"
            yield Step(title, commands, int(stated[0]))


def follow(page: Path, directory: Path, fastflow: Fastflow) -> None:
    """Run a page's commands in a directory."""
    path = f"{BINARY.parent}{os.pathsep}{os.environ['PATH']}"
    for step in steps(page):
        ended = subprocess.run(
            ["bash", "-e", "-c", step.commands],
            cwd=directory,
            env={**fastflow.environment, "WALLARM_API_TOKEN": "", "PATH": path},
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        assert ended.returncode == step.code, f"{step}\n{ended.stdout}\n{ended.stderr}"


def copy_examples(directory: Path) -> Path:
    shutil.copytree(ROOT / "examples", directory, ignore=shutil.ignore_patterns(".fastflow", "__pycache__"))
    return directory


def test_tutorial_comes_to_the_exit_codes_it_states(fastflow: Fastflow) -> None:
    follow(TUTORIAL, copy_examples(fastflow.directory / "fastflow-tutorial"), fastflow)


def test_the_first_run_comes_to_the_exit_code_it_states(fastflow: Fastflow) -> None:
    copy_examples(fastflow.directory / "examples")
    follow(DOCS / "get-started.md", fastflow.directory, fastflow)
    assert (fastflow.directory / "report.html").is_file()


def test_your_own_application_runs_from_nothing_but_its_page(fastflow: Fastflow) -> None:
    page = DOCS / "your-application.md"
    for name, text in re.findall(r"^```yaml\n# (\S+)\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        (fastflow.directory / name).write_text(text.replace(*HERE), encoding="utf-8")
    follow(page, fastflow.directory, fastflow)


def test_tutorial_has_a_step_for_each_thing_it_promises() -> None:
    found = list(steps(TUTORIAL))
    assert {step.section for step in found} >= {"Check", "Run", "See a collision refused", "See a vulnerability found"}
    assert {step.code for step in found} == {0, 1, 2}
