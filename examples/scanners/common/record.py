"""Reads a HAR 1.2 file: the requests that were recorded, and the headers that carry a session."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

SESSION_HEADERS = ("authorization", "cookie", "x-api-key", "x-auth-token")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Request:
    """One recorded request."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""

    @property
    def origin(self) -> tuple[str, str, int | None]:
        """Scheme, host and port."""
        return origin(self.url)

    @property
    def path(self) -> str:
        """The path of the URL, without its query."""
        return urlsplit(self.url).path or "/"

    @property
    def shape(self) -> tuple[object, ...]:
        """Equal for requests that differ in nothing but the values of their parameters."""
        query = (name for name, _ in parse_qsl(urlsplit(self.url).query, keep_blank_values=True))
        return self.method, self.path, tuple(sorted(query)), tuple(sorted(_fields(self.body)))


def read_requests(har: str) -> list[Request]:
    """Read the requests of a HAR in their order; raises ValueError, KeyError or TypeError for anything else."""
    return [_request(entry["request"]) for entry in json.loads(har)["log"]["entries"]]


def requests_to(target: str, requests: Iterable[Request]) -> list[Request]:
    """The requests that went to the target's scheme, host and port."""
    return [request for request in requests if request.origin == origin(target)]


def one_of_each_shape(requests: Iterable[Request]) -> list[Request]:
    """Of requests that differ only in values the last: its session is the freshest."""
    return list({request.shape: request for request in requests}.values())


def session_headers(requests: Iterable[Request]) -> dict[str, str]:
    """The headers that carry a session, each with the value that was recorded last."""
    return {
        name.title(): value
        for request in requests
        for name, value in request.headers
        if name.lower() in SESSION_HEADERS
    }


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of a URL, the port by its scheme if it has none; raises ValueError."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme)


def read_file(path: Path) -> list[Request]:
    """Read a HAR file; raises OSError, ValueError, KeyError or TypeError."""
    return read_requests(path.read_text(encoding="utf-8"))


def _request(request: dict[str, Any]) -> Request:
    headers = tuple((header["name"], header["value"]) for header in request["headers"])
    return Request(request["method"], request["url"], headers, (request.get("postData") or {}).get("text") or "")


def _fields(body: str) -> Iterator[str]:
    """The names of a form's or of a JSON object's fields."""
    try:
        value = json.loads(body) if body.lstrip().startswith("{") else dict(parse_qsl(body, keep_blank_values=True))
    except ValueError:
        value = {body: ""}
    yield from value
