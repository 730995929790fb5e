"""What the page wants of a run's folder."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from fastflow.record.result import PhaseResult, RunResult


class Archived(Protocol):
    """A run as its folder tells it. `result` is None where the run was cut short; `phases` are known all the same."""

    @property
    def run(self) -> str:
        """The run's id."""

    @property
    def spec(self) -> str:
        """The spec's path."""

    @property
    def result(self) -> RunResult | None:
        """What result.json says."""

    @property
    def phases(self) -> Sequence[PhaseResult]:
        """The phases in the spec's order."""

    @property
    def events(self) -> Sequence[Mapping[str, Any]]:
        """The lines of events.jsonl."""

    @property
    def plan(self) -> Mapping[str, Any] | None:
        """The plan's JSON, where the folder has it."""

    @property
    def logs(self) -> Mapping[str, str]:
        """The texts of the logs by name: `web.record`, `web.record.source`."""

    @property
    def resolved(self) -> str | None:
        """The spec as it was resolved, tokens masked, where the folder has it."""
