"""Surveys several engines at once: a run on two hosts is one run, an engine with two names is one engine."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fastflow.errors import EngineError, FastflowError
from fastflow.run.at_once import at_once
from fastflow.run.engine import Engine, EngineInfo
from fastflow.run.live import LivePart, LiveRun, parts_on
from fastflow.run.removal import remove_run


@dataclass
class Sighting:
    """The result for the engine with the name `host`: its address and its parts of runs, or the error."""

    host: str
    engine: Engine
    address: str = ""
    parts: Mapping[str, LivePart] = field(default_factory=dict)
    error: FastflowError | None = field(default_factory=lambda: EngineError("the engine was not asked"))

    @property
    def containers(self) -> frozenset[str]:
        """The ids of all containers that were found."""
        parts = self.parts.values()
        return frozenset(found.id for part in parts for found in (*part.leases, *part.others))

    def look(self) -> None:
        """Ask the engine; never raises FastflowError."""
        try:
            self.address = self.engine.info().address
            self.parts = parts_on(self.engine, self.host)
        except FastflowError as error:
            self.error = error
        else:
            self.error = None


@dataclass(frozen=True)
class Survey:
    """The results for several engines, each once, in the order in which they were named."""

    answered: tuple[Sighting, ...]
    silent: tuple[Sighting, ...]

    @property
    def runs(self) -> tuple[LiveRun, ...]:
        """The runs on the engines that answered, the oldest first."""
        names = sorted({run for seen in self.answered for run in seen.parts})
        return tuple(LiveRun(run, tuple(s.parts[run] for s in self.answered if run in s.parts)) for run in names)

    def all(self) -> tuple[LiveRun, ...]:
        """The runs, if every engine answered; raises the error of the first that did not."""
        self.require(seen.host for seen in self.silent)
        return self.runs

    def require(self, hosts: Iterable[str]) -> None:
        """Raise the error of the first of these engines that did not answer."""
        wanted = frozenset(hosts)
        for seen in self.silent:
            if seen.error is not None and seen.host in wanted:
                raise seen.error


def ask_all(engines: Mapping[str, Engine]) -> dict[str, EngineInfo]:
    """Ask all engines at once for their versions; raises the error of the first that fails, with the host's name."""
    answers: dict[str, EngineInfo | FastflowError] = {}

    def ask(name: str) -> None:
        try:
            answers[name] = engines[name].info()
        except FastflowError as error:
            answers[name] = error

    at_once(ask, engines)
    infos = {}
    for name in engines:
        answer = answers[name]
        if isinstance(answer, FastflowError):
            answer.message = f"host {name}: {answer.message}" if name else answer.message
            raise answer
        infos[name] = answer
    return infos


def look(engines: Mapping[str, Engine]) -> Survey:
    """Survey engines by name, all at once; of two names of one engine, the first is kept."""
    sightings = [Sighting(host, engine) for host, engine in engines.items()]
    at_once(Sighting.look, sightings)
    answered = _distinct([seen for seen in sightings if seen.error is None])
    return Survey(answered, tuple(seen for seen in sightings if seen.error is not None))


def _distinct(sightings: Iterable[Sighting]) -> tuple[Sighting, ...]:
    """Drop the second name of an engine, which has the same address or the same containers.

    An engine may have two addresses, and all engines of a machine share one engine id (measured on 20.10), but
    container ids are never those of another engine.
    """
    kept: list[Sighting] = []
    for seen in sightings:
        if not any(seen.address == other.address or seen.containers & other.containers for other in kept):
            kept.append(seen)
    return tuple(kept)


def remove_live(run: LiveRun) -> Sequence[str]:
    """Remove a run from engines, with its leases; return commands that remove what could not be removed.

    Raises EngineError.
    """
    left: list[str] = []
    for part in run.parts:
        where = f"  # on host {part.host}" if part.host else ""
        left += (f"{line}{where}" for line in remove_run(part.engine, run.id, part.projects))
        part.engine.api.remove_containers(lease.id for lease in part.leases)
    return left
