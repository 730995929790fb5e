"""The vulnerabilities of a run as a page lists them: the gravest first, what is accepted last."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fastflow.record.result import PhaseResult, Vulnerability, Weight

# Short names of types in words; FAST documents those of its tests, others are as Wallarm's products write them.
_NAMES = {
    "sqli": "SQL injection",
    "nosqli": "NoSQL injection",
    "xss": "Cross-site scripting",
    "ptrav": "Path traversal",
    "rce": "Remote code execution",
    "xxe": "XML external entity",
    "ssrf": "Server-side request forgery",
    "ssti": "Server-side template injection",
    "csrf": "Cross-site request forgery",
    "redir": "Open redirect",
    "crlf": "CRLF injection",
    "ldapi": "LDAP injection",
    "idor": "Insecure direct object reference",
    "auth": "Authentication flaw",
    "info": "Information exposure",
    "anomaly": "Anomaly",
    "unknown": "Type not known",
}
_ORDER: tuple[Weight, ...] = ("fails", "below", "off", "accepted")
GATES: dict[Weight, str] = {
    "fails": "fails the gate",
    "below": "below the gate",
    "off": "gate off",
    "accepted": "accepted",
}
_LONGEST = 60_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One vulnerability with the phase that found it; `number` counts from 1 in the order of the page."""

    number: int
    phase: PhaseResult
    found: Vulnerability

    @property
    def threat(self) -> int:
        """1 to 100; what is not known counts as the worst."""
        return self.found.counted_threat

    @property
    def level(self) -> str:
        """How loud the page shows the threat."""
        return "high" if self.threat >= 70 else "medium" if self.threat >= 40 else "low"

    @property
    def name(self) -> str:
        """The type in words; as FAST names it where there are none for it."""
        return name_of(self.found.type)

    @property
    def gate(self) -> str:
        """What the gate made of it, in words."""
        return GATES[self.found.gate]

    @property
    def place(self) -> str:
        """Method and address."""
        return " ".join(part for part in (self.found.method, self.found.uri) if part)

    @property
    def request(self) -> str:
        """The attack as it was sent; a very long one is cut."""
        text = (self.found.request or "").replace("\r\n", "\n").rstrip()
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}\n… and {len(text) - _LONGEST:,} characters more"


def name_of(kind: str) -> str:
    """A type of vulnerability in words."""
    return _NAMES.get(kind, kind)


def findings_of(phases: Iterable[PhaseResult]) -> tuple[Finding, ...]:
    """List what all phases found, in the order of a page."""
    pairs = [(phase, found) for phase in phases for found in phase.vulnerabilities]
    pairs.sort(key=lambda pair: _rank(pair[1]))
    return tuple(Finding(number, phase, found) for number, (phase, found) in enumerate(pairs, start=1))


def _rank(found: Vulnerability) -> tuple[int, int, str, str]:
    return _ORDER.index(found.gate), -found.counted_threat, found.type, found.uri or ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a filter, and how many findings have it."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters of a page offer."""

    types: tuple[Choice, ...]
    workflows: tuple[Choice, ...]
    gates: tuple[Choice, ...]


def choices_of(findings: Sequence[Finding]) -> Choices:
    """Count the findings by type, workflow and gate; the most frequent type first."""
    types = Counter(finding.found.type for finding in findings)
    workflows = Counter(finding.phase.workflow for finding in findings)
    gates = Counter(finding.found.gate for finding in findings)
    return Choices(
        tuple(Choice(kind, name_of(kind), count) for kind, count in types.most_common()),
        tuple(Choice(name, name, count) for name, count in sorted(workflows.items())),
        tuple(Choice(gate, GATES[gate], gates[gate]) for gate in _ORDER if gates[gate]),
    )
