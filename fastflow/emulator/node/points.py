"""The parameters of a request, each with its place in the URL or the body: all other bytes stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import quote_plus, unquote_plus

from .baseline import Baseline
from .json_points import json_leaves, json_literal
from .multipart import multipart_fields

Place = Literal["query", "form", "multipart", "json"]


@dataclass(frozen=True)
class Point:
    """A parameter: its name, its decoded value, where it stands, and how a value is written there."""

    name: str
    place: Place
    value: str
    start: int
    end: int
    encode: Callable[[str], bytes]


def points_of(request: Baseline) -> list[Point]:
    """Find the parameters of the query and of a form or JSON body."""
    base, _, query = request.url.encode("latin-1").partition(b"?")
    return [*_pairs(query, "query", len(base) + 1), *_of_body(request)]


def _of_body(request: Baseline) -> list[Point]:
    if not request.body:
        return []
    content_type = request.header(b"content-type")
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return _pairs(request.body, "form", 0)
    if kind == "multipart/form-data":
        return [
            Point(name, "multipart", request.body[start:end].decode("utf-8", "replace"), start, end, _as_text)
            for name, start, end in multipart_fields(request.body, content_type)
        ]
    if kind.endswith(("/json", "+json")) or request.body.lstrip()[:1] in (b"{", b"["):
        return [Point(leaf.name, "json", leaf.value, *leaf.span, json_literal) for leaf in json_leaves(request.body)]
    return []


def with_value(request: Baseline, point: Point, value: str) -> Baseline:
    """Give the request with another value of one parameter."""
    written = point.encode(value)
    if point.place == "query":
        url = request.url.encode("latin-1")
        return replace(request, url=(url[: point.start] + written + url[point.end :]).decode("latin-1"))
    return replace(request, body=request.body[: point.start] + written + request.body[point.end :])


def _pairs(text: bytes, place: Place, offset: int) -> list[Point]:
    """Find `name=value` pairs; one without `=` is a parameter with an empty value."""
    points = []
    for piece in text.split(b"&"):
        name, equals, value = piece.partition(b"=")
        end = offset + len(piece)
        if name:
            encode = _as_pair if equals else _as_pair_with_sign
            points.append(Point(_decoded(name), place, _decoded(value), end - len(value), end, encode))
        offset = end + 1
    return points


def _decoded(raw: bytes) -> str:
    return unquote_plus(raw.decode("latin-1"), errors="replace")


def _as_pair(value: str) -> bytes:
    return quote_plus(value).encode()


def _as_pair_with_sign(value: str) -> bytes:
    return b"=" + _as_pair(value)


def _as_text(value: str) -> bytes:
    return value.encode("utf-8", "replace")
