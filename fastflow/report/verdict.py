"""How a run ended, in a headline and a sentence; and the meaning of an empty list of vulnerabilities."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from fastflow.errors import ExitCode
from fastflow.model.mode import mode_named
from fastflow.record.result import PhaseResult, RunResult
from fastflow.report.text import count

_SIGNALS = (ExitCode.INTERRUPTED, ExitCode.TERMINATED, ExitCode.HANGUP)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a run ended. `kind` is passed, vulnerable, failed, interrupted or cut."""

    kind: str
    headline: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Empty:
    """The text for an empty list of vulnerabilities; `kind` is passed if that is good news, else unknown."""

    kind: str
    sentence: str


def verdict_of(result: RunResult | None, phases: Sequence[PhaseResult]) -> Verdict:
    """Say how a run ended; without a result it did not end."""
    said = _states(phases)
    if result is None:
        return Verdict("cut", "Cut short", f"fastflow ended before the run did. {said}")
    if result.exit_code in _SIGNALS:
        return Verdict("interrupted", "Interrupted", said)
    if result.exit_code == ExitCode.VULNERABLE:
        counted = [one for phase in phases if not phase.allow_failure for one in phase.vulnerabilities]
        found = sum(one.gate == "fails" for one in counted)
        return Verdict("vulnerable", count(found, "vulnerability") if found else "Vulnerable", said)
    if result.exit_code != ExitCode.PASSED:
        first = next((phase for phase in phases if phase.state == "failed" and not phase.allow_failure), None)
        cause = f" {first.id}: {first.reason}" if first is not None and first.reason else ""
        return Verdict("failed", "Failed", f"{said}{cause}")
    return Verdict("passed", "Passed", f"{said}{_excused(phases)}")


def _states(phases: Sequence[PhaseResult]) -> str:
    states = Counter(phase.state if phase.has_ended else "not ended" for phase in phases)
    if len(states) == 1:
        return f"{count(len(phases), 'phase')}{', all' if len(phases) > 1 else ':'} {next(iter(states))}."
    counts = ", ".join(f"{number} {state}" for state, number in states.items())
    return f"{count(len(phases), 'phase')}: {counts}." if phases else "No phase began."


def _excused(phases: Sequence[PhaseResult]) -> str:
    """Say what was found and did not fail the run, after a space; "" if nothing was."""
    known = Counter(found.gate for phase in phases for found in phase.vulnerabilities)
    total = sum(known.values())
    if not total:
        return ""
    parts = (
        (known["accepted"], "accepted"),
        (known["below"], "below the gate"),
        (known["off"], "because the gate is off"),
        (known["fails"], "in phases that may fail"),
    )
    said = ", ".join(f"{number} {how}" for number, how in parts if number)
    return f" {count(total, 'vulnerability')} did not fail it: {said}."


def empty_of(phases: Sequence[PhaseResult]) -> Empty:
    """Explain why there are no vulnerabilities: a test that did not run has found none either."""
    testers = [phase for phase in phases if mode_named(phase.mode).makes == "test run"]
    passed = sum(phase.state == "passed" for phase in testers)
    if not testers:
        return Empty("unknown", "This run had no testing phase, so vulnerabilities are unknown.")
    if passed == len(testers):
        return Empty("passed", f"No vulnerabilities: {count(passed, 'testing phase')} passed.")
    who = f"only {passed} of {len(testers)} testing phases" if passed else "no testing phase"
    return Empty("unknown", f"No vulnerabilities are known, but {who} reached a verdict.")
