"""Findings as text: the caret stands below what it marks, whatever the line holds."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fastflow.diagnostic import Diagnostic, Mark, Related, Severity
from fastflow.report.colours import painted
from fastflow.report.findings_text import Sources, render_finding, render_findings, summary_of
from fastflow.report.text import clean


def excerpt(line: str, column: int, end: int, number: int = 1) -> tuple[str, str]:
    """Render a finding in a line; return the source line and the line of the caret, without what leads both."""
    text = "\n" * (number - 1) + line
    mark = Mark("f.yml", number, column, number, end)
    found = Diagnostic("a-rule", Severity.ERROR, "what", mark)
    _, source, caret = render_finding(found, Sources({"f.yml": text})).splitlines()
    at = source.index("| ") + 2
    assert caret[:at].strip() == "|"
    assert caret[at - 2] == "|"
    return source[at:], caret[at:]


def test_finding_shows_place_rule_line_other_place_and_help() -> None:
    sources = Sources({"f.yml": "a: 1\nb: 22\n"})
    found = Diagnostic(
        "a-rule",
        Severity.WARNING,
        "22 is wrong",
        Mark("f.yml", 2, 4, 2, 6),
        "write 1",
        (Related(Mark("f.yml", 1, 1, 1, 2), "as here"),),
    )
    assert render_findings([found, found], sources) == "\n".join(
        [
            """\
f.yml:2:4: warning[a-rule]: 22 is wrong
    2 | b: 22
      |    ^^
  f.yml:1:1: as here
    1 | a: 1
      | ^
  help: write 1
