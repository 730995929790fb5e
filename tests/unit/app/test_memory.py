"""When a command looks for garbage: each case in a process of its own, whose collector it may change."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("calls", "looks_at_the_end"),
    [("disable_gc()", False), ("disable_gc(); enable_gc()", True)],
    ids=["a command that reads and ends", "a run"],
)
def test_garbage_is_looked_for_at_the_end_where_it_was_before(calls: str, looks_at_the_end: bool) -> None:
    code = f"""
import gc
from fastflow.app.memory import enable_gc, disable_gc, skip_gc_at_exit
{calls}
late = []
late.append(late)
skip_gc_at_exit()
print(any(found is late for found in gc.get_objects()))  # what is frozen is not in it
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(looks_at_the_end)
