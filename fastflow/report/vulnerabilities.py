"""The vulnerabilities of a run as reports list them: the gravest first, what is accepted last."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from fastflow.record.result import PhaseResult, Vulnerability, Weight
from fastflow.report.text import shortened

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
GATES: dict[Weight, str] = {
    "fails": "fails the gate",
    "below": "below the gate's threat",
    "off": "the gate is off",
    "accepted": "accepted",
}
"""What a gate made of a vulnerability, in words; what weighs most comes first."""
_ORDER = tuple(GATES)
_LONGEST_REQUEST = 60_000
_LONGEST_MESSAGE = 4_000


def name_of(kind: str) -> str:
    """A type of vulnerability in words; as FAST names it if there are none for it."""
    return _NAMES.get(kind, kind)


def threat_of(vulnerability: Vulnerability) -> str:
    """The threat in words: `threat 80`, `threat unknown`; with the scanner that says so, if it is not FAST."""
    said = f"threat {'unknown' if vulnerability.threat is None else vulnerability.threat}"
    return f"{said}, {vulnerability.scanner}" if vulnerability.scanner else said


def acceptance(vulnerability: Vulnerability) -> str | None:
    """Say until when it is accepted and why, or until when it was; None if no entry of an accept file names it."""
    if (known := vulnerability.suppressed) is not None:
        return f"accepted{f' until {known.expires}' if known.expires else ''}: {known.reason}"
    if (former := vulnerability.expired) is not None:
        return f"accepted until {former.expires}, which has passed: {former.reason}"
    return None


def verdict_on(vulnerability: Vulnerability) -> str:
    """Say what the gate made of it, with the reason if an accept file names it."""
    return acceptance(vulnerability) or GATES[vulnerability.gate]


@dataclass(frozen=True, slots=True)
class Discovery:
    """One vulnerability with the phase that found it; `number` counts from 1 in the order of a report."""

    number: int
    phase: PhaseResult
    vulnerability: Vulnerability

    @property
    def level(self) -> str:
        """How loud a report shows the threat."""
        threat = self.vulnerability.counted_threat
        return "high" if threat >= 70 else "medium" if threat >= 40 else "low"

    @property
    def name(self) -> str:
        """The type in words."""
        return name_of(self.vulnerability.type)

    @property
    def gate(self) -> str:
        """What the gate made of it, in words."""
        return GATES[self.vulnerability.gate]

    @property
    def place(self) -> str:
        """Method and address."""
        return " ".join(part for part in (self.vulnerability.method, self.vulnerability.uri) if part)

    @property
    def request(self) -> str:
        """The attack as it was sent; a very long one is cut."""
        return shortened((self.vulnerability.request or "").replace("\r\n", "\n").rstrip(), _LONGEST_REQUEST)

    @property
    def message(self) -> str:
        """What the scanner says of it; "" if it says nothing, as FAST does."""
        return shortened((self.vulnerability.message or "").strip(), _LONGEST_MESSAGE)

    @property
    def description(self) -> str:
        """What was found, how grave it is, and where."""
        found = self.vulnerability
        kind = "" if self.name == found.type else f"{found.type}, "
        return f"{self.name} ({kind}{threat_of(found)}){_where(found.parameter, self.place)}"

    @property
    def failure(self) -> str:
        """What failed the gate, and until when it was accepted, if it was."""
        former = acceptance(self.vulnerability) if self.vulnerability.expired is not None else None
        return f"{self.description}; {former}" if former else self.description


def short_description(vulnerability: Vulnerability) -> str:
    """What was found, how grave it is, and where, in FAST's words and without the method."""
    one = vulnerability
    return f"{one.type} ({threat_of(one)}){_where(one.parameter, one.uri)}"


def accept_command(run: str, fingerprint: str) -> str:
    """The command that accepts a vulnerability of a run, by the run's id or the path of its folder."""
    return f'fastflow accept {shlex.quote(run)} --fingerprint {fingerprint} --reason "WHY"'


def _where(parameter: str | None, place: str | None) -> str:
    return (f" in parameter {parameter}" if parameter else "") + (f" of {place}" if place else "")


def discoveries_of(phases: Iterable[PhaseResult]) -> tuple[Discovery, ...]:
    """List what all phases found, in the order of a report."""
    pairs = [(phase, found) for phase in phases for found in phase.vulnerabilities]
    pairs.sort(key=lambda pair: _rank(pair[1]))
    return tuple(Discovery(number, phase, found) for number, (phase, found) in enumerate(pairs, start=1))


def _rank(found: Vulnerability) -> tuple[int, int, str, str]:
    return _ORDER.index(found.gate), -found.counted_threat, found.type, found.uri or ""
