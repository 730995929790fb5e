"""Values go into scalars after YAML was read, and nowhere else."""

import pytest

from fastflow.spec.document import Document, Scalar, YamlPath
from fastflow.spec.interpolation import Interpolated, interpolate
from fastflow.spec.reader import read_spec


def document(text: str) -> Document:
    read = read_spec("f.yml", text.encode()).document
    assert read is not None
    return read


def scalar(result: Interpolated, *path: str | int) -> Scalar:
    node = result.document.locate(path)
    assert isinstance(node, Scalar)
    return node


@pytest.mark.parametrize(
    "value", ["a: b", "[x, y]", "{k: v}", "~", "null", "# not a comment", "x\ny: z", "*a", "$V", "&a"]
)
def test_a_value_never_becomes_structure(value: str) -> None:
    result = interpolate(document('a: ${V}\nb: "${V}"\nc: [ "$V" ]\n${V}: key\n'), {"V": value})
    assert [scalar(result, *path).text for path in [("a",), ("b",), ("c", 0)]] == [value] * 3
    assert not any(scalar(result, *path).is_null for path in [("a",), ("b",), ("c", 0)])
    assert result.document.root.key("${V}") is not None
    assert not result.diagnostics


def test_without_values_a_variable_is_a_symbol_and_its_text_stays() -> None:
    result = interpolate(document("a: x${V:-d}\nb: $$V\nc: plain\n"), None)
    assert scalar(result, "a").text == "x${V:-d}"
    assert [scalar(result, name).symbolic for name in "abc"] == [True, False, False]
    assert scalar(result, "b").text == "$V"


@pytest.mark.parametrize(
    ("text", "rule", "message"),
    [
        ("${V}", "undefined-variable", "the variable V is not set"),
        ("${V:?give it}", "undefined-variable", "the variable V is not set: give it"),
        ("${V:-$W}", "undefined-variable", "the variable W is not set"),
        ("a$", "invalid-value", "a `$` that does not start a variable"),
        ("${V", "invalid-value", "`${V` is not closed or has an unknown operator"),
    ],
)
def test_faults_stand_at_the_scalar(text: str, rule: str, message: str) -> None:
    result = interpolate(document(f"a: 1\nb: [1, '{text}']\n"), {})
    (found,) = result.diagnostics
    assert (found.rule, found.message, found.mark.line, found.mark.column) == (rule, message, 2, 8)
    assert found.hint


def test_all_faults_are_reported_in_file_order() -> None:
    result = interpolate(document("a: $A\nb: ${B:-ok}\nc: { d: $C }\n"), {})
    assert [found.mark.line for found in result.diagnostics] == [1, 3]


def test_raw_paths_are_left_alone() -> None:
    def is_raw(path: YamlPath) -> bool:
        return path[-1:] == ("raw",)

    result = interpolate(document("a: $V\nraw: { b: $V, c: 'a$' }\n"), {"V": "v"}, is_raw)
    assert (scalar(result, "a").text, scalar(result, "raw", "b").text) == ("v", "$V")
    assert not result.diagnostics


def test_lenient_interpolation_knows_no_unset_variable() -> None:
    result = interpolate(document("a: x${V}\n"), {}, lenient=True)
    assert scalar(result, "a").text == "x"
    assert not result.diagnostics


def test_places_and_origins_survive() -> None:
    result = interpolate(document("a: &x $V\nb: *x\n"), {"V": "v"})
    value = scalar(result, "b")
    assert value.origin is not None
    assert (value.text, value.mark.line, value.origin.line) == ("v", 2, 1)
