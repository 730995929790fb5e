"""Words of letters and variables: what is plain at once, and what the search finds."""

import pytest

from fastflow.spec.word_equations import FIRST_VARIABLE, assign, reduce_equation, solve

X, Y, Z = (chr(ord(FIRST_VARIABLE) + number) for number in range(3))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a" + X, "b" + Y),
        (X + "a", Y + "b"),
        (X, X + "a"),
        (X, X + Y),
        (X + Y, "a"),  # two variables are two letters at least
        ("a" + X, X + "b"),  # an `a` more than the other has
        (X + X, "a" + Y + Y),  # an even and an odd number of letters
        (X + X + Y + Y, "aba"),
        (X + "ab" + X, Y + "bb" + Y),  # an even and an odd number of `a`
    ],
)
def test_what_can_have_no_solution_is_refused_without_a_search(first: str, second: str) -> None:
    assert reduce_equation(first, second) is None
    assert reduce_equation(second, first) is None


@pytest.mark.parametrize(
    ("first", "second", "reduced"),
    [
        ("ab" + X, "ab" + X, ("", "")),
        ("ab" + X + "c", "a" + Y + "c", ("b" + X, Y)),
        ("aaa" + X, "aa" + X, None),
        ("a" + X + "a", "a" + Y + "a", (X, Y)),
        ("aXa".replace("X", X), "a" + X + X + "a", None),
    ],
)
def test_common_ends_are_stripped_and_no_character_twice(
    first: str, second: str, reduced: tuple[str, str] | None
) -> None:
    assert reduce_equation(first, second) == reduced


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (X, "abc"),
        (X + "b", "a" + Y),
        (X + "ab" + Y, Y + "ba" + X),
        (X + Y + "a", "a" + Y + X),
        (X + Y + Z, Z + "a" + X + "b"),
        ("a" + X + "b" + X, Y + "ab" + Z),
        (X + X + Y, Y + "abab"),
    ],
)
def test_values_that_are_found_solve_the_equation(first: str, second: str) -> None:
    reduced = reduce_equation(first, second)
    assert reduced is not None
    search = solve([reduced], 2000)
    assert search.solved == 0
    assert search.values is not None
    assert assign(first, search.values) == assign(second, search.values)


@pytest.mark.parametrize("is_first", [True, False])
def test_the_search_is_breadth_first_over_all_equations(is_first: bool) -> None:
    endless = (X + X + "ba", "ab" + X + X)
    near = (X + "b" + Y + "c" + X, "ab" + Z)
    search = solve([near, endless] if is_first else [endless, near], 2000)
    assert search.solved == (0 if is_first else 1)
    assert search.steps < 20


def test_without_a_solution_only_a_whole_search_is_a_proof() -> None:
    assert solve([], 10).settled
    never = solve([(X + "a" + X, Y + "b" + Y)], 2000)
    assert (never.solved, never.settled) == (None, True)
    growing = solve([(X + X + "ba", "ab" + X + X)], 2000)
    assert (growing.solved, growing.settled) == (None, False)
    assert growing.steps < 2000  # given up for its length


def test_values_too_long_to_be_of_use_are_not_named_but_their_equation_is() -> None:
    search = solve([(X + "a" + X, Y + "b" + Y), (X, "a" * 300)], 2000)
    assert search.solved == 1
    assert search.values is None
