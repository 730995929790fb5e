"""Tests that share an engine run in one process: with pytest 9.2, pytest-xdist 3.8 groups none, and says nothing."""

import subprocess
import sys
from pathlib import Path

TESTS = """
import pytest

@pytest.mark.xdist_group("one")
@pytest.mark.parametrize("number", range(6))
def test_it(number, worker_id):
    with open(f"of-{worker_id}", "a") as file:
        file.write(".")
"""


def test_a_group_of_tests_has_one_process(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadgroup", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert len(list(tmp_path.glob("of-*"))) == 1
