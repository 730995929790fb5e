"""A test record as a HAR file, version 1.2 (http://www.softwareishard.com/blog/har-12-spec/), and the secrets in it."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypedDict
from urllib.parse import unquote_plus, urlsplit

Message: TypeAlias = Mapping[str, object]
"""A part of the file as its writer made it: a request or a response."""
RECORDS = "records"
"""The directory in a run's folder for HAR files."""
SECRET_HEADERS = ("authorization", "proxy-authorization", "cookie", "set-cookie")
_COOKIES = ("cookie", "set-cookie")
SHORTEST_SECRET = 6
"""Shorter values would mask ordinary text."""
_HALF_PAIR = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")
"""Possible halves of surrogate pairs in a JSON file; matches whole pairs too."""
_NAME_OF_PART = re.compile(r'\bname="([^"]*)"')


class Request(TypedDict):
    """The parts of a request that `read_har` has checked; the rest is as its writer made it."""

    url: str


class Entry(TypedDict):
    """A request and its response."""

    request: Request
    response: Message


@dataclass(frozen=True)
class Har:
    """The recorded requests, each with its response, as in the file."""

    log: Message
    entries: tuple[Entry, ...]

    def only(self, is_wanted: Callable[[str], bool]) -> "Har":
        """Keep only the answered requests to wanted hosts: nobody knows the meaning of an unanswered one."""
        kept = (one for one in self.entries if one["response"].get("status") and is_wanted(host_of(one)))
        return Har(self.log, tuple(kept))

    def text(self) -> str:
        """The file's content."""
        return json.dumps({"log": {**self.log, "entries": self.entries}}, ensure_ascii=False, indent=1)

    def secrets(self, names: Iterable[str] = ()) -> Iterator[str]:
        """The secret values: those of the well-known headers, and those of everything with one of these names."""
        wanted = {name.lower() for name in names}
        headers = wanted.union(SECRET_HEADERS)
        for entry in self.entries:
            for message in (entry["request"], entry["response"]):
                yield from _of_headers(message, headers)
                yield from _of_fields(message, wanted)


def record_name(phase: str) -> str:
    """The name of a recording phase's file, below the run's folder."""
    return f"{RECORDS}/{phase}.har"


def read_har(content: bytes) -> Har:
    """Read a HAR file; raises ValueError if it is not one."""
    try:
        log = _loaded(content)["log"]
        entries = log["entries"]
        for entry in entries:
            if not isinstance(entry["request"]["url"], str) or not isinstance(entry["response"], dict):
                raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ValueError("it is not a HAR file") from None
    return Har({key: value for key, value in log.items() if key != "entries"}, tuple(entries))


def _loaded(content: bytes) -> Any:
    """Read JSON without halves of surrogate pairs, which UTF-8 cannot encode.

    mitmproxy writes each byte that is not UTF-8 as one (Python's `surrogateescape`). It becomes a Latin-1 character,
    as in browsers' HAR files.
    """
    tree = json.loads(content)
    if not _HALF_PAIR.search(content):
        return tree
    text = json.dumps(tree, ensure_ascii=False)
    return json.loads(re.sub("[\udc80-\udcff]", lambda half: chr(ord(half[0]) - 0xDC00), text).encode(errors="replace"))


def host_of(entry: Entry) -> str:
    """The host that a request was sent to; "" if its address has none."""
    try:
        return urlsplit(entry["request"]["url"]).hostname or ""
    except ValueError:
        return ""


def _pairs(message: Message, *fields: str) -> Iterator[tuple[str, str]]:
    """Names and values of lists such as `headers`; items of another shape are ignored."""
    for field in fields:
        found = message.get(field)
        for one in found if isinstance(found, list) else ():
            if isinstance(one, dict) and isinstance(one.get("name"), str) and isinstance(one.get("value"), str):
                yield one["name"].lower(), one["value"]


def _of_headers(message: Message, wanted: Iterable[str]) -> Iterator[str]:
    for name, value in _pairs(message, "headers"):
        if name in wanted:
            yield value
            if name in _COOKIES:
                pairs = (part.partition("=") for part in value.split(";")[: 1 if name == "set-cookie" else None])
                yield from (cookie.strip() for _, _, cookie in pairs)
            elif " " in value:
                yield value.split(" ", 1)[1].strip()  # the credential after the scheme


def _of_fields(message: Message, wanted: Iterable[str]) -> Iterator[str]:
    if not wanted:
        return
    body = message.get("postData") or message.get("content") or {}
    text = str(body.get("text") or "") if isinstance(body, dict) else ""
    query = str(message.get("url", "")).partition("#")[0].partition("?")[2]
    found = (*_pairs(message, "cookies", "queryString"), *_in_form(query), *_in_body(text))
    yield from (value for name, value in found if name.lower() in wanted)


def _in_body(text: str) -> Iterator[tuple[str, str]]:
    """Names and values of JSON, of a form, or of a multipart form."""
    if re.match(r"\s*[\[{]", text):
        yield from _in_json(text)
    elif text.startswith("--"):
        yield from _in_parts(text)
    else:
        yield from _in_form(text)


def _in_form(text: str) -> Iterator[tuple[str, str]]:
    """Names and values of a query or a form, each value decoded and as sent."""
    for part in text.split("&") if "=" in text else ():
        name, _, value = part.partition("=")
        yield from ((unquote_plus(name), one) for one in {unquote_plus(value), value})


def _in_parts(text: str) -> Iterator[tuple[str, str]]:
    """Names and values of a form that was sent as multipart/form-data (RFC 7578)."""
    boundary = text.splitlines()[0]
    for part in text.replace("\r\n", "\n").split(boundary):
        head, _, value = part.partition("\n\n")
        if found := _NAME_OF_PART.search(head):
            yield found[1], value.removesuffix("\n")


def _in_json(text: str) -> Iterator[tuple[str, str]]:
    try:
        left = [("", json.loads(text))]
    except (ValueError, RecursionError):
        return
    while left:
        name, value = left.pop()
        if isinstance(value, dict):
            left += ((str(key), one) for key, one in value.items())
        elif isinstance(value, list):
            left += ((name, one) for one in value)
        elif isinstance(value, str | int | float):
            yield name, str(value)
