"""Starts runs at once that want one BUILD_ID, overlapping ones, or one spec, and counts who runs.

Run: `python benchmarks/races.py`. It starts an engine of its own (root, Linux). Ends with 1 where anything was wrong.
"""

import argparse
import sys
from collections.abc import Callable

from tests.e2e.own_engine import OwnEngine, own_engine
from tests.e2e.racing import leftovers, one_of_many, overlapping, two_of_one_spec
from tests.e2e.runs import BINARY


def play(engine: OwnEngine, name: str, times: int, once: Callable[[], tuple[str, list[str]]]) -> int:
    """Run a race so many times; print each, return how many were wrong."""
    client, wrong = engine.client(), 0
    for number in range(1, times + 1):
        said, faults = once()
        faults += [f"left {left}" for left in [leftovers(client)] if left]
        print(f"{name} {number}/{times}: {said}", *(f"\n  VIOLATION {fault}" for fault in faults), flush=True)
        wrong += bool(faults)
    return wrong


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--racers", type=int, default=20)
    parser.add_argument("--heirs", type=int, default=10)
    parser.add_argument("--times", type=int, default=3, help="of the races for leases")
    parser.add_argument("--pairs", type=int, default=20, help="of two runs of one spec")
    chosen = parser.parse_args()
    with own_engine() as engine:
        engine.run(str(BINARY), "emulator", "up")
        wrong = play(engine, "one BUILD_ID", chosen.times, lambda: one_of_many(engine, chosen.racers))
        wrong += play(engine, "a dead holder", chosen.times, lambda: one_of_many(engine, chosen.heirs, dead=True))
        wrong += play(engine, "overlapping sets", chosen.times, lambda: overlapping(engine))
        wrong += play(engine, "two runs of one spec", chosen.pairs, lambda: two_of_one_spec(engine))
    print(f"{wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
