"""A spec as the jobs of a CI pipeline: the phases of each job, its dependencies, and the secrets that it needs."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Job:
    """One call of `fastflow up` on one runner.

    `workflows` and `only` select its phases; without both it runs the whole spec. `needs` are the jobs whose results
    decide what it runs. `note` says why it is more or less than one workflow.
    """

    name: str
    phases: tuple[str, ...]
    workflows: tuple[str, ...] = ()
    only: str | None = None
    needs: tuple[str, ...] = ()
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The jobs of a spec, each after those that it needs, and what their CI system has to provide.

    `spec` is the spec's path from the repository's root, `file` that of the CI system's file. `arguments` are those of
    `fastflow ci` that make it again. `variables` are those without a default in the spec, except the tokens.
    """

    name: str
    spec: str
    file: str
    jobs: tuple[Job, ...]
    tokens: tuple[str, ...]
    variables: tuple[str, ...]
    arguments: str
    install: str
    runner: str
    notes: tuple[str, ...] = ()
    awaited: frozenset[str] = field(init=False)
    """The jobs that others need, whose results are passed on."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "awaited", frozenset(name for job in self.jobs for name in job.needs))

    @property
    def uses_submodules(self) -> bool:
        """Whether fastflow itself is a directory in the repository."""
        return self.install.startswith(".")

    @property
    def waves(self) -> tuple[tuple[Job, ...], ...]:
        """The jobs by the length of the longest chain before them, for systems that have only stages."""
        depth: dict[str, int] = {}
        found: dict[int, list[Job]] = {}
        for job in self.jobs:
            depth[job.name] = max((depth[name] + 1 for name in job.needs), default=0)
            found.setdefault(depth[job.name], []).append(job)
        return tuple(tuple(found[wave]) for wave in sorted(found))
