"""The CI systems for which `fastflow ci` writes a file: one module each, which renders a pipeline."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

from fastflow.jobs import Job, Pipeline
from fastflow.jobs.region import Region

NAMES = ("github", "gitlab", "jenkins", "circleci", "azure", "bamboo")
"""Each is a module of this package with a `SYSTEM`."""


@dataclass(frozen=True, slots=True)
class System:
    """A CI system: the path of its file, the default machine of its jobs, and the function that makes the file.

    `others` are patterns of other paths that its file may have. `hands_on` says whether a job can wait for another and
    get its result, whatever that is.
    """

    name: str
    path: str
    runner: str
    pieces: Callable[[Pipeline], Sequence[str | Region]]
    others: tuple[str, ...] = ()
    hands_on: bool = True

    def regions(self, pipeline: Pipeline) -> tuple[Region, ...]:
        """The parts of the file that fastflow keeps in sync."""
        return tuple(piece for piece in self.pieces(pipeline) if isinstance(piece, Region))


def system_named(name: str) -> System:
    """The system of one of the NAMES."""
    system = import_module(f"fastflow.jobs.systems.{name}").SYSTEM
    assert isinstance(system, System)
    return system


def comments(job: Job, pipeline: Pipeline, mark: str = "#") -> str:
    """Notes about a job, as comment lines; the first job also gets those about all."""
    notes = [*(pipeline.notes if job is pipeline.jobs[0] else ()), *([job.note] if job.note else [])]
    return "".join(f"{mark} {note}\n" for note in notes)
