"""Why a phase does not go on: errors on their way to the result of the phase."""

from fastflow.record.result import Evidence


class PhaseError(Exception):
    """A phase does not go on."""


class StoppedError(PhaseError):
    """The run was told to stop while a phase waited."""


class OverdueError(PhaseError):
    """What a phase waited for did not come in time."""


class PhaseFailedError(PhaseError):
    """A phase cannot go on; `is_infrastructure` tells whether another attempt may help."""

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
