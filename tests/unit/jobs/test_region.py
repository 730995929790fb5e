"""Marked regions: what is outside of them stays to the letter, and what was edited inside is noticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastflow.jobs.region import Region, RegionError, in_step, regions_in, whole

OLD, NEW = Region("jobs", 2, "a: 1\nb:\n  - c\n"), Region("jobs", 2, "a: 2\n")
FILE = whole(("mine: 1\njobs:\n", OLD, "more: 2\n"), "github fastflow.yml")
LINES = st.lists(st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=9), max_size=5)


def test_a_new_file_has_its_regions_between_marks() -> None:
    (found,) = regions_in(FILE, "jobs")
    assert (found.part, found.arguments, found.indent, found.is_edited) == ("jobs", "github fastflow.yml", "  ", False)
    assert FILE.splitlines()[3:6] == ["  a: 1", "  b:", "    - c"]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_only_the_region_changes(newline: str) -> None:
    text = FILE.replace("\n", newline)
    changed = in_step(text, regions_in(text, "jobs"), [NEW], "github fastflow.yml")
    assert changed.split(newline) == [
        "mine: 1",
        "jobs:",
        changed.split(newline)[2],
        "  a: 2",
        "  # <<< fastflow",
        "more: 2",
        "",
    ]
    assert in_step(changed, regions_in(changed, "jobs"), [OLD], "github fastflow.yml") == text


@given(LINES, LINES)
def test_whatever_is_around_a_region_stays(before: list[str], after: list[str]) -> None:
    region = whole((OLD,), "github x")
    text = "".join(f"{line}\n" for line in before) + region + "".join(f"{line}\n" for line in after)
    assert in_step(text, regions_in(text, "jobs"), [OLD], "github x") == text


def test_an_edit_is_noticed_whatever_ends_the_lines() -> None:
    assert regions_in(FILE.replace("a: 1", "a: 3"), "jobs")[0].is_edited
    assert not regions_in(FILE.replace("\n", " \r\n").replace(" \r\n  # <<<", "\r\n  # <<<"), "jobs")[0].is_edited


def test_a_place_that_a_user_marks_is_filled_at_its_indent_and_with_its_marks() -> None:
    text = "x {\n    // >>> fastflow ci\n\n    // <<< fastflow\n}\n"
    (found,) = regions_in(text, "jobs")
    assert (found.part, found.arguments, found.is_edited) == ("jobs", "", False)
    filled = in_step(text, [found], [NEW], "jenkins s.yml").splitlines()
    assert filled[1].startswith("    // >>> fastflow ci jenkins s.yml  # jobs ")
    assert filled[2:] == ["    a: 2", "    // <<< fastflow", "}"]


def test_text_in_a_place_that_nobody_has_filled_counts_as_an_edit() -> None:
    assert regions_in("# >>> fastflow ci github\nmine: 1\n# <<< fastflow\n", "jobs")[0].is_edited


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("# >>> fastflow ci\n", 1),
        ("a\n# <<< fastflow\n", 2),
        ("# >>> fastflow ci\n# >>> fastflow ci\n# <<< fastflow\n", 2),
    ],
)
def test_marks_that_do_not_match_are_refused_with_their_line(text: str, line: int) -> None:
    with pytest.raises(RegionError) as caught:
        regions_in(text, "jobs")
    assert caught.value.line == line
