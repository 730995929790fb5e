"""Interpolation as Compose has it, against a table, and as properties over all templates."""

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastflow.spec.template import (
    Part,
    Template,
    TemplateError,
    UnsetVariableError,
    Variable,
    canonical,
    parse_template,
    resolve,
    resolve_known,
    variables,
    written,
)

ERROR = "error: "
# The text, then what it gives where V is not set, empty, and `v` (CONTRACT.md, section 1, Values).
TABLE = [
    ("$V", ERROR, "", "v"),
    ("${V}", ERROR, "", "v"),
    ("a$V-b", ERROR, "a-b", "av-b"),
    ("${V:-d}", "d", "d", "v"),
    ("${V-d}", "d", "", "v"),
    ("${V:-}", "", "", "v"),
    ("${V:?m}", ERROR + "m", ERROR + "m", "v"),
    ("${V?m}", ERROR + "m", "", "v"),
    ("${V:?}", ERROR, ERROR, "v"),
    ("${V:+a}", "", "", "a"),
    ("${V+a}", "", "a", "a"),
    ("$$V", "$V", "$V", "$V"),
    ("$${V}", "${V}", "${V}", "${V}"),
    ("$$$V", ERROR, "$", "$v"),
    ("$$", "$", "$", "$"),
    ("${V:-${W:-d}}", "d", "d", "v"),
    ("${V:-$W}", ERROR, ERROR, "v"),
    ("${V:-${X}y}", "xy", "xy", "v"),
    ("${V:-a$$b}", "a$b", "a$b", "v"),
    ("${V:+${X}${V}}", "", "", "xv"),
    ("${V+${W-d}}", "", "d", "d"),
    ("${V:?set ${X}}", ERROR + "set x", ERROR + "set x", "v"),
    ("${V:--1}", "-1", "-1", "v"),
    ("${V:-a:b}c", "a:bc", "a:bc", "vc"),
    ("${V:-a b}", "a b", "a b", "v"),
    ("${V:-{}}", "{}", "{}", "v}"),
    ("plain {x} }", "plain {x} }", "plain {x} }", "plain {x} }"),
]


@pytest.mark.parametrize(("text", "unset", "empty", "full"), TABLE)
def test_every_form_in_every_state(text: str, unset: str, empty: str, full: str) -> None:
    states: list[tuple[dict[str, str], str]] = [({}, unset), ({"V": ""}, empty), ({"V": "v"}, full)]
    for state, expected in states:
        environment = {"X": "x", **state}
        try:
            result = resolve(parse_template(text), environment.get)
        except UnsetVariableError as error:
            result = ERROR + error.demand
        assert result == expected, state


@pytest.mark.parametrize(
    ("text", "offset"),
    [("$", 0), ("a$", 1), ("$1", 0), ("${", 0), ("${}", 0), ("${V", 0), ("x${V:-a", 1), ("${V:-${W}", 0)]
    + [(text, 0) for text in ("${V!}", "${V:}", "${1V}", "${V:=d}", "${V/a/b}", "${ V}", "$-")],
)
def test_what_is_no_template_is_refused_with_its_place(text: str, offset: int) -> None:
    with pytest.raises(TemplateError) as caught:
        parse_template(text)
    assert caught.value.offset == offset
    assert caught.value.hint


def test_nesting_has_a_limit() -> None:
    with pytest.raises(TemplateError, match="nested too deeply"):
        parse_template("${V:-" * 100_000)
    assert list(variables(parse_template("${V:-" * 50 + "}" * 50))) == ["V"] * 50


@pytest.mark.parametrize("text", ["$" * 200_000, "${V}" * 100_000, "{" * 300_000, "${V:-" + "a" * 300_000 + "}"])
def test_long_texts_are_read_in_linear_time(text: str) -> None:
    began = time.process_time()
    resolve(parse_template(text), lambda _: "")
    assert time.process_time() - began < 5.0  # seconds; quadratic would be minutes


