"""What a rule says of itself; each has a file in `rules/` that begins with it."""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

from fastflow.check.facts import Facts
from fastflow.diagnostic import Diagnostic, Related, Severity
from fastflow.model.places import Place

Level = Literal["error", "warning", "off"]


class Rule(NamedTuple):
    """A rule: its id, its usual level, what it finds, and how.

    `needs_order` rules ask what comes before what, which cycles make void; `needs_symbols` rules look at variables,
    of which none are left where they were replaced, `needs_values` rules at what they hold; `needs_applications`
    rules are silent about what could not be read.
    `check` and `check_all` are the functions of these names in the rule's file. A rule without them reports from where
    the fault shows: the reader, the model, or Compose.
    """

    id: str
    level: Level
    finds: str
    needs_order: bool = False
    needs_symbols: bool = False
    needs_applications: bool = False
    needs_values: bool = False
    is_offline: bool = True
    can_be_silenced: bool = True
    check: Callable[[Facts], Iterable[Diagnostic]] | None = None
    check_all: Callable[[Sequence[Facts]], Iterable[Diagnostic]] | None = None

    def finding(
        self,
        message: str,
        place: Place,
        hint: str | None = None,
        related: tuple[Related, ...] = (),
        severity: Severity | None = None,
    ) -> Diagnostic:
        """Make a finding at a place: an error where that is the rule's usual level, or else a warning."""
        usual = Severity.ERROR if self.level == "error" else Severity.WARNING
        return Diagnostic(self.id, severity or usual, message, place.mark, hint, related + place.related())
