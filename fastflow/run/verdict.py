"""Verdicts: the meaning of a container's end and its log. Pure; every rule is based on FAST's documentation."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fastflow.record.result import Evidence, State, Vulnerability
from fastflow.run.node_log import NodeLog, advice_on, reason_of

INACTIVE = 1
"""The exit code of a recorder that its inactivity timeout ended, unless it printed an error."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a phase ended, why, what to do about it, whether another attempt may help, and the log that shows why."""

    state: State
    reason: str | None = None
    hint: str | None = None
    is_infrastructure: bool = False
    evidence: Evidence | None = None


def failed(
    reason: str, hint: str | None = None, *, is_infrastructure: bool = False, evidence: Evidence | None = None
) -> Verdict:
    """A phase that did not do its work."""
    return Verdict("failed", reason, hint, is_infrastructure, evidence)


def failed_by(log: NodeLog, error: str) -> Verdict:
    """A phase whose node printed an error."""
    return failed(reason_of(error), advice_on(error), is_infrastructure=log.is_infrastructure)


def too_few_baselines(baselines: int, least: int) -> Verdict:
    """A phase whose record holds too few baseline requests: its tests bypass the node, which would go unnoticed."""
    said = "1 baseline" if baselines == 1 else f"{baselines} baselines"
    hint = "send all tests' requests through the node, or lower min_baselines"
    return failed(f"the record has {said}, fewer than min_baselines: {least}", hint)


def failing(vulnerabilities: Iterable[Vulnerability]) -> list[Vulnerability]:
    """Those that the gate does not excuse."""
    return [found for found in vulnerabilities if found.gate == "fails"]


def vulnerable(grave: Sequence[Vulnerability], when: str = "") -> Verdict:
    """A phase that found vulnerabilities that the gate does not excuse."""
    kinds = ", ".join(sorted({found.type for found in grave}))
    count = f"{len(grave)} vulnerabilit{'y' if len(grave) == 1 else 'ies'}"
    return Verdict("vulnerable", f"{count} found{when and ' ' + when}: {kinds}")


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
    """Judge a recorder that was ready and has ended: exit code 0 if stopped from outside, 1 on error or inactivity."""
    if end.exit_code == 0 and (was_stopped or not has_source):
        return Verdict("passed")
    if end.death:
        return failed(end.death, "see its log; raise its memory limit if one is set")
    if log.error:
        return failed_by(log, log.error)
    if was_stopped:
        return failed(f"the recorder ended with exit code {end.exit_code} when it was stopped: {log.last}")
    if has_source:
        reason = f"the recorder ended by itself before its source had (exit code {end.exit_code})"
        return failed(reason, "raise inactivity_timeout, or see its log")
    if end.exit_code == INACTIVE:
        return Verdict("passed")
    return failed(f"the recorder ended with exit code {end.exit_code}: {log.last}")


def judge_testing(log: NodeLog, end: NodeEnd, vulnerabilities: Sequence[Vulnerability]) -> Verdict:
    """Judge a tester that has ended: exit code 1 means vulnerabilities or an error, and its log says which.

    Its vulnerabilities have been weighed.
    """
    if grave := failing(vulnerabilities):
        return vulnerable(grave)
    if end.death:
        return failed(end.death, "see its log; raise its memory limit if one is set")
    if not log.run:
        if log.error:
            return failed_by(log, log.error)
        return failed(f"the node ended without a test run, with exit code {end.exit_code}: {log.last or 'no output'}")
    if log.ended == "passed" and end.exit_code == 0:
        return Verdict("passed")
    if log.error:
        return failed_by(log, log.error)
    if log.ended is None:
        return failed(f"the node ended before its test run did, with exit code {end.exit_code}")
    if vulnerabilities and log.ended == "failed" and end.exit_code in (0, 1):
        return Verdict("passed", "every vulnerability found is excused by the gate")
    return failed(f"test run {log.run} {log.ended}, and the node ended with exit code {end.exit_code}", "see its log")
