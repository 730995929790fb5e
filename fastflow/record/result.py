"""The results of phases and of a run, as values that go into result.json."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

from fastflow.errors import ExitCode

State: TypeAlias = Literal[
    "waiting", "starting", "ready", "running", "stopping", "passed", "vulnerable", "failed", "skipped", "cancelled"
]
END_STATES: tuple[State, ...] = ("passed", "vulnerable", "failed", "skipped", "cancelled")
FORMAT_VERSION = "1.0"
RESULT_FILE = "result.json"
UNKNOWN_THREAT = 100
"""The value that an unknown threat counts as (docs: the spec, `gate`)."""

Weight: TypeAlias = Literal["fails", "below", "accepted", "off"]
"""A gate's verdict on a vulnerability: it fails the phase, is below the threshold, is accepted, or the gate is off."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why a known vulnerability is accepted, and the last day (of UTC) on which it is."""

    reason: str
    expires: str | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """A node's finding. `threat` is 1 to 100, `uri` the attacked address without parts that differ from run to run.

    `request` is the attack as sent, without the values of headers that open a session. `gate` is the verdict of the
    phase's gate; `suppressed` says why if it is "accepted", `expired` why it was until a past day. `scanner` and
    `message` are the name of a non-FAST scanner, and its message.
    """

    type: str
    threat: int | None
    parameter: str | None
    baseline: str | None
    uri: str | None
    fingerprint: str
    method: str | None = None
    request: str | None = None
    gate: Weight = "fails"
    suppressed: Suppression | None = None
    expired: Suppression | None = None
    scanner: str | None = None
    message: str | None = None

    @property
    def counted_threat(self) -> int:
        """1 to 100: an unknown threat counts as the worst."""
        return UNKNOWN_THREAT if self.threat is None else self.threat


@dataclass(frozen=True, slots=True)
class Evidence:
    """The end of the log that shows why a phase failed: the last `lines` of the file `log`.

    `of` names the owner of the log: "the source `tests`", "service app", "the node".
    """

    of: str
    log: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PhaseResult:
    """One phase in result.json. Times are RFC 3339 in UTC; None is "unknown"."""

    id: str
    workflow: str
    host: str
    mode: str
    build_id: str | None
    state: State
    reason: str | None = None
    allow_failure: bool = False
    started: str | None = None
    ended: str | None = None
    exit_code: int | None = None
    attempts: int = 0
    test_record: str | None = None
    test_run: str | None = None
    log: str | None = None
    reports: tuple[str, ...] = ()
    vulnerabilities: tuple[Vulnerability, ...] = ()
    hint: str | None = None
    evidence: Evidence | None = None
    baselines: int | None = None
    """The number of baseline requests in its record, as far as the node reports it."""

    @property
    def has_ended(self) -> bool:
        """Whether this is final."""
        return self.state in END_STATES

    @property
    def fails_gate(self) -> bool:
        """Whether it found anything that its gate does not excuse."""
        return any(found.gate == "fails" for found in self.vulnerabilities)


@dataclass(frozen=True, slots=True)
class RunResult:
    """A run in result.json."""

    run: str
    spec: str
    exit_code: int
    started: str
    ended: str
    phases: tuple[PhaseResult, ...]
    leftovers: tuple[str, ...] = field(default=())
    """Leftovers that could not be removed, each as the command that removes it."""
    resumes: str | None = None
    """The earlier run that this one resumed."""

    def as_json(self) -> dict[str, Any]:
        """Return the content of result.json (docs: machine formats)."""
        content = asdict(self)
        return {"format_version": FORMAT_VERSION, **content}


def exit_code_of(phases: Iterable[PhaseResult], interrupted: int | None = None, broken: bool = False) -> int:
    """Return the exit code of a run, the first that applies (docs: exit codes).

    Findings count even if the phase was then cut short: a pipeline that tolerates 3 must not miss them.
    """
    if interrupted is not None:
        return interrupted
    counted = [phase for phase in phases if not phase.allow_failure]
    if any(phase.state == "vulnerable" or phase.fails_gate for phase in counted):
        return ExitCode.VULNERABLE
    if broken or any(phase.state in ("failed", "cancelled") for phase in counted):
        return ExitCode.FAILED
    return ExitCode.PASSED
