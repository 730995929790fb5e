"""When a command looks for garbage: each case in a process of its own, whose collector it may change."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("calls", "looks_at_the_end"),
    [("keep_all()", False), ("keep_all(); collect_from_here()", True)],
    ids=["a command that reads and ends", "a run"],
)
def test_garbage_is_looked_for_at_the_end_where_it_was_before(calls: str, looks_at_the_end: bool) -> None:
    code = f"""
import gc
from fastflow.cli.memory import collect_from_here, keep_all, leave_all
{calls}
late = []
late.append(late)
leave_all()
print(any(found is late for found in gc.get_objects()))  # what is frozen is not in it
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(looks_at_the_end)
