"""The vulnerabilities of a run as reports list them: the most severe first, accepted ones last."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastflow.record.result import PhaseResult, Vulnerability, Weight
from fastflow.report.curl import curl_command
from fastflow.report.text import shortened
from fastflow.report.vulnerability_kinds import kind_of

GATES: dict[Weight, str] = {
    "fails": "fails the gate",
    "below": "below the gate's threat",
    "off": "the gate is off",
    "accepted": "accepted",
}
"""A gate's verdict on a vulnerability, in words; the most serious comes first."""
_ORDER = tuple(GATES)
_LONGEST_REQUEST = 60_000
_LONGEST_MESSAGE = 4_000


def threat_of(vulnerability: Vulnerability) -> str:
    """The threat in words: `threat 80`, `threat unknown`; with the name of a non-FAST scanner."""
    said = f"threat {'unknown' if vulnerability.threat is None else vulnerability.threat}"
    return f"{said}, {vulnerability.scanner}" if vulnerability.scanner else said


def acceptance(vulnerability: Vulnerability) -> str | None:
    """Say until when and why it is accepted, or until when it was; None if no entry of an accept file names it."""
    if (known := vulnerability.suppressed) is not None:
        return f"accepted{f' until {known.expires}' if known.expires else ''}: {known.reason}"
    if (former := vulnerability.expired) is not None:
        return f"accepted until {former.expires}, which has passed: {former.reason}"
    return None


def verdict_on(vulnerability: Vulnerability) -> str:
    """Return the gate's verdict on it, with the reason if an accept file names it."""
    return acceptance(vulnerability) or GATES[vulnerability.gate]


@dataclass(frozen=True, slots=True)
class Discovery:
    """One vulnerability with the phase that found it; `number` counts from 1 in the order of a report."""

    number: int
    phase: PhaseResult
    vulnerability: Vulnerability

    @property
    def level(self) -> str:
        """How prominently a report shows the threat."""
        threat = self.vulnerability.counted_threat
        return "high" if threat >= 70 else "medium" if threat >= 40 else "low"

    @property
    def name(self) -> str:
        """The type in words."""
        return kind_of(self.vulnerability.type).name

    @property
    def explanation(self) -> str:
        """An explanation of such a flaw in a sentence; "" if nothing is known of its type."""
        return kind_of(self.vulnerability.type).explanation

    @property
    def gate(self) -> str:
        """The gate's verdict on it, in words."""
        return GATES[self.vulnerability.gate]

    @property
    def place(self) -> str:
        """Method and address."""
        return " ".join(part for part in (self.vulnerability.method, self.vulnerability.uri) if part)

    @property
    def case(self) -> str:
        """Its name in the test view of a CI system; it stays the same from run to run."""
        found = self.vulnerability
        place = " ".join(part for part in (found.method, _path(found.uri)) if part)
        where = ": ".join(part for part in (place, found.parameter) if part)
        return f"{where} ({found.type})" if where else found.type

    @property
    def curl(self) -> str | None:
        """The command that sends the attack again; None if no command can do that."""
        return curl_command(self.request, self.vulnerability.uri)

    @property
    def request(self) -> str:
        """The attack as sent; a very long one is cut."""
        return shortened((self.vulnerability.request or "").replace("\r\n", "\n").rstrip(), _LONGEST_REQUEST)

    @property
    def message(self) -> str:
        """The scanner's message about it; "" if there is none, as with FAST."""
        return shortened((self.vulnerability.message or "").strip(), _LONGEST_MESSAGE)

    @property
    def description(self) -> str:
        """What was found, how severe it is, and where."""
        found = self.vulnerability
        kind = "" if self.name == found.type else f"{found.type}, "
        return f"{self.name} ({kind}{threat_of(found)}){_where(found.parameter, self.place)}"

    @property
    def failure(self) -> str:
        """What failed the gate, and until when it was accepted, if it was."""
        former = acceptance(self.vulnerability) if self.vulnerability.expired is not None else None
        return f"{self.description}; {former}" if former else self.description


def short_description(vulnerability: Vulnerability) -> str:
    """What was found, how severe it is, and where, in the scanner's words; for FAST's findings without the method."""
    one = vulnerability
    place = " ".join(part for part in (one.scanner and one.method, one.uri) if part)
    return f"{one.type} ({threat_of(one)}){_where(one.parameter, place)}"


def accept_command(run: str, fingerprint: str) -> str:
    """The command that accepts a vulnerability of a run, by the run's id or the path of its folder."""
    return f'fastflow accept {shlex.quote(run)} --fingerprint {fingerprint} --reason "WHY"'


def _path(uri: str | None) -> str:
    try:
        return urlsplit(uri or "").path
    except ValueError:  # a text that is not an address is its own path
        return uri or ""


def _where(parameter: str | None, place: str | None) -> str:
    return (f" in parameter {parameter}" if parameter else "") + (f" of {place}" if place else "")


def discoveries_of(phases: Iterable[PhaseResult]) -> tuple[Discovery, ...]:
    """List the findings of all phases, in the order of a report."""
    pairs = [(phase, found) for phase in phases for found in phase.vulnerabilities]
    pairs.sort(key=lambda pair: _rank(pair[1]))
    return tuple(Discovery(number, phase, found) for number, (phase, found) in enumerate(pairs, start=1))


def _rank(found: Vulnerability) -> tuple[int, int, str, str]:
    return _ORDER.index(found.gate), -found.counted_threat, found.type, found.uri or ""
