"""What reports of a run say in words, whatever their format."""

from fastflow.record.archive import Archive
from fastflow.record.result import Evidence, PhaseResult
from fastflow.report.acceptance import acceptance
from fastflow.report.html.findings import Finding


def description(finding: Finding) -> str:
    """Say in a sentence's worth of words what was found, where, and how grave it is."""
    found = finding.found
    threat = f"threat {found.threat}" if found.threat is not None else "threat not known, so 100"
    kind = "" if finding.name == found.type else f"{found.type}, "
    text = f"{finding.name} ({kind}{threat})"
    if found.parameter:
        text += f" in parameter {found.parameter}"
    if finding.place:
        text += f" of {finding.place}"
    return text


def failure(finding: Finding) -> str:
    """Say what failed the gate, and until when it was accepted, where it was."""
    former = acceptance(finding.found) if finding.found.expired is not None else None
    return f"{description(finding)}; {former}" if former else description(finding)


def verdict(finding: Finding) -> str:
    """Say what the gate made of a finding, with the reason where it is accepted."""
    return acceptance(finding.found) or finding.gate


def state_of(phase: PhaseResult) -> str:
    """The state in words; of a phase that has not ended, that it was cut short."""
    if not phase.has_ended:
        return "not begun" if phase.state == "waiting" else f"cut short while {phase.state}"
    return phase.state + (" (allowed)" if phase.allow_failure and phase.state in ("failed", "vulnerable") else "")


def last_lines(evidence: Evidence) -> str:
    """Show the end of the log that shows why a phase failed, below a line that names it."""
    return "\n".join((f"The last lines of {evidence.of}:", *evidence.lines))


def name_of_run(archive: Archive) -> str:
    """The spec's name; where it is not known, its path."""
    return str((archive.plan or {}).get("name") or archive.spec)
