"""Whether two BUILD_ID templates are one BUILD_ID: in every environment, in some, or in none.

A variable is not set, empty, or a word of letters and digits; an environment that `up` refuses does not count.
An empty text is no BUILD_ID: two that are both empty are not the same one. Both templates see the same values.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from fastflow.ci import RUN_ID
from fastflow.spec.template import Template, Variable, canonical, variables
from fastflow.spec.template_states import ALWAYS_SET, Leaf, State, Symbols, split_states
from fastflow.spec.word_equations import Equation, assign, reduce_equation, solve

BUDGET = 2000
_NEAR = 20
_MANY = 100
"""Variables in two templates for which a look at a state counts once more: its time grows with them."""
Environment: TypeAlias = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Equal:
    """The same BUILD_ID in every environment that counts. `steps` is the work that it took to tell."""

    steps: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Distinct:
    """The same BUILD_ID in no environment: proven."""

    steps: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """The same BUILD_ID in an environment such as `witness`, None in it being "not set", and not in all.

    Without a witness the budget ran out, or the values are too long to be of use: not proven distinct.
    """

    witness: Environment | None
    steps: int = field(default=0, compare=False)


Comparison: TypeAlias = Equal | Distinct | Ambiguous


def compare(first: Template, second: Template, budget: int = BUDGET, *, apart: bool = False) -> Comparison:
    """Decide about two templates in at most `budget` steps; a step is a choice of states or of a variable's begin.

    One counts for several where the templates are so long that it takes as much time.

    `apart` tells that they belong to two specs, whose FASTFLOW_RUN_IDs make no two words equal.
    """
    if first == second and not apart:
        return Equal()
    if _differs_outside(first, second):
        return Distinct()
    work = _Comparison(budget, apart)
    return work.decide(first, second)


def literal_ends(template: Template) -> tuple[str, str]:
    """Return the letters that every value of a template begins with, and those that it ends with."""
    if not template:
        return "", ""
    start, end = template[0], template[-1]
    return start if isinstance(start, str) else "", end if isinstance(end, str) else ""


def literal_letters(template: Template) -> Counter[str]:
    """Count the letters outside variables."""
    return Counter("".join(part for part in template if isinstance(part, str)))


def variable_parts(template: Template) -> list[Variable]:
    """Return the variables that stand in a template itself, defaults and all."""
    return [part for part in template if isinstance(part, Variable)]


def are_compatible(first: tuple[str, str], second: tuple[str, str]) -> bool:
    """Tell whether one text could have the literal ends of two templates."""
    starts, ends = sorted((first[0], second[0]), key=len), sorted((first[1], second[1]), key=len)
    return starts[1].startswith(starts[0]) and ends[1].endswith(ends[0])


def _differs_outside(first: Template, second: Template) -> bool:
    """Prove two templates distinct without a look at states: equal parts have equal values, whatever those are."""
    first, second = canonical(first), canonical(second)
    start, shorter = 0, min(len(first), len(second))
    while start < shorter and first[start] == second[start]:
        start += 1
    end = 0
    while end < shorter - start and first[-1 - end] == second[-1 - end]:
        end += 1
    one, two = first[start : len(first) - end], second[start : len(second) - end]
    if not are_compatible(literal_ends(one), literal_ends(two)):
        return True
    same_variables = Counter(variable_parts(one)) == Counter(variable_parts(two))
    return same_variables and literal_letters(one) != literal_letters(two)


def _assumed(template: Template) -> Iterator[str]:
    """The variables of which it counts that they are set, as they always are: they may be in no word."""
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
        # Where states have settled it already, a short search may still find an environment that is plainer.
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
        """Look at the states until it is plain that neither all nor none are equal; false where they are too many."""
        for leaf in split_states(first, second, self.symbols):
            if self.steps >= self.budget // 2:  # the rest is for the search
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
        """Write out an environment: the leaf's states, with values for the variables that are not empty."""
        texts: dict[State, str | None] = {State.EMPTY: "", State.UNSET: None}
        words = leaf.first + leaf.second
        names = [*leaf.states, *(name for name in self.symbols if self.symbols[name] in words), *self.assumed]
        return {
            name: assign(self.symbols[name], values)
            if leaf.states.get(name, State.NOT_EMPTY) is State.NOT_EMPTY
            else texts[leaf.states[name]]
            for name in dict.fromkeys(names)
        }
