"""From bytes to caret: whatever stands before a value on its line, the finding is under the value and at its column."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastflow.pipeline import SpecText, check
from fastflow.report.findings_text import Sources, render_findings

LINE = "      record: {{ x-note: '{note}',{blank}mode: recording, timeout: {value}, source: {{ run: a }} }}{end}"
HEAD = ("workflows:", "  web:", "    build_id: 1", "    nodes:")
NOTES = {
    "plain": "a",
    "accents": "größe",
    "wide": "名前は値打ちです",
    "combining": "e\N{COMBINING ACUTE ACCENT}a\N{COMBINING DIAERESIS}",
    "beyond the basic plane": "😀🧪",
    "joined": "👩\N{ZERO WIDTH JOINER}💻",
    "thai": "ที่นี่",
    "right to left": "שלום",
    "long": "x" * 5_000,
    "long and wide": "値" * 3_000,
}


def rendered(
    note: str, *, value: str = "never", blank: str = " ", end: str = "", newline: str = "\n", bom: str = ""
) -> str:
    line = LINE.format(note=note, blank=blank, value=value, end=end)
    text = newline.join([*HEAD, line, ""])
    found = check([SpecText("f.yml", Path(), f"{bom}{text}".encode())], None).diagnostics
    (finding,) = found
    assert (finding.rule, finding.mark.line) == ("invalid-value", 5)
    assert line[finding.mark.column - 1 : finding.mark.end_column - 1] == value
    return render_findings(found, Sources({"f.yml": text}))


def marked(text: str) -> str:
    """What the caret's line underlines, where every character before it is one column wide."""
    source, caret = text.splitlines()[1:3]
    return source[caret.index("^") : caret.rindex("^") + 1]


@pytest.mark.parametrize("bom", ["", "\N{ZERO WIDTH NO-BREAK SPACE}"], ids=["", "bom"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=repr)
@pytest.mark.parametrize("blank", [" ", "\t", " \t\t "], ids=repr)
@pytest.mark.parametrize("note", NOTES)
def test_the_mark_is_the_value(note: str, blank: str, newline: str, bom: str) -> None:
    text = rendered(NOTES[note], blank=blank, newline=newline, bom=bom)
    assert text.splitlines()[2].strip(" |") == "^^^^^"


@pytest.mark.parametrize("note", ["plain", "accents", "right to left", "long"])
def test_the_caret_stands_below_the_value(note: str) -> None:
    assert marked(rendered(NOTES[note])) == "never"


@pytest.mark.parametrize("end", ["", " # " + "y" * 5_000])
def test_a_long_line_is_cut_on_both_sides_and_the_value_stays(end: str) -> None:
    text = rendered(NOTES["long"], end=end)
    source = text.splitlines()[1]
    assert marked(text) == "never"
    assert source[8:11] == "..."
    assert source.endswith("...") == bool(end)
    assert len(source) < 180


@given(st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"), exclude_characters="'\ufffe\uffff\ufeff")))
def test_no_text_moves_the_mark(note: str) -> None:
    rendered(note)
