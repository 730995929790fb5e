"""HAR files: what is read of them, which requests count, and which values nobody is to see."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastflow.record.har import read_har, record_name
from tests.unit.record.hars import entry, har_of


def secrets(one: dict[str, Any], *names: str) -> set[str]:
    return set(read_har(har_of(one)).secrets(names))


def test_a_record_has_the_name_of_its_phase() -> None:
    assert record_name("web.record") == "records/web.record.har"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b'{"log": {}}',
        b'{"log": {"entries": [{}]}}',
        b'{"log": {"entries": 1}}',
        b"\xff",
        b"[" * 9999,
    ],
)
def test_what_is_none_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="not a HAR file"):
        read_har(content)


def test_requests_that_were_answered_by_wanted_hosts_are_kept_with_all_else_of_the_file() -> None:
    read = read_har(har_of(entry("http://app/a"), entry("http://other/b"), entry("http://app/c", 0), entry("http://[")))
    kept = read.only(lambda host: host == "app")
    assert [one["request"]["url"] for one in kept.entries] == ["http://app/a"]
    assert read_har(kept.text().encode()) == kept
    assert json.loads(kept.text())["log"]["creator"] == {"name": "x"}


def test_the_values_of_session_headers_are_secret_and_their_parts() -> None:
    headers = [
        {"name": "Authorization", "value": "Bearer abc.def"},
        {"name": "COOKIE", "value": "id=first; theme=dark"},
        {"name": "Accept", "value": "text/html"},
    ]
    one = entry(headers=headers)
    one["response"]["headers"] = [{"name": "Set-Cookie", "value": "id=second; Path=/; HttpOnly"}]
    found = secrets(one)
    assert {"Bearer abc.def", "abc.def", "id=first; theme=dark", "first", "dark", "second"} <= found
    assert not {"text/html", "/", ""} & found


@pytest.mark.parametrize(
    "request_",
    [
        {"queryString": [{"name": "Key", "value": "s3cret-value"}]},
        {"headers": [{"name": "key", "value": "s3cret-value"}]},
        {"cookies": [{"name": "key", "value": "s3cret-value"}]},
        {"postData": {"text": "a=1&key=s3cret-value"}},
        {"postData": {"text": '{"a": [{"key": "s3cret-value"}]}'}},
    ],
    ids=lambda one: next(iter(one)),
)
def test_what_has_a_name_to_mask_is_secret_wherever_it_stands(request_: dict[str, Any]) -> None:
    assert "s3cret-value" in secrets(entry(**request_), "KEY")
    assert secrets(entry(**request_), "other") == set()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["headers", "name", "value"]), inner),
    max_leaves=8,
)


@given(JSON, JSON)
def test_no_shape_of_a_message_is_an_error(request: Any, response: Any) -> None:
    one = {"request": {"url": "http://app", "headers": request, "postData": request}, "response": {"headers": response}}
    list(read_har(har_of(one)).only(lambda _: True).secrets(["name"]))
    list(read_har(har_of(one)).secrets(["name"]))


def test_a_byte_that_is_not_utf8_is_the_character_of_latin1_in_the_record_and_among_the_secrets() -> None:
    """mitmproxy writes such a byte as half a surrogate pair, which neither UTF-8 nor many scanners can take."""
    read = read_har(har_of(entry(headers=[{"name": "Cookie", "value": "id=caf\udce9-of-ada \ud800 \U0001f512"}])))
    assert {"caf\xe9-of-ada ? \U0001f512"} <= set(read.secrets())
    assert "id=caf\xe9-of-ada ? \U0001f512" in read.text().encode().decode()


def test_halves_of_surrogate_pairs_that_are_written_as_bytes_are_none_either() -> None:
    content = har_of(entry("http://app/name")).replace(b"name", b"\xed\xb3\xa9")
    assert read_har(content).entries[0]["request"]["url"] == "http://app/\xe9"


@pytest.mark.parametrize(
    "request_",
    [
        {"url": "http://app/?a=1&key=two+words%2fmore#x"},
        {"postData": {"text": "a=1&key=two+words%2fmore"}},
    ],
    ids=lambda one: next(iter(one)),
)
def test_a_secret_of_a_form_is_one_as_it_was_sent_and_as_it_was_meant(request_: dict[str, Any]) -> None:
    assert {"two+words%2fmore", "two words/more"} <= secrets(entry(**request_), "key")


def test_a_secret_of_a_multipart_form_is_one() -> None:
    part = 'Content-Disposition: form-data; name="{}"\r\nContent-Type: text/plain\r\n\r\n{}\r\n'
    text = "--B\r\n" + "--B\r\n".join(part.format(*one) for one in (("key", "s3cret-value"), ("a", "1"))) + "--B--\r\n"
    assert secrets(entry(postData={"text": text}), "Key") == {"s3cret-value"}
