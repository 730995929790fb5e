"""The verdicts: what a container's end and its log mean. Pure; every rule rests on FAST's documentation."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastflow.model.node import Gate
from fastflow.run.node_log import NodeLog, advice_on
from fastflow.run.outcome import State, Vulnerability

KILLED = 137
UNKNOWN_THREAT = 100


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a phase ended, why, and what to do about it."""

    state: State
    reason: str | None = None
    hint: str | None = None


def failed(reason: str, hint: str | None = None) -> Verdict:
    """A phase that did not do its work."""
    return Verdict("failed", reason, hint)


@dataclass(frozen=True, slots=True)
class NodeEnd:
    """How a node's container ended."""

    exit_code: int
    oom_killed: bool = False
    error: str = ""

    @property
    def death(self) -> str | None:
        """Say what killed the container from outside, if something did."""
        if self.oom_killed:
            return f"the node was killed by the memory limit (exit code {self.exit_code})"
        if self.exit_code >= 128:
            return f"the node was killed by signal {self.exit_code - 128} (exit code {self.exit_code})"
        if self.error:
            return f"the node did not start: {self.error}"
        return None


def judge_recording(log: NodeLog, end: NodeEnd, *, was_stopped: bool, has_source: bool) -> Verdict:
    """Judge a recorder that has ended: 0 when stopped from outside, 1 on an error or after its inactivity."""
    if log.error:
        return failed(log.error, advice_on(log.error))
    if end.death:
        return failed(end.death, "see its log; give it more memory where a limit is set")
    if not log.record:
        return failed(f"the node ended before it recorded, with exit code {end.exit_code}: {log.last or 'no output'}")
    if was_stopped:
        if end.exit_code != 0:
            return failed(f"the recorder ended with exit code {end.exit_code} when it was stopped: {log.last}")
        return Verdict("passed")
    if has_source:
        reason = f"the recorder ended by itself before its source had (exit code {end.exit_code})"
        return failed(reason, "raise inactivity_timeout, or see its log")
    return Verdict("passed")


def judge_testing(
    log: NodeLog, end: NodeEnd, vulnerabilities: Sequence[Vulnerability], gate: Gate | str | None
) -> Verdict:
    """Judge a tester that has ended: exit code 1 means vulnerabilities or an error; its log tells them apart."""
    grave = [found for found in vulnerabilities if is_grave(found, gate)]
    if grave:
        kinds = sorted({found.type for found in grave})
        count = len(grave)
        return Verdict("vulnerable", f"{count} vulnerabilit{'y' if count == 1 else 'ies'} found: {', '.join(kinds)}")
    if end.death:
        return failed(end.death, "see its log; give it more memory where a limit is set")
    if not log.run:
        if log.error:
            return failed(log.error, advice_on(log.error))
        return failed(f"the node ended without a test run, with exit code {end.exit_code}: {log.last or 'no output'}")
    excused = bool(vulnerabilities) or gate == "off"
    if log.ended == "passed" and end.exit_code == 0:
        return Verdict("passed")
    if excused and log.ended == "failed" and log.vulnerabilities and end.exit_code in (0, 1):
        return Verdict("passed", "every vulnerability found is excused by the gate")
    if log.error and log.ended is None:
        return failed(log.error, advice_on(log.error))
    if log.ended is None:
        return failed(f"the node ended before its test run did, with exit code {end.exit_code}")
    other = next((error for error in log.errors if "TestRun#" not in error), None)
    if other:
        return failed(other, advice_on(other))
    return failed(f"test run {log.run} {log.ended}, and the node ended with exit code {end.exit_code}", "see its log")


def is_grave(found: Vulnerability, gate: Gate | str | None) -> bool:
    """Tell whether a vulnerability fails its phase; a threat that is not known counts as 100."""
    if gate == "off":
        return False
    threshold = gate.threat if isinstance(gate, Gate) else None
    threat = found.threat if found.threat is not None else UNKNOWN_THREAT
    return threshold is None or threat >= threshold
