"""When phases start and which are skipped: state and event to actions, without a clock or an engine."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fastflow.graph import Edge
from fastflow.plan import PhasePlan
from fastflow.plan.outcomes import Outcomes
from fastflow.record.result import State
from fastflow.run.ready import ReadyPhases

_DID_ITS_WORK = ("passed", "vulnerable")
_RAN = ("passed", "vulnerable", "failed")
_NOT_RUN = "waiting"
_WORDS = {
    "vulnerable": "found vulnerabilities",
    "skipped": "was skipped",
    "cancelled": "was cancelled",
    _NOT_RUN: "was not run",
}


@dataclass(frozen=True, slots=True)
class Skip:
    """A phase that will not run, and why."""

    phase: str
    reason: str


@dataclass(frozen=True, slots=True)
class Actions:
    """The actions to take now."""

    start: tuple[str, ...] = ()
    skip: tuple[Skip, ...] = ()


class Scheduler:
    """Decides what starts. A phase leaves `waiting` only when all that it depends on has ended.

    A phase that is left out counts as passed or, if there are `outcomes`, as what they say.
    """

    def __init__(
        self,
        phases: Iterable[PhasePlan],
        *,
        max_parallel: int | None = None,
        host_of: Mapping[str, str] | None = None,
        host_limits: Mapping[str, int] | None = None,
        outcomes: Outcomes | None = None,
    ) -> None:
        everything = list(phases)
        self._phases = {phase.id: phase for phase in everything if phase.is_selected}
        self._allow_failure = {phase.id for phase in everything if phase.node.allow_failure}
        left_out = [phase.id for phase in everything if not phase.is_selected]
        self._outcomes = outcomes
        self._left_out = frozenset(left_out if outcomes is None else ())
        self._limit = max_parallel or len(self._phases) or 1
        self._host_limits = host_limits or {}
        self._ended: dict[str, State] = {}
        self._running: set[str] = set()
        self._running_on: Counter[str] = Counter()
        before = _selected_before({phase.id: phase for phase in everything})
        self._open = {name: len(before[name]) for name in self._phases}
        self._dependents: dict[str, list[str]] = {name: [] for name in self._phases}
        for name in self._phases:
            for earlier in before[name]:
                self._dependents[earlier].append(name)
        self._position = {name: at for at, name in enumerate(self._phases)}
        self._ready = ReadyPhases(self._phases, self._dependents, host_of or {})
        self._newly_open = [name for name, count in self._open.items() if count == 0]

    @property
    def is_done(self) -> bool:
        """Whether every phase has ended."""
        return len(self._ended) == len(self._phases)

    @property
    def waiting(self) -> tuple[str, ...]:
        """The phases that neither run nor have ended."""
        return tuple(name for name in self._phases if name not in self._ended and name not in self._running)

    def advance(self) -> Actions:
        """Say what to start and what is skipped, given all that has ended by now."""
        skips: list[Skip] = []
        while self._newly_open:
            name = self._newly_open.pop()
            unmet = (self._unmet(edge) for edge in self._phases[name].dependencies if edge.before not in self._left_out)
            obstacle = next((why for why in unmet if why is not None), None)
            if obstacle is None:
                self._ready.add(name)
            else:
                skips.append(Skip(name, obstacle))
                self._end(name, "skipped")
        skips.sort(key=lambda skip: self._position[skip.phase])
        start: list[str] = []
        while len(self._running) < self._limit and (next_one := self._ready.take(self._has_room)) is not None:
            self._running.add(next_one)
            self._running_on[self._ready.host(next_one)] += 1
            start.append(next_one)
        return Actions(tuple(start), tuple(skips))

    def ended(self, name: str, state: State) -> None:
        """Note that a phase has ended and its container has stopped."""
        if name in self._running:
            self._running.remove(name)
            self._running_on[self._ready.host(name)] -= 1
        self._end(name, state)

    def _end(self, name: str, state: State) -> None:
        self._ended[name] = state
        for dependent in self._dependents[name]:
            self._open[dependent] -= 1
            if self._open[dependent] == 0:
                self._newly_open.append(dependent)

    def _has_room(self, host: str) -> bool:
        limit = self._host_limits.get(host)
        return limit is None or self._running_on[host] < limit

    def _unmet(self, edge: Edge) -> str | None:
        state = self._ended.get(edge.before) or self._outcome(edge.before)
        if edge.reason in ("build_id", "test_record") and state != "passed":
            return f"{edge.before} {_WORDS.get(state, state)}, so there is no record to test"
        if edge.before in self._allow_failure:
            return None
        met = {"completed": state in _DID_ITS_WORK, "passed": state == "passed", "finished": state in _RAN}
        return None if met[edge.condition] else f"{edge.before} {_WORDS.get(state, state)}"

    def _outcome(self, name: str) -> str:
        """The outcome of a phase that is left out."""
        outcome = (self._outcomes or {}).get(name)
        return outcome.state if outcome is not None else _NOT_RUN


def _selected_before(phases: Mapping[str, PhasePlan]) -> dict[str, frozenset[str]]:
    """For each phase, the selected ones that it waits for; the order through phases that are left out is kept."""
    found: dict[str, frozenset[str]] = {}
    for phase in sorted(phases.values(), key=lambda phase: phase.wave):
        names: set[str] = set()
        for edge in phase.dependencies:
            names |= {edge.before} if phases[edge.before].is_selected else found[edge.before]
        found[phase.id] = frozenset(names)
    return found
