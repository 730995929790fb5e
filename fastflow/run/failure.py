"""Work that failed, on its way to the result of its phase."""

from fastflow.run.outcome import Evidence


class PhaseFailedError(Exception):
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