def test_lenient_means_an_unset_variable_is_empty_but_a_demand_stays_one() -> None:
    assert resolve(parse_template("a${V}$W${X:-d}"), lambda _: None, lenient=True) == "ad"
    with pytest.raises(UnsetVariableError, match="V"):
        resolve(parse_template("${V:?m}"), lambda _: None, lenient=True)


@pytest.mark.parametrize("value", ["$X", "${X}", "$$", "}", "a: [b]", "'", "\n- x"])
def test_a_value_is_literal(value: str) -> None:
    assert resolve(parse_template("<${V}|${W:-$V}|${V:+$V}>"), {"V": value}.get) == f"<{value}|{value}|{value}>"


@pytest.mark.parametrize(
    "group",
    [("${V}", "$V", "${V?m}", "${V:?m}", "${V:?other $W}"), ("${V:-$W}", "${V:-${W}}")],
)
def test_texts_that_mean_the_same_are_one_symbol(group: tuple[str, ...]) -> None:
    assert len({canonical(parse_template(text)) for text in group}) == 1


def test_texts_that_mean_different_things_are_not_one_symbol() -> None:
    texts = ["$V", "$W", "${V:-d}", "${V-d}", "${V:-e}", "${V:+d}", "${V+d}", "V", "$$V", "${V}a"]
    assert len({canonical(parse_template(text)) for text in texts}) == len(texts)


NAMES = st.sampled_from(["V", "W", "_x1"])


def templates(literals: st.SearchStrategy[str]) -> st.SearchStrategy[Template]:
    bare = NAMES.map(Variable)
    parts: st.SearchStrategy[Part] = st.recursive(
        st.one_of(literals, bare),
        lambda inner: st.builds(
            Variable, NAMES, st.sampled_from([":-", "-", ":?", "?", ":+", "+"]), st.lists(inner, max_size=3).map(tuple)
        ),
        max_leaves=8,
    )
    return st.lists(parts, max_size=4).map(tuple)


TEMPLATES = templates(st.text("ab$:?+-{ ", min_size=1, max_size=3))
STATES = [dict(zip("VW", values, strict=True)) for values in itertools.product(["", "v", "$W"], repeat=2)] + [{}]


def result_of(template: Template, environment: dict[str, str]) -> str:
    try:
        return resolve(template, environment.get)
    except UnsetVariableError as error:
        return f"{ERROR}{error}"


@given(TEMPLATES)
def test_what_is_written_reads_back_with_the_same_meaning(template: Template) -> None:
    again = parse_template(written(template))
    for environment in STATES:
        assert result_of(again, environment) == result_of(template, environment)


@given(TEMPLATES)
def test_the_canonical_form_means_the_same_where_nothing_is_missing(template: Template) -> None:
    reduced = canonical(template)
    assert canonical(reduced) == reduced
    for environment in STATES:
        result = result_of(template, environment)
        # A demand that is not met and a variable that is empty differ: such an environment ends in an error.
        if not result.startswith(ERROR):
            assert result_of(reduced, environment) == result


@given(TEMPLATES, st.sampled_from(["", "v", "$W"]))
def test_what_is_left_once_a_variable_is_known_means_the_same(template: Template, value: str) -> None:
    known = {"V": value}
    try:
        left = resolve_known(template, known)
    except UnsetVariableError:
        assert all(result_of(template, environment | known).startswith(ERROR) for environment in STATES)
        return
    again = parse_template(written(left))
    for environment in STATES:
        assert result_of(again, environment | known) == result_of(template, environment | known)
    if value:
        assert "V" not in variables(left)


@given(st.text(alphabet="$V{}:-?+a1_", max_size=12))
def test_any_text_is_a_template_or_refused(text: str) -> None:
    try:
        template = parse_template(text)
    except TemplateError as error:
        offset = error.offset
    else:
        offset = 0
        assert parse_template(written(template)) == template
    assert 0 <= offset <= len(text)
