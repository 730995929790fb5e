"""The content of a run's page: every text is decided here, and the template only places them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fastflow import __version__
from fastflow.record.archive import Archive
from fastflow.record.plan_file import PlanFile
from fastflow.record.result import PhaseResult
from fastflow.report.html.logs import PackedLog, pack
from fastflow.report.html.timeline import Timeline, Track, timeline_of
from fastflow.report.text import between, duration, moment
from fastflow.report.verdict import Empty, Verdict, empty_of, verdict_of
from fastflow.report.vulnerabilities import GATES, Discovery, accept_command, discoveries_of
from fastflow.report.vulnerability_kinds import kind_of
from fastflow.report.words import state_of, time_of


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and its value."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Row:
    """A phase."""

    phase: PhaseResult
    state: str
    label: str
    took: str
    details: tuple[str, ...]
    track: Track
    logs: tuple[PackedLog, ...]
    evidence: str
    """The last lines of the log that shows why it failed; "" if it did not."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a filter, and the number of vulnerabilities that have it."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Choices:
    """The choices of a page's filters."""

    types: tuple[Choice, ...]
    workflows: tuple[Choice, ...]
    gates: tuple[Choice, ...]


@dataclass(frozen=True)
class Page:
    """Everything that the template shows."""

    name: str
    run: str
    version: str
    verdict: Verdict
    empty: Empty
    facts: tuple[Fact, ...]
    discoveries: tuple[Discovery, ...]
    choices: Choices
    phases: tuple[Row, ...]
    timeline: Timeline
    logs: tuple[PackedLog, ...]
    origin: tuple[Fact, ...]
    resolved: str | None
    """The resolved spec."""
    leftovers: tuple[str, ...]
    plan: PlanFile | None

    def accept_command(self, one: Discovery) -> str:
        """The command that accepts a vulnerability."""
        return accept_command(self.run, one.vulnerability.fingerprint)

    def number_of(self, phase: str) -> int:
        """The position of a phase in the list, from 1."""
        return next((at for at, row in enumerate(self.phases, start=1) if row.phase.id == phase), 0)


def page_of(archive: Archive) -> Page:
    """Make the content of a run's page."""
    phases, result = archive.phases, archive.result
    timeline = timeline_of(archive.history)
    logs = tuple(pack(name, text, number) for number, (name, text) in enumerate(archive.logs.items(), start=1))
    discoveries = discoveries_of(phases)
    return Page(
        name=archive.name,
        run=archive.run,
        version=__version__,
        verdict=verdict_of(result, phases),
        empty=empty_of(phases),
        facts=tuple(_facts(archive, timeline)),
        discoveries=discoveries,
        choices=_choices(discoveries),
        phases=tuple(_row(phase, timeline, logs) for phase in phases),
        timeline=timeline,
        logs=logs,
        origin=tuple(_origin(archive)),
        resolved=archive.resolved,
        leftovers=result.leftovers if result is not None else (),
        plan=archive.plan,
    )


def _choices(discoveries: Sequence[Discovery]) -> Choices:
    """Count the vulnerabilities by type, workflow and gate; the most frequent type first."""
    types = Counter(one.vulnerability.type for one in discoveries)
    workflows = Counter(one.phase.workflow for one in discoveries)
    gates = Counter(one.vulnerability.gate for one in discoveries)
    return Choices(
        tuple(Choice(kind, kind_of(kind).name, number) for kind, number in types.most_common()),
        tuple(Choice(name, name, number) for name, number in sorted(workflows.items())),
        tuple(Choice(gate, words, gates[gate]) for gate, words in GATES.items() if gates[gate]),
    )


def _facts(archive: Archive, timeline: Timeline) -> Iterable[Fact]:
    result = archive.result
    yield Fact("Name", archive.name)
    yield Fact("Run", archive.run)
    if archive.started:
        yield Fact("Started", moment(archive.started))
    took = between(result.started, result.ended) if result is not None else timeline.seconds
    yield Fact("Took" if result is not None else "Known for", duration(took or 0.0))
    yield Fact("Exit code", str(result.exit_code) if result is not None else "none")


def _row(phase: PhaseResult, timeline: Timeline, logs: Sequence[PackedLog]) -> Row:
    return Row(
        phase=phase,
        state=phase.state if phase.has_ended else "cut",
        label=state_of(phase),
        took=time_of(phase),
        details=tuple(_details(phase)),
        track=timeline.track(phase.id),
        logs=tuple(log for log in logs if log.phase == phase.id),
        evidence=pack("", "\n".join(phase.evidence.lines)).text if phase.evidence else "",
    )


def _details(phase: PhaseResult) -> Iterable[str]:
    yield phase.mode
    if phase.build_id:
        yield f"BUILD_ID {phase.build_id}"
    if phase.host != "default":
        yield f"on {phase.host}"
    if phase.test_record:
        yield phase.test_record
    if phase.test_run:
        yield phase.test_run
    if phase.exit_code is not None:
        yield f"exit code {phase.exit_code}"
    if phase.attempts > 1:
        yield f"{phase.attempts} attempts"


def _origin(archive: Archive) -> Iterable[Fact]:
    """What was run, and by which version; a plan may come from another version, or a stranger."""
    plan = archive.plan
    yield Fact("Spec", (plan.spec if plan else None) or archive.spec)
    if archive.result is not None and archive.result.resumes:
        yield Fact("Resumes run", archive.result.resumes)
    if plan is None:
        return
    if plan.fastflow:
        yield Fact("fastflow", plan.fastflow)
    for host, versions in plan.hosts.items():
        of_host = "" if host == "default" else f" of {host}"
        yield Fact(f"Docker Engine{of_host}", versions.engine)
        yield Fact(f"Docker Compose{of_host}", versions.compose)
    images = list(dict.fromkeys(phase.image for phase in plan.phases if phase.image))
    if images:
        yield Fact("Node image" if len(images) == 1 else "Node images", ", ".join(images))
