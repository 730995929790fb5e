"""The comparison of templates against brute force over short words; the large run is in benchmarks/templates.py."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from fastflow.spec.equality import Ambiguous, compare
from fastflow.spec.template import parse_template, written
from tests.property.template_pairs import brute_force, faults, random_pair


def test_no_answer_is_wrong_and_few_are_left_open() -> None:
    choice = random.Random(4)
    unsettled, wrong = 0, []
    for _ in range(1500):
        first, second = random_pair(choice)
        said = compare(first, second)
        unsettled += isinstance(said, Ambiguous) and said.witness is None
        seen = brute_force(first, second)
        wrong += [(written(first), written(second), fault) for fault in faults(first, second, said, seen)]
    assert wrong == []
    assert unsettled < 15


@settings(max_examples=150, deadline=None)
@given(st.integers())
def test_order_and_way_of_writing_make_no_difference(seed: int) -> None:
    first, second = random_pair(random.Random(seed))
    said = type(compare(first, second))
    assert type(compare(second, first)) is said or Ambiguous in (said, type(compare(second, first)))
    assert type(compare(parse_template(written(first)), parse_template(written(second)))) is said
