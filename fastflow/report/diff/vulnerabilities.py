"""Which vulnerabilities are new, gone or changed between two runs: a fingerprint is the same in every run."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from fastflow.record.archive import Archive
from fastflow.record.result import PhaseResult, Vulnerability
from fastflow.report.vulnerabilities import discoveries_of, threat_of, verdict_on

CAME_TO_A_VERDICT = ("passed", "vulnerable")


@dataclass(frozen=True, slots=True)
class Change:
    """A fact of a vulnerability that differs, in words."""

    what: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class FoundVulnerability:
    """A finding of one run, listed once however often it was found: its most severe instance, and its phases.

    `note` has additional information, such as that its phase did not test in the other run.
    """

    vulnerability: Vulnerability
    phases: tuple[str, ...]
    changes: tuple[Change, ...] = ()
    note: str | None = None

    @property
    def fingerprint(self) -> str:
        """Its identity across runs."""
        return self.vulnerability.fingerprint


@dataclass(frozen=True, slots=True)
class VulnerabilityChanges:
    """The vulnerabilities of two runs, each in one of these lists, the most severe first.

    `not_tested` are those of the older run whose phases came to no verdict in the newer one, so that it is unknown
    whether they are gone.
    """

    new: tuple[FoundVulnerability, ...] = ()
    gone: tuple[FoundVulnerability, ...] = ()
    changed: tuple[FoundVulnerability, ...] = ()
    not_tested: tuple[FoundVulnerability, ...] = ()
    same: tuple[FoundVulnerability, ...] = ()

    @property
    def summary(self) -> str:
        """The number of each kind."""
        counts = ((self.new, "new"), (self.gone, "gone"), (self.changed, "changed"))
        said = [f"{len(found):,} {word}" for found, word in counts]
        said += [f"{len(self.not_tested):,} not tested again"] if self.not_tested else []
        return ", ".join((*said, f"{len(self.same):,} the same"))


@dataclass(frozen=True)
class _Run:
    """The findings of one of the runs, and the states of its phases."""

    name: str
    found: Mapping[str, FoundVulnerability]
    states: Mapping[str, PhaseResult] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, archive: Archive) -> "_Run":
        found: dict[str, FoundVulnerability] = {}
        for one in discoveries_of(archive.phases):
            known = found.get(one.vulnerability.fingerprint) or FoundVulnerability(one.vulnerability, ())
            phases = tuple(dict.fromkeys((*known.phases, one.phase.id)))
            found[known.fingerprint] = replace(known, phases=phases)
        return cls(name, found, {phase.id: phase for phase in archive.phases})

    def has_verdict_of(self, phase: str) -> bool:
        return phase in self.states and self.states[phase].state in CAME_TO_A_VERDICT

    def without_verdict(self, phases: Iterable[str]) -> str | None:
        """Say which of these phases came to no verdict, and why; None if all did."""
        states = {phase: self.states.get(phase) for phase in phases if not self.has_verdict_of(phase)}
        said = [f"{phase} {'is not in it' if one is None else f'is {one.state}'}" for phase, one in states.items()]
        return f"in the {self.name} run {', '.join(said)}" if said else None


def compare_vulnerabilities(older: Archive, newer: Archive) -> VulnerabilityChanges:
    """Compare the findings of two runs by fingerprint."""
    old, new = _Run.of("older", older), _Run.of("newer", newer)
    both = [(one, _changes(old, new, one.fingerprint)) for one in new.found.values() if one.fingerprint in old.found]
    left = [replace(one, note=new.without_verdict(one.phases)) for one in old.found.values() if not _is_in(one, new)]
    return VulnerabilityChanges(
        new=tuple(
            replace(one, note=old.without_verdict(one.phases)) for one in new.found.values() if not _is_in(one, old)
        ),
        gone=tuple(one for one in left if one.note is None),
        changed=tuple(replace(one, changes=changes) for one, changes in both if changes),
        not_tested=tuple(one for one in left if one.note is not None),
        same=tuple(one for one, changes in both if not changes),
    )


def _is_in(one: FoundVulnerability, run: _Run) -> bool:
    return one.fingerprint in run.found


def _changes(old: _Run, new: _Run, fingerprint: str) -> tuple[Change, ...]:
    before, after = old.found[fingerprint], new.found[fingerprint]
    pairs = (
        ("threat", threat_of(before.vulnerability), threat_of(after.vulnerability)),
        ("gate", verdict_on(before.vulnerability), verdict_on(after.vulnerability)),
        ("found by", *(_by(run.found[fingerprint].phases, old, new) for run in (old, new))),
    )
    return tuple(Change(what, one, other) for what, one, other in pairs if one != other)


def _by(phases: Iterable[str], *runs: _Run) -> str:
    """Those of these phases that came to a verdict in both runs: nobody knows what others would have found."""
    return ", ".join(sorted(name for name in phases if all(run.has_verdict_of(name) for run in runs))) or "no phase"


def unrecognised(name: str, archive: Archive) -> Iterator[str]:
    """Say how many vulnerabilities of a run cannot be matched with another's: only the node's log counts them."""
    number = sum(
        found.type == "unknown" and found.uri is None for phase in archive.phases for found in phase.vulnerabilities
    )
    if number:
        yield f"vulnerabilities: of the {name} run, {number:,} with no type or address: the node's log only counts them"
