"""The description of a rule, and the function that produces its findings. The rules are in `rules/`."""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

from fastflow.check.facts import Facts
from fastflow.diagnostic import Diagnostic, Related, Severity
from fastflow.model.places import Place

Level = Literal["error", "warning", "off"]


class Rule(NamedTuple):
    """A rule: its id, its usual level, what it finds, and how.

    `needs_order` rules depend on the order of phases, which cycles make meaningless. `needs_symbols` rules check
    variables, none of which are left once replaced; `needs_values` rules check their values. `needs_applications`
    rules are silent about applications that could not be read.
    `check` checks one spec, `check_all` all specs together. Findings of a rule with neither come from elsewhere: the
    reader, the model, or Compose.
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
        """Decorate the function that checks one spec; its name then refers to the rule."""
        return self._replace(check=check)

    def for_all_specs(self, check_all: Callable[[Sequence[Facts]], Iterable[Diagnostic]]) -> "Rule":
        """Decorate the function that compares all specs; its name then refers to the rule."""
        return self._replace(check_all=check_all)

    def finding(
        self,
        message: str,
        place: Place,
        hint: str | None = None,
        related: tuple[Related, ...] = (),
        severity: Severity | None = None,
    ) -> Diagnostic:
        """Make a finding at a place: an error if that is the rule's usual level, or else a warning."""
        usual = Severity.ERROR if self.level == "error" else Severity.WARNING
        return Diagnostic(self.id, severity or usual, message, place.mark, hint, related + place.related())
