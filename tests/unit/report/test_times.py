"""Times and durations: read as RFC 3339 has them, written as people say them."""

import pytest

from fastflow.report.times import between, duration, seconds_of, short_duration


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


@pytest.mark.parametrize("text", [None, "", "yesterday", 7])
def test_what_is_no_time_is_not_known(text: object) -> None:
    assert seconds_of(text) is None
    assert between(text, "2026-01-01T10:00:00Z") is None


def test_clocks_that_are_set_back_give_no_negative_time() -> None:
    assert between("2026-01-01T10:00:05Z", "2026-01-01T10:00:00Z") == 0
    assert between("2026-01-01T10:00:00Z", "2026-01-01T10:01:05.250Z") == 65.25