"""
        ]
        * 2
    )


def test_no_findings_are_no_text() -> None:
    assert render_findings([], Sources({})) == ""


@pytest.mark.parametrize(
    ("line", "marked", "before", "width"),
    [
        ("key: value", "value", "     ", 5),
        ("\tkey: value", "value", "         ", 5),
        ("größe: wert", "wert", "       ", 4),
        ("名前: 値打ち", "値打ち", "      ", 6),
        ("e\N{COMBINING ACUTE ACCENT}te\N{COMBINING ACUTE ACCENT}: ici", "ici", "     ", 3),
        ("ก\N{THAI CHARACTER SARA I}: ที่", "ที่", "   ", 1),
        ("x\N{COMBINING ENCLOSING CIRCLE}: y", "y", "   ", 1),
        ("a\N{RIGHT-TO-LEFT OVERRIDE}b: c", "c", "     ", 1),
        ("😀: smile", "smile", "    ", 5),
    ],
)
def test_caret_stands_below_what_it_marks(line: str, marked: str, before: str, width: int) -> None:
    start = line.index(marked)
    _, caret = excerpt(line, start + 1, start + len(marked) + 1)
    assert caret == before + "^" * width


@pytest.mark.parametrize("number", [1, 99_999, 100_000, 1_234_567])
def test_caret_stands_below_what_it_marks_on_lines_with_long_numbers(number: int) -> None:
    assert excerpt("a: b", 4, 5, number) == ("a: b", "   ^")


@pytest.mark.parametrize("ending", ["\r\n", "\r", "\n", "\x85", "\u2028"])
def test_lines_are_counted_as_yaml_counts_them(ending: str) -> None:
    sources = Sources({"f.yml": f"a: 1{ending}b: 2{ending}"})
    found = Diagnostic("a-rule", Severity.ERROR, "what", Mark("f.yml", 2, 4, 2, 5))
    assert render_finding(found, sources).splitlines()[1:] == ["    2 | b: 2", "      |    ^"]


def test_long_line_is_cut_round_the_mark() -> None:
    line = "a" * 300 + "XYZ" + "b" * 300
    source, caret = excerpt(line, 301, 304)
    assert (source[:3], source[-3:], len(source)) == ("...", "...", 166)
    assert source[caret.index("^") : caret.rindex("^") + 1] == "XYZ"


def test_mark_over_lines_is_underlined_to_the_end_of_its_first() -> None:
    sources = Sources({"f.yml": "a: [b,\n  c]\n"})
    found = Diagnostic("a-rule", Severity.ERROR, "what", Mark("f.yml", 1, 4, 2, 5))
    assert render_finding(found, sources).splitlines()[1:] == ["    1 | a: [b,", "      |    ^^^"]


def test_long_underline_is_light() -> None:
    _, caret = excerpt("k: " + "v" * 80, 4, 84)
    assert caret == "   " + "~" * 80


@pytest.mark.parametrize("mark", [Mark("other.yml", 1, 1, 1, 2), Mark("f.yml", 9, 1, 9, 2), Mark("f.yml", 2, 1, 2, 1)])
def test_line_that_is_not_known_or_blank_is_left_out(mark: Mark) -> None:
    text = render_finding(Diagnostic("a-rule", Severity.ERROR, "what", mark), Sources({"f.yml": "a: 1\n\n"}))
    assert text == f"{mark}: error[a-rule]: what\n"


def test_file_cannot_speak_to_the_terminal() -> None:
    line = "a: \x1b[31mred\x07"
    found = Diagnostic("a-rule", Severity.ERROR, line, Mark("f.yml", 1, 1, 1, 2), line, ())
    text = render_finding(found, Sources({"f.yml": line}))
    assert re.findall(r"[\x00-\x09\x0b-\x1f]", text) == []


LINES = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")) | st.sampled_from("\t\u0301\u200d値👍 :"), min_size=1
).filter(str.strip)


@given(LINES, st.integers(0, 10_000), st.integers(0, 40), st.integers(0, 400))
@example("値" * 200, 150, 3, 0)
@example("\t\u0301x", 2, 1, 0)
def test_caret_is_as_far_right_as_the_text_before_it_is_wide(line: str, at: int, length: int, padding: int) -> None:
    line = line + "x" * padding
    start = at % len(line)
    source, caret = excerpt(line, start + 1, start + 1 + length)
    kept = line[max(0, start - 80) if len(line) > 160 else 0 : start]
    lead = 3 if len(line) > 160 and start > 80 else 0
    shown = clean(kept.replace("\t", "    "))
    assert source[lead:].startswith(shown)
    assert len(caret) - len(caret.lstrip(" ")) == lead + sum(
        0 if unicodedata.category(one) in ("Mn", "Me", "Cf") else 2 if unicodedata.east_asian_width(one) in "WF" else 1
        for one in shown
    )
    assert set(caret.strip()) <= {"^"} or set(caret.strip()) == {"~"}
    assert caret.strip()


@pytest.mark.parametrize(
    ("severities", "files", "said"),
    [
        ([], 1, "no findings in 1 spec"),
        ([Severity.ERROR], 2, "1 error and 0 warnings in 2 specs"),
        ([Severity.ERROR, Severity.WARNING, Severity.WARNING], 1, "1 error and 2 warnings in 1 spec"),
    ],
)
def test_summary_counts(severities: list[Severity], files: int, said: str) -> None:
    found = [Diagnostic("a-rule", severity, "what", Mark("f.yml", 1, 1, 1, 2)) for severity in severities]
    assert summary_of(found, files) == said


def test_a_token_that_is_written_into_the_spec_is_in_no_excerpt() -> None:
    text = 'x-t: &t "abc\n  def"\ncloud: { token: *t, tokn: ghi }\nb: { token: \u65e5mno, c: p }\n'
    literal = [
        Diagnostic(
            "token-literal",
            Severity.ERROR,
            "m",
            Mark("f.yml", 3, 17, 3, 19),
            None,
            (Related(Mark("f.yml", 1, 6, 2, 7), "from here"),),
        ),
        Diagnostic("token-literal", Severity.ERROR, "m", Mark("f.yml", 4, 13, 4, 17)),
    ]
    other = Diagnostic("a-rule", Severity.ERROR, "m", Mark("f.yml", 4, 19, 4, 20))
    lines = render_findings([*literal, other], Sources({"f.yml": text})).splitlines()
    assert [line.partition("| ")[2] for line in lines if "| " in line] == [
        "cloud: { token: **, tokn: ghi }",
        " " * 16 + "^^",
        "x-t: *******",
        " " * 5 + "^" * 7,
        "b: { token: ****, c: p }",
        " " * 12 + "^^^^",
        "b: { token: ****, c: p }",
        " " * 18 + "^",
    ]


def test_colours_mark_the_place_the_rule_the_caret_and_the_help_and_take_no_column() -> None:
    mark = Mark("f.yml", 1, 4, 1, 5)
    found = Diagnostic("a-rule", Severity.ERROR, "wrong \x1b[31m", mark, "do this")
    sources = Sources({"f.yml": "a: 1\n"})
    text = render_finding(found, sources, painted)
    assert re.sub(r"\x1b\[[0-9;]*m", "", text) == render_finding(found, sources)
    assert re.findall(r"\x1b\[([1-9;]+)m([^\x1b]*)\x1b\[0m", text) == [
        ("1", "f.yml:1:4"), ("1;31", "error[a-rule]"), ("2", "    1 | "), ("2", "      | "), ("1;31", "^"),
        ("36", "help"),
    ]  # fmt: skip
