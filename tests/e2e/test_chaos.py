"""A few rounds of `benchmarks/chaos.py`: seeds that between them hit a run in each way."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("own-engine")]

CHAOS = Path(__file__).parents[2] / "benchmarks/chaos.py"
PATIENCE = 600  # seconds
HITS = ("signal", "SIGKILL", "container killed", "engine paused", "container prune")


def test_a_run_that_is_hit_leaves_nothing_and_tells_the_truth(busybox_image: str) -> None:
    hits = [word for hit in HITS for word in ("--hit", hit)]
    words = [sys.executable, str(CHAOS), "--rounds", "5", "--seed", "3", "--untimed", *hits]
    done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| all | 5 | 0 |" in done.stdout
