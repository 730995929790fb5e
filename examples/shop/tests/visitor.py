"""A visitor of the shop with a cookie jar; goes through the proxy that `http_proxy` names, as urllib does."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

SHOP_URL = os.environ.get("SHOP_URL", "http://app:3000")
TIMEOUT = 20  # seconds, for one request


@dataclass(frozen=True)
class Answer:
    """What the shop answered, after redirects."""

    status: int
    content_type: str
    text: str

    def json(self) -> Any:
        """The answer's JSON value."""
        return json.loads(self.text)


class Visitor:
    """One person with one browser."""

    def __init__(self) -> None:
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()))

    def get(self, path: str, **query: str) -> Answer:
        """Open a page."""
        return self._send(Request(SHOP_URL + path + ("?" + urlencode(query) if query else "")))

    def post(self, path: str, **form: str) -> Answer:
        """Send a form."""
        return self._send(Request(SHOP_URL + path, data=urlencode(form).encode()))

    def post_json(self, path: str, value: Mapping[str, object]) -> Answer:
        """Send a JSON value."""
        headers = {"Content-Type": "application/json"}
        return self._send(Request(SHOP_URL + path, data=json.dumps(value).encode(), headers=headers))

    def _send(self, request: Request) -> Answer:
        try:
            response = self._opener.open(request, timeout=TIMEOUT)
        except HTTPError as error:  # an answer like any other: the tests look at its status
            response = error
        with response:
            return Answer(response.status, response.headers.get_content_type(), response.read().decode())
