"""Two runs compared: their findings, other differences, and their phases."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from fastflow.record.archive import Archive
from fastflow.record.result import PhaseResult
from fastflow.report.diff.cause import Cause
from fastflow.report.diff.causes import Basis, Pair, baselines_of
from fastflow.report.diff.vulnerabilities import VulnerabilityChanges, compare_vulnerabilities, unrecognised
from fastflow.report.text import between
from fastflow.report.verdict import Verdict, verdict_of
from fastflow.report.words import state_of


@dataclass(frozen=True, slots=True)
class ComparedPhase:
    """A phase in one run; `baselines` are those that it tested, `seconds` the time that it took, if known."""

    state: str
    description: str
    seconds: float | None
    build_id: str | None
    test_record: str | None
    baselines: int | None


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """One of the two runs."""

    run: str
    name: str
    spec: str
    verdict: Verdict
    exit_code: int | None
    started: str | None
    seconds: float | None
    phases: dict[str, ComparedPhase]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The differences between two runs. `unknown` says in words what cannot be compared, and why."""

    old: ComparedRun
    new: ComparedRun
    vulnerabilities: VulnerabilityChanges
    causes: tuple[Cause, ...]
    unknown: tuple[str, ...]

    @property
    def remarks(self) -> tuple[str, ...]:
        """Remarks to read first."""
        if self.old.run == self.new.run:
            return ("Both are one run.",)
        is_one_spec = (self.old.name, self.old.spec) == (self.new.name, self.new.spec)
        return () if is_one_spec else ("The runs are of different specs, but are compared anyway.",)

    @property
    def phases(self) -> dict[str, tuple[ComparedPhase | None, ComparedPhase | None]]:
        """The phases of both runs, as they went in each; None if a run has no such phase."""
        names = dict.fromkeys((*self.new.phases, *self.old.phases))
        return {name: (self.old.phases.get(name), self.new.phases.get(name)) for name in names}


def compare(old: Archive, new: Archive) -> Comparison:
    """Compare two runs, whether they have ended or not."""
    pair = Pair(Basis.of(old), Basis.of(new))
    unknown = (*unrecognised("older", old), *unrecognised("newer", new), *pair.unknown())
    return Comparison(_run(old), _run(new), compare_vulnerabilities(old, new), tuple(pair.causes()), unknown)


def _run(archive: Archive) -> ComparedRun:
    result = archive.result
    spec = archive.plan.spec if archive.plan is not None and archive.plan.spec else PurePosixPath(archive.spec).name
    return ComparedRun(
        run=archive.run,
        name=archive.name,
        spec=spec,
        verdict=verdict_of(result, archive.phases),
        exit_code=result.exit_code if result is not None else None,
        started=archive.started,
        seconds=between(result.started, result.ended) if result is not None else None,
        phases={phase.id: _phase(archive, phase) for phase in archive.phases},
    )


def _phase(archive: Archive, phase: PhaseResult) -> ComparedPhase:
    return ComparedPhase(
        state=phase.state,
        description=state_of(phase),
        seconds=between(phase.started, phase.ended) if phase.has_ended else None,
        build_id=phase.build_id,
        test_record=phase.test_record,
        baselines=baselines_of(archive, phase),
    )
