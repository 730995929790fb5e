"""The parameters of a request: each is found, and replacing one changes nothing else."""

import json
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastflow.emulator.node.baseline import Baseline
from fastflow.emulator.node.points import points_of, with_value
from tests.unit.emulator.applications import get, post, post_json, post_multipart

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=8)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
TREES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))


def names(request: Baseline) -> list[str]:
    return [point.name for point in points_of(request)]


def body_request(body: bytes, content_type: str) -> Baseline:
    headers = [(b"content-type", content_type.encode())] if content_type else []
    return Baseline("bl_1", "POST", "http://app.test/page", headers, body)


def test_parameters_of_query_and_body_are_found_in_their_order() -> None:
    request = Baseline("1", "POST", "http://a/p?a=1&b&=x&&c=", [(b"Content-Type", b"Application/JSON")], b'{"d": [1]}')
    assert [(point.name, point.place, point.value) for point in points_of(request)] == [
        ("a", "query", "1"),
        ("b", "query", ""),
        ("c", "query", ""),
        ("d[0]", "json", "1"),
    ]


def test_json_paths_name_objects_and_lists() -> None:
    content = {"items": [{"name": "a", "tags": ["x", None]}], "count": 2, "deep": {"er": True}, "none": {}, "no": []}
    assert names(post_json(content)) == ["items[0].name", "items[0].tags[0]", "items[0].tags[1]", "count", "deep.er"]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"not json", "application/json"),
        (b'{"a": NaN}', "application/json"),
        (b'{"a": 1', "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b"a=1", "text/plain"),
        (b"--XX\r\nbroken", "multipart/form-data; boundary=XX"),
        (b'--XX\r\nContent-Disposition: form-data; name="a"\r\n--XX--', "multipart/form-data; boundary=XX"),
        (b"--XX\r\n", "multipart/form-data"),
        (b"", "application/x-www-form-urlencoded"),
    ],
)
def test_a_body_without_parameters_has_none(body: bytes, content_type: str) -> None:
    assert names(body_request(body, content_type)) == []


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/vnd.api+json", "application/json; charset=utf-8"]
)
def test_json_is_known_by_its_type_or_its_look(content_type: str) -> None:
    assert names(body_request(b' {"a": 1}', content_type)) == ["a"]


def test_files_of_a_multipart_form_are_no_parameters() -> None:
    body = (
        b'--XX\r\nContent-Type: text/plain\r\ncontent-disposition: form-data; name="a b"\r\n\r\nline 1\r\nline 2\r\n'
        b'--XX\r\nContent-Disposition: form-data; name="file"; filename="x.txt"\r\n\r\ncontent\r\n--XX--\r\n'
    )
    found = points_of(body_request(body, 'multipart/form-data; boundary="XX"'))
    assert [(point.name, point.value) for point in found] == [("a b", "line 1\r\nline 2")]


def test_the_rest_of_a_url_stays_byte_for_byte() -> None:
    request = get("/p%20q;x?a=%7e+1&b=2&a=%zz&flag")
    changed = [with_value(request, point, "<' &=>").url for point in points_of(request)]
    assert changed == [
        "http://app.test/p%20q;x?a=%3C%27+%26%3D%3E&b=2&a=%zz&flag",
        "http://app.test/p%20q;x?a=%7e+1&b=%3C%27+%26%3D%3E&a=%zz&flag",
        "http://app.test/p%20q;x?a=%7e+1&b=2&a=%3C%27+%26%3D%3E&flag",
        "http://app.test/p%20q;x?a=%7e+1&b=2&a=%zz&flag=%3C%27+%26%3D%3E",
    ]


def test_the_rest_of_a_json_text_stays_byte_for_byte() -> None:
    body = '{ "é" : 1.10 ,\n "b":[1e400, "\\u00e9" ],"c":"x"}'.encode()
    request = body_request(body, "application/json")
    changed = [with_value(request, point, '"é').body.decode() for point in points_of(request)]
    assert changed == [
        '{ "é" : "\\"\\u00e9" ,\n "b":[1e400, "\\u00e9" ],"c":"x"}',
        '{ "é" : 1.10 ,\n "b":["\\"\\u00e9", "\\u00e9" ],"c":"x"}',
        '{ "é" : 1.10 ,\n "b":[1e400, "\\"\\u00e9" ],"c":"x"}',
        '{ "é" : 1.10 ,\n "b":[1e400, "\\u00e9" ],"c":"\\"\\u00e9"}',
    ]


@given(st.dictionaries(NAMES, TEXTS, min_size=1, max_size=4), TEXTS, st.data())
def test_a_replaced_form_value_is_read_back(values: dict[str, str], value: str, data: st.DataObject) -> None:
    request = post(values)
    point = data.draw(st.sampled_from(points_of(request)))
    changed = with_value(request, point, value)
    assert dict(parse_qsl(changed.body.decode(), keep_blank_values=True)) == values | {point.name: value}


@given(st.lists(st.binary(max_size=12), max_size=5), TEXTS, st.data())
def test_any_query_keeps_its_other_pieces(pieces: list[bytes], value: str, data: st.DataObject) -> None:
    pieces = [piece.replace(b"&", b"").replace(b"#", b"") for piece in pieces]
    request = Baseline("1", "GET", "http://a/?" + b"&".join(pieces).decode("latin-1"), [], b"")
    points = points_of(request)
    assert len(points) == sum(1 for piece in pieces if piece.partition(b"=")[0])
    if points:
        number = data.draw(st.integers(0, len(points) - 1))
        written = with_value(request, points[number], value).url.encode("latin-1").partition(b"?")[2].split(b"&")
        place = [at for at, piece in enumerate(pieces) if piece.partition(b"=")[0]][number]
        name, _, raw = written.pop(place).partition(b"=")
        assert name == pieces[place].partition(b"=")[0]
        assert unquote_to_bytes(raw.replace(b"+", b" ")) == value.encode()
        assert written == pieces[:place] + pieces[place + 1 :]


@given(st.dictionaries(TEXTS, TREES, max_size=4) | st.lists(TREES, max_size=4), TEXTS, st.booleans())
def test_every_scalar_of_a_json_text_can_be_replaced(content: Any, value: str, is_ascii: bool) -> None:
    request = body_request(json.dumps(content, ensure_ascii=is_ascii).encode(), "application/json")
    points = points_of(request)
    assert len(points) == len(scalars(content))
    for number, point in enumerate(points):
        expected = scalars(content)
        expected[number] = value
        assert scalars(json.loads(with_value(request, point, value).body)) == expected


def scalars(content: Any) -> list[Any]:
    if isinstance(content, dict):
        return [leaf for inner in content.values() for leaf in scalars(inner)]
    if isinstance(content, list):
        return [leaf for inner in content for leaf in scalars(inner)]
    return [content]


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), TEXTS, min_size=1, max_size=4), TEXTS)
def test_a_replaced_multipart_value_leaves_the_others(values: dict[str, str], value: str) -> None:
    request = post_multipart(values)
    for point in points_of(request):
        again = points_of(with_value(request, point, value))
        assert {one.name: one.value for one in again} == values | {point.name: value}
