"""Runs big graphs of phases through the scheduler alone, on a simulated engine: its time, and how long the run is.

Run: `python benchmarks/schedule.py`. The lower bound of a run's length is the longest chain of phases, or all work
divided by max_parallel. Ends with 1 where a graph takes 10 s or more, or a run more than 1.1 times the bound.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fastflow.graph import Edge
from fastflow.model.node import TestingNode
from fastflow.plan import PhasePlan
from fastflow.run.scheduler import Scheduler
from fastflow.run.simulation import simulate

NODE = TestingNode(mode="testing")
MOST_SECONDS, MOST_STRETCH = 10.0, 1.1


@dataclass(frozen=True)
class Graph:
    """Phases, each after the ones that it waits for, and how long each takes."""

    phases: Mapping[str, PhasePlan]
    times: Mapping[str, float]

    def bound(self, parallel: int) -> float:
        """No run can be shorter."""
        ends: dict[str, float] = {}
        for name, phase in self.phases.items():
            ends[name] = self.times[name] + max((ends[edge.before] for edge in phase.dependencies), default=0.0)
        return max(*ends.values(), sum(self.times.values()) / parallel)


def graph_of(befores: list[list[int]], workflows: list[int], choice: random.Random) -> Graph:
    """The graph in which the phase at each place waits for those at `befores`."""
    phases: dict[str, PhasePlan] = {}
    waves: list[int] = []
    for at, earlier in enumerate(befores):
        name, workflow = f"p{at}", f"w{workflows[at]}"
        edges = tuple(Edge(f"p{other}", name, "depends_on", "completed") for other in earlier)
        waves.append(max((waves[other] + 1 for other in earlier), default=0))
        phases[name] = PhasePlan(name, workflow, name, NODE, None, "t", waves[at], edges, True, (), (), (), (), {})
    return Graph(phases, {name: choice.uniform(1, 10) for name in phases})


def pairs(number: int, choice: random.Random) -> Graph:
    """A recording and a testing phase in each workflow."""
    return graph_of([[at - 1] if at % 2 else [] for at in range(number)], [at // 2 for at in range(number)], choice)


def woven(number: int, choice: random.Random) -> Graph:
    """Each phase waits for up to three among the 400 before it; 100 workflows."""
    befores = [choice.sample(range(max(0, at - 400), at), min(at, choice.randint(0, 3))) for at in range(number)]
    return graph_of(befores, [at % 100 for at in range(number)], choice)


def chain_at_the_end(number: int, choice: random.Random) -> Graph:
    """Single phases, and behind them in the file a chain that takes as long as all of them on 15 of 16 places."""
    begin = number - number // 16
    return graph_of([[at - 1] if at > begin else [] for at in range(number)], list(range(number)), choice)


def run(graph: Graph, parallel: int) -> float:
    """Run the graph on an engine that takes exactly the time that each phase takes; return the run's length."""
    scheduler = Scheduler(graph.phases.values(), max_parallel=parallel)
    return max(moment.seconds for moment in simulate(scheduler, graph.times))


def main() -> int:
    """Measure what the command line asks for, and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phases", type=int, default=100_000)
    parser.add_argument("--parallel", type=int, nargs="+", default=[16])
    chosen = parser.parse_args()
    shapes: tuple[Callable[[int, random.Random], Graph], ...] = (pairs, woven, chain_at_the_end)
    is_good = True
    print("| graph | phases | max_parallel | scheduler, CPU s | length / lower bound |")
    print("|---|---|---|---|---|")
    for shape in shapes:
        graph = shape(chosen.phases, random.Random(1))
        for parallel in chosen.parallel:
            began = time.process_time()
            length = run(graph, parallel)
            took, stretch = time.process_time() - began, length / graph.bound(parallel)
            is_good = is_good and took < MOST_SECONDS and stretch <= MOST_STRETCH
            name = shape.__name__.replace("_", " ")
            print(f"| {name} | {chosen.phases} | {parallel} | {took:.2f} | {stretch:.3f} |", flush=True)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
