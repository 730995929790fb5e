"""The accept file: what it holds, and every fault at its place."""

from datetime import date

import pytest

from fastflow.model.accept import Accepted, read_accept_file

KNOWN = """\
# what we live with
- fingerprint: 00012e5
  reason: the admin's page
  expires: 2030-06-30
  comment: see SHOP-17
  x-owner: us
- { fingerprint: b, reason: c }
"""


def faults(text: str) -> list[tuple[str, str]]:
    return [
        (str(found.mark), f"{found.rule}: {found.message}")
        for found in read_accept_file("k.yml", text.encode()).diagnostics
    ]


def test_an_accept_file_holds_a_list_of_entries_as_written() -> None:
    read = read_accept_file("k.yml", KNOWN.encode())
    assert read.diagnostics == ()
    assert read.entries == (
        Accepted("00012e5", "the admin's page", date(2030, 6, 30), "see SHOP-17"),
        Accepted("b", "c"),
    )


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "[]", "~"])
def test_an_empty_file_accepts_nothing(text: str) -> None:
    assert read_accept_file("k.yml", text.encode()).entries == ()
    assert faults(text) == []


@pytest.mark.parametrize(
    ("day", "is_in_force"), [(date(2030, 6, 29), True), (date(2030, 6, 30), True), (date(2030, 7, 1), False)]
)
def test_an_entry_fails_again_from_the_day_after_it_expires(day: date, is_in_force: bool) -> None:
    assert ("00012e5" in read_accept_file("k.yml", KNOWN.encode()).for_day(day)) is is_in_force


@pytest.mark.parametrize(
    ("text", "mark", "message"),
    [
        ("- { fingerprint: a }", "k.yml:1:3", "invalid-value: `reason` is missing"),
        ("- { fingerprint: a, reason: '' }", "k.yml:1:3", "invalid-value: `reason` is empty"),
        ("- { reason: a }", "k.yml:1:3", "invalid-value: `fingerprint` is missing"),
        ("- { fingerprint: a, reason: [b] }", "k.yml:1:29", "invalid-value: `reason`: expected a string"),
        ("- { fingerprint: a, reason: b, resaon: c }", "k.yml:1:32", "unknown-field: unknown field `resaon`"),
        ("- a", "k.yml:1:3", "invalid-value: an entry is a mapping"),
        (
            "- fingerprint: a\n  fingerprint: b\n  reason: c",
            "k.yml:2:3",
            "duplicate-key: the key `fingerprint` is twice in this mapping",
        ),
        (
            "- { fingerprint: a, reason: b }\n- { fingerprint: a, reason: c }",
            "k.yml:2:18",
            "invalid-value: `a` is twice in this file",
        ),
        ("accepted: []", "k.yml:1:1", "yaml-syntax: the file does not contain a list"),
        ("[]\n---\n[]", "k.yml:3:1", "yaml-syntax: more than one YAML document in the file"),
        ("- }", "k.yml:1:3", "yaml-syntax: while parsing a block node, did not find expected node content"),
    ],
)
def test_each_fault_stands_at_its_place(text: str, mark: str, message: str) -> None:
    assert faults(text) == [(mark, message)]


@pytest.mark.parametrize("day", ["soon", "2030-02-30", "20300201", "2030-W01-1", "2030-01-01T00:00:00"])
def test_what_is_no_day_is_said_and_excuses_nothing(day: str) -> None:
    text = f"- {{ fingerprint: a, reason: b, expires: '{day}' }}"
    assert faults(text) == [("k.yml:1:41", f"invalid-value: `expires`: expected a day such as 2030-12-31, not `{day}`")]
    assert read_accept_file("k.yml", text.encode()).for_day(date(2026, 1, 1)) == {}


def test_all_faults_are_told_at_once_in_the_order_of_the_file() -> None:
    assert [mark for mark, _ in faults("- { reason: a }\n- 5\n- { fingerprint: a, reason: b, x: c }")] == [
        "k.yml:1:3",
        "k.yml:2:3",
        "k.yml:3:32",
    ]
