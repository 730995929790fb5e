"""What came of a run, for people."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from fastflow.report.findings_text import clean
from fastflow.run.outcome import PhaseResult, RunResult

_SYMBOLS = {"passed": "✓", "vulnerable": "!", "failed": "✗", "skipped": "-", "cancelled": "-"}


def summary_of_run(result: RunResult, folder: str) -> str:
    """Say for each phase how it ended, for each failure why and what to do, and where the rest is."""
    width = max((len(phase.id) for phase in result.phases), default=0)
    lines: list[str] = []
    for phase in result.phases:
        lines += _phase(phase, width)
    counts = Counter(phase.state for phase in result.phases)
    said = ", ".join(f"{count} {state}" for state, count in counts.items())
    lines += [
        "",
        f"{said} in {_seconds(result.started, result.ended)}; exit code {result.exit_code}",
        f"run folder: {folder}",
    ]
    if result.leftovers:
        lines += ["could not be removed; do it with:", *(f"  {command}" for command in result.leftovers)]
    return "\n".join(clean(line) for line in lines)


def _phase(phase: PhaseResult, width: int) -> Iterator[str]:
    ids = ", ".join(identity for identity in (phase.test_record, phase.test_run) if identity)
    time = _seconds(phase.started, phase.ended) if phase.started and phase.ended else ""
    allowed = " (allowed)" if phase.allow_failure and phase.state in ("failed", "vulnerable") else ""
    yield f"{_SYMBOLS[phase.state]} {phase.id:<{width}}  {phase.state + allowed:<10}  {time:>7}  {ids}".rstrip()
    if phase.reason:
        yield f"    {phase.reason}"
    for found in phase.vulnerabilities:
        threat = f"threat {found.threat}" if found.threat is not None else "threat unknown"
        where = f" in parameter {found.parameter}" if found.parameter else ""
        yield f"    {found.type} ({threat}){where}" + (f" of {found.uri}" if found.uri else "")
    if phase.hint:
        yield f"    what to do: {phase.hint}"
    if phase.state == "failed" and phase.log:
        yield f"    log: {phase.log}"


def _seconds(started: str, ended: str) -> str:
    times = [datetime.fromisoformat(text.replace("Z", "+00:00")) for text in (started, ended)]
    return f"{(times[1] - times[0]).total_seconds():.1f} s"
