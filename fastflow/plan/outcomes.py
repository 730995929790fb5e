"""The outcomes of phases in the runs that a run follows: another job of the same CI run has run them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one phase in another run: its state, and the parts of it that others use."""

    mode: str
    state: str
    build_id: str | None = None
    test_record: str | None = None
    test_run: str | None = None


Outcomes: TypeAlias = Mapping[str, Outcome]
"""By phase. A phase that is missing was not run."""
