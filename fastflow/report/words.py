"""The words of displays and reports of a run, and their marks for states, in every format."""

from collections.abc import Mapping

from fastflow.record.events import Progress
from fastflow.record.result import Evidence, PhaseResult
from fastflow.report.text import between, count, duration, short_duration

FAILURES = ("failed", "vulnerable")
LOOKS: Mapping[str, tuple[str, str]] = {
    "waiting": ("·", "dim"),
    "starting": ("▸", "yellow"),
    "ready": ("▸", "yellow"),
    "running": ("▸", "cyan"),
    "stopping": ("▸", "yellow"),
    "passed": ("✓", "green"),
    "vulnerable": ("!", "bold red"),
    "failed": ("✗", "red"),
    "skipped": ("-", "dim"),
    "cancelled": ("-", "dim"),
}
"""A symbol and a style, in rich's words, for each state that a phase can be in."""


def state_of(phase: PhaseResult) -> str:
    """The state in words; a phase that has not ended was cut short."""
    if not phase.has_ended:
        return "not begun" if phase.state == "waiting" else f"cut short while {phase.state}"
    return phase.state + (" (allowed)" if phase.allow_failure and phase.state in FAILURES else "")


def time_of(phase: PhaseResult) -> str:
    """The time that it took; "" if that is not known."""
    seconds = between(phase.started, phase.ended)
    return "" if seconds is None else duration(seconds)


def log_of(phase: PhaseResult) -> str | None:
    """The path of the log that shows how it ended."""
    return phase.evidence.log if phase.evidence else phase.log


def last_lines(evidence: Evidence) -> str:
    """Show the end of the log that shows why a phase failed, below a line that names it."""
    return "\n".join((f"The last lines of {evidence.of}:", *evidence.lines))


def shown_path(critical: tuple[str, ...], phases: int) -> tuple[str, ...]:
    """The critical path if it says more than a list of the phases does; empty otherwise."""
    return critical if phases > 2 and len(critical) > 1 else ()


def progress_text(progress: Progress) -> str:
    """Describe the progress of a test run: baselines done of all, vulnerabilities so far, requests sent, time left."""
    said = []
    if progress.baselines_done is not None and progress.baselines is not None:
        said.append(f"{progress.baselines_done} of {count(progress.baselines, 'baseline')}")
    if progress.vulnerabilities is not None:
        said.append(count(progress.vulnerabilities, "vulnerability"))
    if progress.requests is not None:
        said.append(count(progress.requests, "request"))
    if progress.seconds_left:
        said.append(f"{short_duration(progress.seconds_left, digits=0)} left")
    return ", ".join(said)
