"""Text: nothing unseen, counts, and times and durations, read as RFC 3339 has them, written as people say them."""

from xml.etree import ElementTree as ET

import pytest

from fastflow.report.text import (
    between,
    clean,
    count,
    duration,
    moment,
    one_line,
    pictured,
    seconds_of,
    short_duration,
    without_breaks,
)

UNSEEN = (
    "\x00", "\x07", "\x0b", "\r", "\x1b", "\x7f", "\x85", "\x9b", "\u061c", "\u200b", "\u200f", "\u2028", "\u2029",
    "\u202a", "\u202e", "\u2060", "\u2066", "\u2069", "\ufeff", "\ufffe", "\uffff", "\ud800", "\udfff", "\U000e0041",
)  # fmt: skip


@pytest.mark.parametrize("character", UNSEEN)
def test_what_is_not_seen_is_shown_on_terminals_and_in_documents(character: str) -> None:
    assert clean(f"a{character}b") == "a\ufffdb"
    picture = chr(0x2400 + ord(character)) if character < " " else "\ufffd"
    assert pictured(f"a{character}b") == f"a{picture}b"


@pytest.mark.parametrize("text", ["", "plain\ttext\nof two lines", "Größe 大小 💥", "\u00ad\u00a0\u2007"])
def test_what_is_seen_stays(text: str) -> None:
    assert clean(text) == pictured(text) == text


def test_xml_and_utf_8_can_write_what_is_pictured() -> None:
    every = pictured("".join(map(chr, range(0x10000))))
    element = ET.Element("x")
    element.text = every
    assert ET.fromstring(ET.tostring(element, "utf-8")).text == every


def test_one_line_is_words_or_keeps_its_columns() -> None:
    text = " a  b\n\tc\u2028d\r\n"
    assert one_line(text) == "a b c d"
    assert without_breaks(text) == " a  b \tc d"


@pytest.mark.parametrize(
    ("number", "one", "text"),
    [(0, "phase", "0 phases"), (1, "vulnerability", "1 vulnerability"), (2, "vulnerability", "2 vulnerabilities"),
     (1_238, "request", "1,238 requests")],
)  # fmt: skip
def test_things_are_counted_in_words(number: int, one: str, text: str) -> None:
    assert count(number, one) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0.0 s"), (0, "0.0 s"), (59.94, "59.9 s"), (59.96, "1 min"), (200, "3 min 20 s"), (3599.6, "1 h"),
     (3600, "1 h"), (7500, "2 h 5 min"), (360_000, "100 h")],
)  # fmt: skip
def test_durations_are_said_as_people_do(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (90, "1 min 30 s")])
def test_durations_are_said_in_whole_seconds_where_these_are_enough(seconds: float, text: str) -> None:
    assert duration(seconds, digits=0) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0.0s"), (0, "0.0s"), (9.94, "9.9s"), (9.96, "10s"), (59.4, "59s"), (59.6, "1m00s"), (3599.4, "59m59s"),
     (3599.6, "1h00m"), (359_999, "99h59m"), (360_000, "4d04h")],
)  # fmt: skip
def test_durations_for_columns_are_short(seconds: float, text: str) -> None:
    assert short_duration(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(3, "3s"), (9.6, "10s"), (61, "1m01s")])
def test_estimates_for_columns_are_in_whole_seconds(seconds: float, text: str) -> None:
    assert short_duration(seconds, digits=0) == text


def test_times_are_read_in_any_zone() -> None:
    assert seconds_of("2026-01-01T10:00:00.500Z") == seconds_of("2026-01-01T11:00:00.500+01:00") == 1_767_261_600.5


@pytest.mark.parametrize(
    ("time", "text"),
    [("2026-01-01T11:00:00.500+01:00", "2026-01-01 10:00:00 UTC"), ("yesterday", "yesterday")],
)
def test_moments_are_written_in_utc(time: str, text: str) -> None:
    assert moment(time) == text


@pytest.mark.parametrize("text", [None, "", "yesterday", 7])
def test_what_is_no_time_is_not_known(text: object) -> None:
    assert seconds_of(text) is None
    assert between(text, "2026-01-01T10:00:00Z") is None


def test_clocks_that_are_set_back_give_no_negative_time() -> None:
    assert between("2026-01-01T10:00:05Z", "2026-01-01T10:00:00Z") == 0
    assert between("2026-01-01T10:00:00Z", "2026-01-01T10:01:05.250Z") == 65.25
