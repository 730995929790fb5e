"""Word equations: can two words of letters and variables be made equal, and by which values?

A word is a text of letters and variables. Each variable is one character from `FIRST_VARIABLE` on, and stands for
one letter or more. The procedure is Levi's and Nielsen's: compare the first characters, and replace a variable by
what it must begin with, until nothing is left (Lothaire, Algebraic Combinatorics on Words, ch. 12).
"""

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from math import gcd
from typing import NamedTuple, TypeAlias

from fastflow.spec.template import without_common_ends

FIRST_VARIABLE = "\U00010000"
FREE = "1"  # the value of a variable that may have any: it looks like a build number
LONGEST_VALUE = 200
_LONG = 1000
"""Number of characters in an equation that adds one to the count of a step, whose time grows with them."""
_ROOM = 200  # characters by which an equation may grow before the search gives up on it

Equation: TypeAlias = tuple[str, str]


class Search(NamedTuple):
    """The result of a search: values for the equation at `solved`, or None; `settled` says whether None is a proof."""

    solved: int | None
    values: Mapping[str, str] | None
    settled: bool
    steps: int


class _Move(NamedTuple):
    """The step from `parent` to an equation: `variable` became `replacement`."""

    parent: Equation
    variable: str
    replacement: str


def reduce_equation(first: str, second: str) -> Equation | None:
    """Strip the common prefix and suffix, in linear time; None if it is clear that no values solve the rest."""
    one, two = sorted(without_common_ends(first, second))
    if not one:
        return (one, two) if not two else None
    if max(one[0], two[0]) < FIRST_VARIABLE or max(one[-1], two[-1]) < FIRST_VARIABLE:
        return None
    return (one, two) if _can_balance(one, two) else None


def _can_balance(one: str, two: str) -> bool:
    """Count each letter, and all characters, on both sides: the variables must make up for missing ones."""
    surplus = Counter(one)
    surplus.subtract(two)
    weights = [number for symbol, number in surplus.items() if symbol >= FIRST_VARIABLE and number]
    missing = [-number for symbol, number in surplus.items() if symbol < FIRST_VARIABLE]
    # Each variable has at least one letter: only the rest is free.
    return _has_sum(weights, sum(missing) - sum(weights)) and all(_has_sum(weights, number) for number in missing)


def _has_sum(weights: list[int], total: int) -> bool:
    """Whether multiples (from 0 on) of the weights may add up to `total`: checks divisor and sign."""
    if total == 0 or not weights:
        return total == 0
    if total % gcd(*weights):
        return False
    return max(weights) > 0 if total > 0 else min(weights) < 0


def solve(equations: Sequence[Equation], budget: int) -> Search:
    """Look for values that solve any of the reduced `equations`, breadth first, in at most `budget` steps."""
    origins: dict[Equation, int | _Move] = {}
    for at, equation in enumerate(equations):
        origins.setdefault(equation, at)
    waiting = deque(origins)
    longest = _ROOM + max((len(one) + len(two) for one, two in equations), default=0)
    settled, steps = True, 0
    while waiting:
        if steps >= budget:
            return Search(None, None, settled=False, steps=steps)
        equation = waiting.popleft()
        steps += 1 + (len(equation[0]) + len(equation[1])) // _LONG
        if equation == ("", ""):
            at, values = _trace(origins, equation)
            return Search(at, values, settled=True, steps=steps)
        for variable, replacement in _moves(equation):
            one, two = (side.replace(variable, replacement) for side in equation)
            reduced = reduce_equation(one, two)
            if reduced is None or reduced in origins:
                continue
            if len(reduced[0]) + len(reduced[1]) > longest:
                settled = False
                continue
            origins[reduced] = _Move(equation, variable, replacement)
            waiting.append(reduced)
    return Search(None, None, settled, steps)


def _moves(equation: Equation) -> Iterator[tuple[str, str]]:
    """All moves that the first characters allow; a variable alone on its side equals the other side."""
    for side, other in (equation, equation[::-1]):
        if len(side) == 1 and side >= FIRST_VARIABLE:
            yield side, other  # the balance of lengths guarantees that it is not part of the other side
            return
    one, two = equation[0][0], equation[1][0]
    if one >= FIRST_VARIABLE:
        yield one, two
        yield one, two + one
    if two >= FIRST_VARIABLE:
        if one < FIRST_VARIABLE:
            yield two, one
        yield two, one + two


def _trace(origins: Mapping[Equation, int | _Move], solved: Equation) -> tuple[int, Mapping[str, str] | None]:
    """Follow the moves back to the equation they began with; no values if they would be too long to be useful."""
    values: dict[str, str] = {}
    origin = origins[solved]
    while isinstance(origin, _Move):
        values[origin.variable] = assign(origin.replacement, values)
        if len(values[origin.variable]) > LONGEST_VALUE:
            return _root(origins, origin), None
        origin = origins[origin.parent]
    return origin, values


def _root(origins: Mapping[Equation, int | _Move], origin: int | _Move) -> int:
    while isinstance(origin, _Move):
        origin = origins[origin.parent]
    return origin


def assign(word: str, values: Mapping[str, str]) -> str:
    """Replace the variables of a word; one without a value becomes `FREE`."""
    return "".join(values.get(symbol, FREE) if symbol >= FIRST_VARIABLE else symbol for symbol in word)
