"""Faults of YAML's syntax, explained in words that lead to the fix, at the place to fix."""

import pytest
import yaml

from fastflow.spec.syntax import SyntaxFault, explain_syntax


def fault(text: str) -> SyntaxFault:
    with pytest.raises(yaml.MarkedYAMLError) as caught:
        list(yaml.parse(text, Loader=yaml.CSafeLoader))
    return explain_syntax(caught.value, text)


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ('a: "b\nc: d\n', (1, 4), "the quote that begins here is never closed", 'end the string with "'),
        ("a: 'b\n", (1, 4), "the quote that begins here is never closed", "end the string with '"),
        ("a: { b: c\nd: e\n", (1, 4), "the `{` that opens here is not closed", "close it: }"),
        ("a: [b, c\n", (1, 4), "the `[` that opens here is not closed", "close it: ]"),
        ("a: { b: ${C} }\n", (1, 10), "did not find", "put quotes around a variable inside"),
        ("a: b: c\n", (1, 5), "a second `: ` in one line", "put quotes around a string that contains"),
        ("a:\n  b:c\n  d: e\n", (2, 3), "`b:c` is one string", "add a space after the colon: b: c"),
        ("a: b\n  c: d\n", (2, 4), "a key cannot follow the value of line 1", "let that line end with a colon"),
        ("a:\n    b: c\n  d: e\n", (3, 3), "this line is indented by 2", "indent all keys of a mapping equally"),
        ("a:\n    - b\n  - c\n", (3, 3), "this line is indented by 2", "indent all keys of a mapping equally"),
        ("a: 'b' c\n", (1, 8), "the value had already ended here", "quotes around the whole value"),
        ("a: @b\n", (1, 4), "an unquoted string cannot begin with `@`", "put quotes around it"),
        ("a: `b`\n", (1, 4), "an unquoted string cannot begin with ```", "put quotes around it"),
        ("a: *.b\n", (1, 4), "`*` starts a YAML anchor or alias", 'such as a glob: "*.test"'),
        ("a: & b\n", (1, 4), "`&` starts a YAML anchor", "put quotes around a string"),
        ("a:\n\tb: c\n", (2, 1), "cannot start any token", "use spaces"),
        ("- }\n", (1, 3), "did not find expected node content", "check brackets"),
    ],
)
def test_a_fault_stands_where_it_is_mended(text: str, place: tuple[int, int], message: str, hint: str) -> None:
    found = fault(text)
    assert (found.line, found.column) == place
    assert message in found.message
    assert hint in found.hint


def test_a_mapping_over_several_lines_that_lacks_a_comma_is_not_taken_for_one_that_is_not_closed() -> None:
    found = fault("a: {\n  b: c\n  d: e,\n}\n")
    assert (found.message, found.line) == ("expected `,` or `}` here", 3)
    assert (found.begins, found.begins_message) == ((1, 4), "the `{` opens here")


def test_lines_are_counted_as_yaml_counts_them() -> None:
    assert fault("# a\x85# b\r# c\u2028d: b: c\n").message == "a second `: ` in one line"


@pytest.mark.parametrize("blanks", [100_000])
def test_a_long_line_takes_no_time(blanks: int) -> None:
    found = fault(f"a:b{' ' * blanks}x\n{' ' * blanks}c: d\n")
    assert len(found.message) < 200
