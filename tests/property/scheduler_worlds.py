"""Random graphs of phases with random ends, what the contract's words make of them, and what the scheduler does."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import get_args

from fastflow.graph import Edge, Reason
from fastflow.model.node import RecordingNode, ReportNode, TestingNode
from fastflow.model.relations import CONDITIONS
from fastflow.plan import PhasePlan
from fastflow.record.result import State
from fastflow.run.scheduler import Actions, Scheduler
from fastflow.run.simulation import simulate

LENDS_A_RECORD = ("build_id", "test_record")
NODES = (RecordingNode(mode="recording"), TestingNode(mode="testing"), ReportNode(mode="report"))
MAY_FAIL = tuple(type(node).model_validate({"mode": node.mode, "allow_failure": "true"}) for node in NODES)
REFUSED: Mapping[str, tuple[State, ...]] = {
    "finished": ("skipped",),
    "completed": ("skipped", "failed"),
    "passed": ("skipped", "failed", "vulnerable"),
}
"""For each condition the ends of a dependency that skip a phase."""


@dataclass(frozen=True)
class World:
    """Phases in the order of the file, how each would end, and the limits."""

    phases: Mapping[str, PhasePlan]
    ends: Mapping[str, State]
    max_parallel: int | None
    host_of: Mapping[str, str]
    host_limits: Mapping[str, int]

    def before(self, name: str) -> set[str]:
        """All that a phase comes after, by whatever path."""
        found: set[str] = set()
        todo = [edge.before for edge in self.phases[name].dependencies]
        while todo:
            other = todo.pop()
            if other not in found:
                found.add(other)
                todo += [edge.before for edge in self.phases[other].dependencies]
        return found


def random_world(choice: random.Random, most: int = 12) -> World:
    """Make a world of up to so many phases."""
    number = choice.randint(1, most)
    order = [f"p{at}" for at in range(number)]
    density = choice.choice((0.05, 0.15, 0.4))
    workflows = [f"w{at}" for at in range(choice.randint(1, 4))]
    phases: dict[str, PhasePlan] = {}
    for at, name in enumerate(order):
        edges = [_edge(choice, phases[before], name) for before in order[:at] if choice.random() < density]
        wave = max((phases[edge.before].wave + 1 for edge in edges), default=0)
        phases[name] = _phase(choice, name, choice.choice(workflows), tuple(edges), wave)
    shuffled = choice.sample(order, number)
    return World(
        {name: phases[name] for name in shuffled},
        {name: _end(choice, phases[name]) for name in order},
        choice.choice((None, 1, 2, 3)),
        {workflow: choice.choice(("near", "far")) for workflow in workflows},
        choice.choice(({}, {"far": 1}, {"near": 2, "far": 1})),
    )


def _edge(choice: random.Random, before: PhasePlan, after: str) -> Edge:
    reasons: list[Reason] = [reason for reason in get_args(Reason) if reason not in LENDS_A_RECORD]
    if isinstance(before.node, RecordingNode):
        reasons += ["build_id", "test_record"]
    return Edge(before.id, after, choice.choice(reasons), choice.choice(CONDITIONS))


def _phase(choice: random.Random, name: str, workflow: str, edges: tuple[Edge, ...], wave: int) -> PhasePlan:
    node = choice.choice(NODES if choice.random() < 0.75 else MAY_FAIL)
    selected = choice.random() < 0.85
    return PhasePlan(name, workflow, name, node, None, "t", wave, edges, selected, (), (), (), (), {})


def _end(choice: random.Random, phase: PhasePlan) -> State:
    ends: list[State] = ["passed", "passed", "failed"]
    return choice.choice([*ends, "vulnerable"] if isinstance(phase.node, TestingNode) else ends)


def expected(world: World) -> dict[str, State]:
    """How each selected phase ends, by the words of the contract."""
    found: dict[str, State] = {}
    for name in sorted(world.phases, key=lambda name: world.phases[name].wave):
        phase = world.phases[name]
        if not phase.is_selected:
            continue  # counts as passed
        found[name] = "skipped" if any(_skips(world, found, edge) for edge in phase.dependencies) else world.ends[name]
    return found


def _skips(world: World, found: Mapping[str, State], edge: Edge) -> bool:
    end: State = found.get(edge.before, "passed")
    if edge.reason in LENDS_A_RECORD and end != "passed":
        return True
    return not world.phases[edge.before].node.allow_failure and end in REFUSED[edge.condition]


class Simulation:
    """Runs a world's phases as the scheduler says; `faults` is what it did wrong."""

    def __init__(self, world: World, choice: random.Random) -> None:
        self.world = world
        self.choice = choice
        self.faults: list[str] = []
        self.ended: dict[str, State] = {}
        self.running: list[str] = []
        self.up: set[str] = set()
        self.selected = {name for name, phase in world.phases.items() if phase.is_selected}
        self.before = {name: world.before(name) & self.selected for name in world.phases}
        self.scheduler = Scheduler(
            world.phases.values(),
            max_parallel=world.max_parallel,
            host_of=world.host_of,
            host_limits=world.host_limits,
        )

    def run(self) -> list[str]:
        """Run to the end; random times let any of the phases that run be the next to end."""
        seconds = {name: self.choice.random() for name in self.world.phases}
        for moment in simulate(self.scheduler, seconds, self.world.ends):
            if moment.ended is not None:
                self.running.remove(moment.ended)
                self.ended[moment.ended] = self.world.ends[moment.ended]
            self._look_at(moment.actions)
        if not self.scheduler.is_done or self.scheduler.waiting:
            self.faults.append(f"never ended: {self.scheduler.waiting}")
        if self.ended != (wanted := expected(self.world)):
            self.faults.append(f"ended as {self.ended}, not as {wanted}")
        return self.faults

    def _look_at(self, actions: Actions) -> None:
        for skip in actions.skip:
            if skip.phase in self.ended:
                self.faults.append(f"{skip.phase} skipped twice")
            self.ended[skip.phase] = "skipped"
        for name in (*(skip.phase for skip in actions.skip), *actions.start):
            if left := self.before[name] - self.ended.keys():
                self.faults.append(f"{name} left waiting before {left} had ended")
        for name in actions.start:
            if self.world.phases[name].workflow not in self.up:
                self.faults += [f"{name} came before {other}" for other in self._ready_and_up(actions.start)]
            self.running.append(name)
        self.up |= {self.world.phases[name].workflow for name in actions.start}
        self.faults += [f"{name} could have started" for name in self._ready() if self._has_room(name)]
        self.faults += self._limits()

    def _ready(self) -> Iterator[str]:
        for name in self.selected - self.ended.keys() - set(self.running):
            if self.before[name] <= self.ended.keys():
                yield name

    def _ready_and_up(self, starting: tuple[str, ...]) -> Iterator[str]:
        """What should have come before a phase of a workflow that was not up."""
        for name in self._ready():
            if name not in starting and self.world.phases[name].workflow in self.up and self._has_room(name):
                yield name

    def _host(self, name: str) -> str:
        return self.world.host_of[self.world.phases[name].workflow]

    def _has_room(self, name: str) -> bool:
        host = self._host(name)
        on_host = sum(self._host(other) == host for other in self.running)
        limits = (self.world.max_parallel, self.world.host_limits.get(host))
        return all(
            limit is None or count < limit for limit, count in zip(limits, (len(self.running), on_host), strict=True)
        )

    def _limits(self) -> Iterator[str]:
        if self.world.max_parallel is not None and len(self.running) > self.world.max_parallel:
            yield f"{len(self.running)} at once"
        for host, limit in self.world.host_limits.items():
            if sum(self._host(name) == host for name in self.running) > limit:
                yield f"too many on {host}"
