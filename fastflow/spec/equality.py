"""Whether two BUILD_ID templates are the same BUILD_ID: in every environment, in some, or in none.

A variable is unset, empty, or a word of letters and digits; an environment that `up` refuses does not count.
An empty text is not a BUILD_ID, so two empty ones are not the same. Both templates see the same values.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from fastflow.ci import RUN_ID
from fastflow.spec.template import Template, differs_outside, variable_parts, variables
from fastflow.spec.template_states import ALWAYS_SET, Leaf, State, Symbols, split_states
from fastflow.spec.word_equations import Equation, assign, reduce_equation, solve

BUDGET = 2000
_NEAR = 20
_MANY = 100
"""Number of variables in two templates that adds a step to each look at a state, whose time grows with them."""
Environment: TypeAlias = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Equal:
    """The same BUILD_ID in every environment that counts. `steps` is the work that the proof took."""

    steps: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Distinct:
    """The same BUILD_ID in no environment: proven."""

    steps: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """The same BUILD_ID in some environments, such as `witness` (None in it means "not set"), but not in all.

    Without a witness, the budget ran out, or the values are too long to be useful: not proven distinct.
    """

    witness: Environment | None
    steps: int = field(default=0, compare=False)


Comparison: TypeAlias = Equal | Distinct | Ambiguous


def compare(first: Template, second: Template, budget: int = BUDGET, *, apart: bool = False) -> Comparison:
    """Compare two templates in at most `budget` steps; a step is a choice of states or of a variable's beginning.

    A step counts as several if the templates are so long that it takes as much time.

    `apart` means that they belong to two specs, whose FASTFLOW_RUN_IDs make no two words equal.
    """
    if first == second and not apart:
        return Equal()
    if differs_outside(first, second):
        return Distinct()
    work = _Comparison(budget, apart)
    return work.decide(first, second)


def _assumed(template: Template) -> Iterator[str]:
    """Variables whose being set matters, and which always are; they need not be in a word."""
    for variable in variable_parts(template):
        if variable.name in ALWAYS_SET and variable.operator.endswith("+"):
            yield variable.name
        yield from _assumed(variable.word)


class _Comparison:
    def __init__(self, budget: int, apart: bool) -> None:
        self.budget = budget
        self.apart = apart
        self.symbols = Symbols()
        self.assumed: tuple[str, ...] = ()
        self.cost = 1
        self.steps = 0
        self.equal: Leaf | None = None
        self.differs = False
        self.open: dict[Equation, Leaf] = {}

    def decide(self, first: Template, second: Template) -> Comparison:
        self.assumed = (*_assumed(first), *_assumed(second))
        self.cost = 1 + sum(1 for template in (first, second) for _ in variables(template)) // _MANY
        is_whole = self._split(first, second)
        if self.equal is not None and is_whole and not self.differs:
            return Equal(self.steps)
        # If states have settled it already, a short search may still find a simpler environment.
        search = solve(tuple(self.open), self.budget - self.steps if self.equal is None else _NEAR)
        self.steps += search.steps
        if search.solved is not None and search.values is not None:
            leaf = tuple(self.open.values())[search.solved]
            return Ambiguous(self._witness(leaf, search.values), self.steps)
        if self.equal is not None:
            return Ambiguous(self._witness(self.equal, {}), self.steps)
        is_proof = is_whole and search.settled and search.solved is None
        return Distinct(self.steps) if is_proof else Ambiguous(None, self.steps)

    def _split(self, first: Template, second: Template) -> bool:
        """Look at states until it is clear that neither all nor none are equal; false if there are too many."""
        for leaf in split_states(first, second, self.symbols):
            if self.steps >= self.budget // 2:  # the rest of the budget is for the search
                return False
            self.steps += self.cost
            if leaf is not None:
                self._look_at(leaf)
            if self.equal is not None and self.differs:
                break
        return True

    def _look_at(self, leaf: Leaf) -> None:
        if leaf.first == leaf.second:
            if leaf.first and not self._is_of_two_runs(leaf):
                self.equal = self.equal or leaf
            self.differs = self.differs or self._is_of_two_runs(leaf)
            return
        self.differs = True
        equation = reduce_equation(leaf.first, leaf.second)
        if equation is not None and not self._is_of_two_runs(leaf):
            self.open.setdefault(equation, leaf)

    def _is_of_two_runs(self, leaf: Leaf) -> bool:
        return self.apart and RUN_ID in self.symbols and self.symbols[RUN_ID] in leaf.first + leaf.second

    def _witness(self, leaf: Leaf, values: Mapping[str, str]) -> Environment:
        """Build an environment: the leaf's states, with values for the variables that are not empty."""
        texts: dict[State, str | None] = {State.EMPTY: "", State.UNSET: None}
        words = leaf.first + leaf.second
        names = [*leaf.states, *(name for name in self.symbols if self.symbols[name] in words), *self.assumed]
        return {
            name: assign(self.symbols[name], values)
            if leaf.states.get(name, State.NOT_EMPTY) is State.NOT_EMPTY
            else texts[leaf.states[name]]
            for name in dict.fromkeys(names)
        }
