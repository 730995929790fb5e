"""Measure runs on a cluster: how well Swarm's own rule packs units, and what a dispatcher of many units costs.

    python -m benchmarks.cluster simulate [--workflows 10000] [--nodes 500]
    python -m benchmarks.cluster dispatch [--units 500] [--seconds 60]

`simulate` plays the placement of Docker Swarm (the node with the fewest units of those with room for another) over
workflows of random length; `dispatch` runs a real dispatcher on the cluster in memory, with agents that beat and speak.
"""

import argparse
import heapq
import random
import resource
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from fastflow import __version__
from fastflow.cluster.cluster import UnitOrder
from fastflow.cluster.dispatching import Dispatcher
from fastflow.cluster.watching import UnitWatch
from fastflow.cluster.wire import BEAT, Writer
from fastflow.model.compose_keys import LABEL
from fastflow.record.events import Event
from fastflow.record.result import PhaseResult
from fastflow.run.observer import Cancellation
from tests.fakes.cluster import FakeCluster

RUN = "r1"
SLOTS = 2
"""Units that a node has room for at once, by their reservations."""


def units_of(workflows: int, seed: int) -> Iterator[tuple[int, float]]:
    """Units, by their workflows and their minutes: most have one workflow, some a chain of up to five."""
    chance = random.Random(seed)
    left = workflows
    while left > 0:
        size = min(left, chance.choices((1, 2, 3, 5), (80, 12, 6, 2))[0])
        left -= size
        yield size, sum(chance.lognormvariate(2.0, 0.6) for _ in range(size))


def simulate(workflows: int, nodes: int, seed: int, *, knows_minutes: bool) -> None:
    """Play the placement; compare with what no placement can beat.

    fastflow sends the units first that took longest in earlier runs, and without these the longest chains. A run takes
    other minutes than the runs before it: half of them differ by more than 13 %.
    """
    chance, units = random.Random(-seed), list(units_of(workflows, seed))
    known = {at: minutes * chance.lognormvariate(0.0, 0.2) for at, (_, minutes) in enumerate(units)}
    order = sorted(range(len(units)), key=lambda at: -(known[at] if knows_minutes else units[at][0]))
    lengths = [units[at][1] for at in order]
    busy = [0] * nodes
    ends: list[tuple[float, int]] = []
    clock = 0.0
    for length in lengths:
        if len(ends) == nodes * SLOTS:
            clock, node = heapq.heappop(ends)
            busy[node] -= 1
        node = min(range(nodes), key=busy.__getitem__)
        busy[node] += 1
        heapq.heappush(ends, (clock + length, node))
    makespan = max(end for end, _ in ends)
    bound = max(*lengths, sum(lengths) / (nodes * SLOTS))
    print(f"{workflows} workflows, {len(lengths)} units, {nodes} nodes of {SLOTS}: {makespan:.1f} min")
    print(f"bound {bound:.1f} min, ratio {makespan / bound:.3f}")


def _printer(cluster: FakeCluster, unit: str) -> Callable[[str], None]:
    return lambda line: cluster.print(unit, line.rstrip("\n"))


def dispatch(count: int, seconds: float) -> None:
    """Let a dispatcher follow units whose agents say a line each second and beat; print what it took."""
    cluster, events, folder = FakeCluster(nodes=tuple(f"n{n}" for n in range(count))), 0, Path(tempfile.mkdtemp())

    def hear(_: Event) -> None:
        nonlocal events
        events += 1

    watches: list[UnitWatch] = []
    writers: list[Writer] = []
    for number in range(1, count + 1):
        unit = cluster.create(UnitOrder(f"fastflow-{RUN}u{number}", {f"{LABEL}.run": RUN}, "agent", ()))
        phase = f"w{number}.test"
        results = {phase: PhaseResult(phase, f"w{number}", "farm", "testing", "1", "waiting")}
        watches.append(UnitWatch(number, unit, "farm", results, folder, folder, hear, lambda _p, _l: None))
        writers.append(Writer(_printer(cluster, unit)))
    dispatcher = Dispatcher(cluster, RUN, list(watches), Cancellation(), hear)
    running = threading.Thread(target=dispatcher.execute)
    running.start()
    while len(cluster.started) < count:
        time.sleep(0.01)
    before, begun = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    for writer in writers:
        writer.send("hello", version=__version__, node="n")
    while time.monotonic() - begun < seconds:
        for number, writer in enumerate(writers, start=1):
            told = {"time": "2026-01-01T00:00:00.000Z", "type": "log", "phase": f"w{number}.test", "line": "x" * 80}
            writer.send("event", event=told)
        time.sleep(BEAT)
    used = resource.getrusage(resource.RUSAGE_SELF)
    for writer in writers:
        writer.send("end", code=0, phases=[])
    running.join()
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    print(f"{count} units: {used.ru_maxrss / 1024:.0f} MB, {100 * cpu / seconds:.1f} % of a core, {events} events")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    modes = parser.add_subparsers(dest="mode", required=True)
    one = modes.add_parser("simulate")
    one.add_argument("--workflows", type=int, default=10_000)
    one.add_argument("--nodes", type=int, default=500)
    one.add_argument("--seed", type=int, default=1)
    one.add_argument("--first-run", action="store_true", help="no run has passed before, whose minutes would be known")
    two = modes.add_parser("dispatch")
    two.add_argument("--units", type=int, default=500)
    two.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    if options.mode == "simulate":
        simulate(options.workflows, options.nodes, options.seed, knows_minutes=not options.first_run)
    else:
        dispatch(options.units, options.seconds)


if __name__ == "__main__":
    main()
