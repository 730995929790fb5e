"""Runs random graphs of phases through the scheduler and holds what it does to the contract.

Run: `python benchmarks/simulate.py --graphs 100000`. Ends with 1 where anything was wrong.
"""

import argparse
import random
import sys
import time
from collections import Counter

from tests.property.scheduler_worlds import Simulation, random_world


def simulate(graphs: int, seed: int, most: int) -> int:
    """Run so many graphs of at most so many phases, print the counts, and return how many went wrong."""
    wrong = edges = 0
    ends: Counter[str] = Counter()
    began = time.process_time()
    for number in range(seed, seed + graphs):
        choice = random.Random(number)
        world = random_world(choice, most)
        simulation = Simulation(world, choice)
        faults = simulation.run()
        ends.update(simulation.ended.values())
        edges += sum(len(phase.dependencies) for phase in world.phases.values())
        wrong += bool(faults)
        for fault in faults[:3]:
            print(f"WRONG seed {number}: {fault}")
    counts = ", ".join(f"{count} {end}" for end, count in ends.most_common())
    print(f"graphs {graphs}, phases {ends.total()} ({counts}), edges {edges}, wrong {wrong}")
    print(f"{time.process_time() - began:.1f} s")
    return wrong


def main() -> int:
    """Simulate what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graphs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--phases", type=int, default=12, help="at most so many in a graph")
    chosen = parser.parse_args()
    return 1 if simulate(chosen.graphs, chosen.seed, chosen.phases) else 0


if __name__ == "__main__":
    sys.exit(main())
