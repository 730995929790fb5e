"""What a rule says of itself, and the function that looks for what it finds. The rules are in `rules/`."""

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
    `check` looks at one spec, `check_all` at all specs together. A rule without them reports from where the fault
    shows: the reader, the model, or Compose.
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

    def for_each_spec(self, check: Callable[[Facts], Iterable[Diagnostic]]) -> "Rule":
        """Decorate the function that looks at one spec; its name becomes that of the rule."""
        return self._replace(check=check)

    def for_all_specs(self, check_all: Callable[[Sequence[Facts]], Iterable[Diagnostic]]) -> "Rule":
        """Decorate the function that compares all specs; its name becomes that of the rule."""
        return self._replace(check_all=check_all)

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
