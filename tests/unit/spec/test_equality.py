"""Whether two BUILD_ID templates are one BUILD_ID (TEMPLATES.md)."""

import pytest

from fastflow.spec.equality import Ambiguous, Distinct, Equal, compare
from fastflow.spec.template import are_compatible, literal_ends, parse_template, resolve


def said(first: str, second: str, *, apart: bool = False) -> object:
    return compare(parse_template(first), parse_template(second), apart=apart)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("web${CI}", "web$CI"),
        ("web${CI}", "web${CI?}"),
        ("web${CI:?set it}", "web${CI:?or else}"),
        ("web${X:+}", "web"),
        ("web${X:+}", "web${X+}"),
        ("${A}", "${A-1}"),  # where A is not set, the first is an error
        ("${A:?}", "${A:-1}"),  # where A is empty, too
        ("${A:-x-y}1", "${A-x-y}1"),  # where the default is used, it is no BUILD_ID
        ("${A:+${A}}b", "${A-}b"),
        ("web${FASTFLOW_CI_ID:-x}", "web${FASTFLOW_CI_ID}"),  # always set
        ("web${FASTFLOW_CI_ID:+x}", "webx"),
    ],
)
def test_equal_in_every_environment_that_counts(first: str, second: str) -> None:
    assert isinstance(said(first, second), Equal)
    assert isinstance(said(second, first), Equal)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("web1", "web2"),
        ("web${CI}", "api${CI}"),
        ("web${CI}", "webapi${CI}"),
        ("${X}1", "${X}2"),
        ("${X}a", "b${X}"),
        ("${X}a", "a${X}b"),
        ("${X}${X}a", "${X}"),
        ("a${X}${X}", "b${X}${X}${X}"),
        ("${X}${X}", "a${Y}${Y}"),  # an even and an odd number of letters
        ("${X}${X}ab", "ba${X}${X}b"),
        ("${A}a${A}", "${B}b${B}"),  # only the search tells
        ("web", "web${A:?}"),  # where A is empty, the second is an error
        ("web${FASTFLOW_RUN_ID}", "web"),  # never empty
        ("${A:+x}", "${B:+y}"),  # where both are empty, neither is a BUILD_ID
        ("web-1${A}", "web-1${B}"),  # never letters and digits
        ("${A:+x}${A}", "${A}1"),
    ],
)
def test_proven_distinct(first: str, second: str) -> None:
    assert isinstance(said(first, second), Distinct)
    assert isinstance(said(second, first), Distinct)


@pytest.mark.parametrize(
    ("first", "second", "witness"),
    [
        ("web${A}", "web${B}", {"A": "1", "B": "1"}),
        ("web${A}", "web", {"A": ""}),
        ("web${A}", "web17", {"A": "17"}),
        ("${A:-a}", "${A-a}", {"A": "1"}),
        ("${A:-a}", "${A:-b}", {"A": "1"}),
        ("${A:-a}", "a", {"A": "a"}),
        ("${A+b}x${B}", "bx", {"A": "1", "B": ""}),
        ("${A+b}${B:+x}", "x", {"A": None, "B": "1"}),
        ("${A}x", "x${A}", {"A": "x"}),
        ("${A}ab", "a${B}", {"A": "", "B": "b"}),
        ("${FASTFLOW_CI_ID+a}${A}", "a", {"A": "", "FASTFLOW_CI_ID": "1"}),
        ("web${FASTFLOW_RUN_ID}", "web${CI}", {"CI": "1", "FASTFLOW_RUN_ID": "1"}),
        ("${A}ab${B}", "${B}ba${A}", None),
        ("${A}${B}a", "a${B}${A}", None),
        ("${A:-${B:-x}}1", "x${C+1}", None),
    ],
)
def test_equal_in_some_environment_which_is_named(
    first: str, second: str, witness: dict[str, str | None] | None
) -> None:
    found = said(first, second)
    assert isinstance(found, Ambiguous)
    assert found.witness is not None
    if witness is not None:
        assert dict(found.witness) == witness
    one, two = (resolve(parse_template(text), found.witness.get) for text in (first, second))
    assert one == two != ""


def test_the_run_id_of_two_specs_makes_no_two_words_equal() -> None:
    assert said("web${FASTFLOW_RUN_ID}", "web${FASTFLOW_RUN_ID}", apart=True) == Distinct()
    assert said("web${FASTFLOW_RUN_ID}", "web${A}", apart=True) == Distinct()
    assert said("web${CI}", "web${CI}", apart=True) == Equal()
    assert said("web${FASTFLOW_RUN_ID}", "web${FASTFLOW_RUN_ID}") == Equal()


def test_a_run_id_that_is_a_default_only_counts_where_it_is_used() -> None:
    text = "web${CI:-${FASTFLOW_RUN_ID}}"
    assert said(text, text, apart=True) == Ambiguous({"CI": "1"})


def test_the_budget_bounds_states_and_search() -> None:
    states = "".join(f"${{V{n}-{n}}}" for n in range(40))
    found = compare(parse_template(states + "a"), parse_template("b" + states + "a${X}"), budget=300)
    assert found.steps <= 300
    words = parse_template("${A}${A}ba"), parse_template("ab${A}${A}")
    assert compare(*words, budget=10) == Ambiguous(None)
    assert compare(*words, budget=10).steps <= 10


def test_an_environment_is_named_though_the_states_are_too_many() -> None:
    first = "".join(f"${{V{n}}}" for n in range(30))
    found = compare(parse_template(first), parse_template("${X}"))
    assert isinstance(found, Ambiguous)
    assert found.witness is not None
    assert resolve(parse_template(first), found.witness.get) == found.witness["X"]


def test_equal_for_values_too_long_to_be_of_use_is_ambiguous_without_a_witness() -> None:
    assert said("${A:?}", "a" * 300) == Ambiguous(None)


def test_too_many_states_are_no_proof() -> None:
    only_where_none_is_set = "".join(f"${{V{n}+b}}" for n in range(10))
    assert said(f"{only_where_none_is_set}x", "x") == Ambiguous(None)


def test_the_same_variables_in_another_order_with_other_letters_need_no_look_at_states() -> None:
    names = "".join(f"${{V{n}}}" for n in range(30))
    found = said(f"{names}1${{W}}", f"${{W}}2{names}")
    assert found == Distinct()
    assert isinstance(found, Distinct)
    assert found.steps == 0


def test_long_literals_take_linear_time() -> None:
    long = "ab" * 500_000
    assert said(f"{long}c${{A}}", f"{long}d${{A}}") == Distinct()
    assert said(f"{long}${{A}}", f"{long}${{A}}") == Equal()


@pytest.mark.parametrize(
    ("first", "second", "fit"),
    [
        ("web${A}", "web1${A}", True),
        ("web${A}", "wab${A}", False),
        ("${A}1", "${A}21", True),
        ("${A}1", "${A}12", False),
        ("web", "w${A}b", True),
        ("web", "w${A}c", False),
        ("${A}", "web", True),
        ("", "${A}", True),
    ],
)
def test_literal_ends_tell_at_once_what_cannot_be_one_text(first: str, second: str, fit: bool) -> None:
    ends = literal_ends(parse_template(first)), literal_ends(parse_template(second))
    assert are_compatible(*ends) is fit
    assert are_compatible(*ends[::-1]) is fit
