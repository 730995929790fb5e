"""Only BUILD_IDs that could be equal are compared; none that could is left out."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastflow.check.build_id_groups import BuildId, Candidates, build_ids_of, equal_pairs
from fastflow.check.facts import Facts
from fastflow.check.rules.build_id_ambiguous import build_id_ambiguous
from fastflow.pipeline import SpecText, load
from fastflow.spec import equality
from fastflow.spec.equality import Distinct, Equal, compare
from fastflow.spec.template import variables, written
from fastflow.spec.template_states import State, Symbols, word_in_state
from tests.property.template_pairs import random_pair
from tests.unit.check.findings import findings_of


def facts_of(texts: list[str]) -> Facts:
    """A spec with a recording node for each BUILD_ID."""
    nodes = "".join(
        f"  w{n}: {{build_id: '{text}', nodes: {{r: {{mode: recording}}}}}}\n" for n, text in enumerate(texts)
    )
    facts, _ = load(SpecText("spec.yml", Path(), f"workflows:\n{nodes}".encode()), None)
    assert facts is not None
    return facts


def build_ids_in(texts: list[str]) -> list[BuildId]:
    (build_ids,) = build_ids_of([facts_of(texts)]).values()
    return build_ids


@settings(max_examples=60, deadline=None)
@given(st.integers(), st.integers(2, 25))
def test_all_that_could_be_equal_are_found(seed: int, number: int) -> None:
    choice = random.Random(seed)
    templates = [random_pair(choice)[0] for _ in range(number)]
    build_ids = build_ids_in([text for text in map(written, templates) if text])
    candidates = Candidates(build_ids)
    earlier: list[BuildId] = []
    for build_id in build_ids:
        counted, others = candidates.find(build_id)
        listed = list(others)
        assert counted == len(listed)
        found = {id(other) for other in listed if candidates.may_be_equal(other, build_id)}
        for other in earlier:
            is_literal = not any(variables(other.template)) and not any(variables(build_id.template))
            if not is_literal and not isinstance(compare(other.template, build_id.template), Distinct):
                assert id(other) in found, (other.identity, build_id.identity)
        candidates.add(build_id)
        earlier.append(build_id)


@settings(max_examples=60, deadline=None)
@given(st.integers())
def test_equal_pairs_are_those_that_the_comparison_calls_equal(seed: int) -> None:
    choice = random.Random(seed)
    templates = [template for _ in range(6) for template in random_pair(choice)]
    build_ids = build_ids_in([text for text in map(written, templates) if text])
    found = {(one.identity, two.identity) for one, two in equal_pairs(build_ids)}
    assert all(first != second for first, second in found)
    for at, two in enumerate(build_ids):
        for one in build_ids[:at]:
            # One with a text that no BUILD_ID may hold is an error of its own: build-id-format.
            are_words = all(word_in_state(each.template, State.NOT_EMPTY, Symbols()) for each in (one, two))
            is_equal = isinstance(compare(one.template, two.template), Equal) and one.identity != two.identity
            assert ((one.identity, two.identity) in found) == (is_equal and are_words)


@pytest.mark.parametrize("texts", [["web${X:+}", "web"], ["${A}1", "${A-2}1"], ["a${B+}${A:-1}", "a${A:-${C+}1}"]])
def test_equal_pairs_written_differently_are_found(texts: list[str]) -> None:
    assert [(one.identity, two.identity) for one, two in equal_pairs(build_ids_in(texts))] == [tuple(texts)]


def test_thousands_of_distinct_build_ids_are_not_compared_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(equality, "compare", refuse)
    for texts in ([f"web{n}${{CI}}" for n in range(3000)], [f"n{n:04d}${{V{n}}}" for n in range(3000)]):
        assert findings_of(build_id_ambiguous, facts_of(texts)) == []


def test_each_node_has_one_finding_though_all_could_be_equal() -> None:
    found = findings_of(build_id_ambiguous, facts_of([f"${{V{n}}}" for n in range(1000)]))
    assert len(found) == 999
    assert len({finding.mark for finding in found}) == 999


def test_hostile_build_ids_end_in_one_finding_that_says_how_many_pairs_are_left() -> None:
    choice = random.Random(1)
    texts = ["".join(choice.sample("abcdefghij", 10)) + "${A}${B}" for _ in range(1000)]
    (found,) = findings_of(build_id_ambiguous, facts_of(texts))
    # Of each two, 50 looks a node were taken from all pairs.
    assert found.message.startswith(f"{1000 * 999 // 2 - 50 * 1000} pairs of BUILD_IDs were not compared")
