"""Adding to accept files: what was there is still there as it was, and what was added reads back."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastflow.errors import UsageError
from fastflow.model.accept import Accepted, read_accept_file
from fastflow.model.accept_writing import Addition, with_additions

ONE = Addition(Accepted("00012e5", "the admin's page: behind a VPN", date(2030, 6, 30)), "SQL injection in id")
TWO = Addition(Accepted("0f3a", "known"))


def added(text: str, *additions: Addition) -> str:
    return with_additions("known.yml", text.encode(), additions or (ONE,)).decode()


def test_a_new_file_is_a_list_of_lines() -> None:
    assert added("", ONE, TWO) == (
        "# SQL injection in id\n"
        "- fingerprint: 00012e5\n"
        '  reason: "the admin\'s page: behind a VPN"\n'
        "  expires: 2030-06-30\n"
        "- fingerprint: 0f3a\n"
        "  reason: known\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "# only a comment\n",
        "# what we live with\n- { fingerprint: z, reason: last } # first\n\n- fingerprint: a\n  reason: b",
        "  - fingerprint: a\n    reason: b\n  # the end\n",
        "---\n-   fingerprint: a\n    reason: |\n      of several\n      lines\n",
        "- fingerprint: a\r\n  reason: b\r\n",
        "\ufeff- fingerprint: a\n  reason: ä\n",
    ],
    ids=["comment", "mixed", "indented", "block", "crlf", "bom"],
)
def test_what_is_there_stays_as_it_is(text: str) -> None:
    before, after = read_accept_file("k", text.encode()), added(text, ONE, TWO)
    assert after.startswith(text)
    assert read_accept_file("k", after.encode()).entries == (*before.entries, ONE.entry, TWO.entry)
    assert ("\r\n" in text) == (after.count("\r\n") == after.count("\n"))


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "[ ] # none\n",
        "[{ fingerprint: a, reason: b }]\n# end\n",
        "[\n  { fingerprint: a, reason: b }, # why\n]\n",
        "[ { fingerprint: a, reason: b } # why\n]",
    ],
)
def test_a_list_in_brackets_stays_one(text: str) -> None:
    before, after = read_accept_file("k", text.encode()), added(text, ONE, TWO)
    rest = iter(after)
    assert all(character in rest for character in text)
    assert read_accept_file("k", after.encode()).entries == (*before.entries, ONE.entry, TWO.entry)


@pytest.mark.parametrize("text", ["- { fingerprint: a, reason: b }\n...\n", "~\n", "- { fingerprint: a }\n"])
def test_what_cannot_be_added_to_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        added(text)


WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1).map(str.strip).filter(bool)


@given(reasons=st.lists(WORDS, min_size=1, max_size=3), about=st.text(st.characters(exclude_categories=("Cs", "Cc"))))
def test_every_reason_reads_back(reasons: list[str], about: str) -> None:
    additions = [Addition(Accepted(f"f{at}", reason), about) for at, reason in enumerate(reasons)]
    for text in ("", "[]", "- fingerprint: a\n  reason: b\n"):
        read = read_accept_file("k", added(text, *additions).encode())
        assert read.entries[-len(reasons) :] == tuple(addition.entry for addition in additions)
