"""A fact that differs between two runs and may be the cause of different findings."""

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

Kind: TypeAlias = Literal["spec", "policy", "compose", "image", "record", "cloud", "version"]
KINDS: tuple[Kind, ...] = get_args(Kind)
How: TypeAlias = Literal["new", "gone", "changed"]


def how(was: bool, is_now: bool) -> How:
    """Say how a fact differs that one or both of two runs have."""
    return "new" if not was else "changed" if is_now else "gone"


@dataclass(frozen=True, slots=True)
class Cause:
    """A fact that differs. A value is None if there is none, or if it is not shown."""

    kind: Kind
    what: str
    how: How
    old: str | None = None
    new: str | None = None

    @classmethod
    def of(cls, kind: Kind, what: str, old: str | None, new: str | None) -> "Cause":
        """Make a fact with its values, one of which may be None because the fact is new or gone."""
        return cls(kind, what, how(old is not None, new is not None), old, new)

    @property
    def description(self) -> str:
        """The difference in words."""
        if self.old is not None and self.new is not None:
            return f"{self.what}: {self.old} → {self.new}"
        value = self.new if self.old is None else self.old
        return f"{self.what}: {self.how}" + (f" ({value})" if value is not None else "")
