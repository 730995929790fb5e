"""What adapters read of a HAR that mitmproxy wrote."""

import json
from typing import Any

import pytest

from .loading import CAPTURED, SESSION, TARGET, shared

record = shared("record")


def request(url: str, method: str = "GET", body: str = "", **headers: str) -> Any:
    return record.Request(method, url, tuple(headers.items()), body)


def test_every_recorded_request_is_read_with_its_body() -> None:
    requests = record.read_file(CAPTURED / "record.har")
    assert len(requests) == 14
    (coupon,) = [one for one in requests if one.path == "/coupon"]
    assert (coupon.method, coupon.url, coupon.body) == ("POST", f"{TARGET}/coupon", "code=SPRING")
    assert ("Content-Type", "application/x-www-form-urlencoded") in coupon.headers


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"log": {"entries": [{}]}}'])
def test_anything_else_than_a_har_is_refused(text: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        record.read_requests(text)


def test_the_session_is_the_one_that_was_recorded_last() -> None:
    assert record.session_headers(record.read_file(CAPTURED / "record.har")) == {"Cookie": SESSION}
    first = request(TARGET, **{"cookie": "a=1", "AUTHORIZATION": "Bearer 1", "X-API-Key": "k"})
    last = request(TARGET, Cookie="a=2", Accept="*/*")
    assert record.session_headers([first, last]) == {"Cookie": "a=2", "Authorization": "Bearer 1", "X-Api-Key": "k"}


@pytest.mark.parametrize(
    ("url", "is_there"),
    [
        ("http://app:3000/x", True),
        ("http://APP:3000/x", True),
        ("http://app/x", False),
        ("https://app:3000/x", False),
        ("http://app.example:3000/x", False),
        ("http://app:3000.example/x", False),
    ],
)
def test_only_requests_to_the_target_are_attacked(url: str, is_there: bool) -> None:
    try:
        kept = record.requests_to(TARGET, [request(url)])
    except ValueError:
        kept = []
    assert bool(kept) == is_there


def test_the_port_of_a_scheme_need_not_be_written() -> None:
    assert record.requests_to("https://app", [request("https://app:443/x")])


def test_requests_that_differ_in_values_are_attacked_once_with_the_last_session() -> None:
    first, last = request(f"{TARGET}/?a=1&b=", Cookie="old"), request(f"{TARGET}/?b=2&a=3", Cookie="new")
    assert record.one_of_each_shape([first, last]) == [last]


@pytest.mark.parametrize(
    "other",
    [
        request(f"{TARGET}/x?a=1&b=2"),
        request(f"{TARGET}/x?a=1", "POST"),
        request(f"{TARGET}/y?a=1"),
        request(f"{TARGET}/x?a=1", body="c=1"),
        request(f"{TARGET}/x?a=1", body=json.dumps({"d": 1})),
        request(f"{TARGET}/x?a=1", body="{ no JSON"),
    ],
)
def test_requests_with_other_parameters_are_others(other: Any) -> None:
    assert len(record.one_of_each_shape([request(f"{TARGET}/x?a=1"), other])) == 2
