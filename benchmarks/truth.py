#!/usr/bin/env python3
"""One service fails early and another succeeds late, a hundred times: how often is the phase called passed?

    .venv/bin/python benchmarks/truth.py [ROUNDS]

Needs an engine and `make images`. Exit code 1 where a single round of them is not a failure.
"""

import sys
import tempfile
import time
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.e2e.late_successes import races
from tests.e2e.runs import Fastflow

AT_ONCE = 4
DEFAULT_ROUNDS = 100


def main() -> int:
    """Run the rounds, some at once, and say what became of them."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_ROUNDS
    began, truths, left = time.monotonic(), 0, rounds
    while left > 0:
        count = min(AT_ONCE, left)
        with tempfile.TemporaryDirectory() as directory:
            fastflow = Fastflow(Path(directory))
            fastflow.write(races(count, f"t{uuid.uuid4().hex[:12]}"))
            ended = fastflow("up", "--progress", "quiet")
            truths += sum(
                phase["state"] == "failed" and "early" in (phase["reason"] or "") for phase in ended.result["phases"]
            )
        left -= count
    print(f"{truths} of {rounds} told as a failure of the service that failed, in {time.monotonic() - began:.0f} s")
    return 0 if truths == rounds else 1


if __name__ == "__main__":
    sys.exit(main())
