"""Just enough of a web framework on WSGI: requests, responses, and routes such as `/products/{id}`."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl

BODY_LIMIT = 64 * 1024  # bytes
Environ = Mapping[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], object]


class HttpError(Exception):
    """A refusal. Its message is shown to the visitor, so it never repeats what the visitor sent."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True)
class Request:
    """One request, decoded; `arguments` are the parts of the path that the route names."""

    method: str
    path: str
    query: Mapping[str, str]
    cookies: Mapping[str, str]
    content_type: str
    body: bytes
    arguments: Mapping[str, str] = field(default_factory=dict)

    @property
    def form(self) -> Mapping[str, str]:
        """The fields of a posted form."""
        return _pairs(self.body.decode("utf-8", "replace"))

    def json(self) -> Any:
        """The posted JSON value; raises HttpError where it is none."""
        if self.content_type != "application/json":
            raise HttpError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "This takes application/json.")
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise HttpError(HTTPStatus.BAD_REQUEST, "The body is not JSON.") from None


@dataclass(frozen=True)
class Response:
    """One response, HTML unless it says otherwise."""

    body: str
    status: HTTPStatus = HTTPStatus.OK
    content_type: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


Handler = Callable[[Request], Response]


def json_response(value: object, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Answer with a JSON value."""
    return Response(json.dumps(value), status, "application/json")


def text_response(text: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Answer with plain text."""
    return Response(text, status, "text/plain; charset=utf-8")


def redirect(path: str, *headers: tuple[str, str]) -> Response:
    """Send the visitor on to another page."""
    return Response("", HTTPStatus.SEE_OTHER, headers=(("Location", path), *headers))


class Application:
    """A WSGI application made of routes; a route added later replaces one of the same method and path."""

    def __init__(self) -> None:
        self._routes: dict[tuple[str, str], tuple[re.Pattern[str], Handler]] = {}

    def add(self, method: str, path: str, handler: Handler) -> None:
        """Serve a path, in which `{name}` stands for one part, by a handler."""
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path))
        self._routes[method, path] = (re.compile(pattern), handler)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (WSGI)."""
        try:
            response = self._answer(_request(environ))
        except HttpError as error:
            response = text_response(error.message, error.status)
        body = response.body.encode("utf-8", "replace")
        headers = [
            ("Content-Type", response.content_type),
            ("Content-Length", str(len(body))),
            ("X-Content-Type-Options", "nosniff"),
            *response.headers,
        ]
        start_response(f"{response.status.value} {response.status.phrase}", headers)
        return [body]

    def _answer(self, request: Request) -> Response:
        for (method, _), (pattern, handler) in self._routes.items():
            match = pattern.fullmatch(request.path)
            if match and method == request.method:
                return handler(replace(request, arguments=match.groupdict()))
        raise HttpError(HTTPStatus.NOT_FOUND, "There is no such page.")


def _request(environ: Environ) -> Request:
    return Request(
        method=environ["REQUEST_METHOD"],
        path=environ.get("PATH_INFO") or "/",
        query=_pairs(environ.get("QUERY_STRING", "")),
        cookies=_cookies(environ.get("HTTP_COOKIE", "")),
        content_type=environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower(),
        body=_body(environ),
    )


def _body(environ: Environ) -> bytes:
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise HttpError(HTTPStatus.BAD_REQUEST, "The Content-Length is no number.") from None
    if not 0 <= length <= BODY_LIMIT:
        raise HttpError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large.")
    body: bytes = environ["wsgi.input"].read(length)
    return body


def _pairs(text: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=100))
    except ValueError:
        raise HttpError(HTTPStatus.BAD_REQUEST, "There are too many parameters.") from None


def _cookies(header: str) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}
