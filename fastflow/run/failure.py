"""Errors that end a phase, on their way to its result."""

from fastflow.record.result import Evidence


class PhaseError(Exception):
    """A phase cannot continue."""


class StoppedError(PhaseError):
    """The run was told to stop while a phase waited."""


class OverdueError(PhaseError):
    """A phase's wait exceeded its time."""


class PhaseFailedError(PhaseError):
    """A phase cannot continue; `is_infrastructure` says whether another attempt may help."""

    def __init__(
        self,
        reason: str,
        hint: str | None = None,
        *,
        is_infrastructure: bool = False,
        evidence: Evidence | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
        self.is_infrastructure = is_infrastructure
        self.evidence = evidence
