"""A stand-in for Selenium: opens pages on command, by HTTP, each session with its own cookies.

Its requests for pages go through the proxy that `http_proxy` names, as a browser's would.

    POST   /session                 -> {"session": ID}
    POST   /session/ID/url          {"url": URL}
    POST   /session/ID/form         {"url": URL, "fields": {NAME: TEXT}}
    DELETE /session/ID
The second and third answer with the page they came to: {"status": 200, "url": URL, "source": TEXT}.
"""

import json
import secrets
import signal
import sys
from collections.abc import Mapping
from http import HTTPStatus
from http.cookiejar import CookieJar
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

PORT = 4444
PAGE_TIMEOUT = 20  # seconds


class Browser(ThreadingHTTPServer):
    """The open sessions, and the server that takes commands for them."""

    daemon_threads = True

    def __init__(self) -> None:
        self._sessions: dict[str, OpenerDirector] = {}
        super().__init__(("", PORT), _Commands)

    def obey(self, method: str, path: str, command: Mapping[str, Any]) -> dict[str, object]:
        """Carry out one command; raises LookupError for an unknown session, command or field."""
        match method, path.strip("/").split("/"):
            case "POST", ["session"]:
                session = secrets.token_hex(8)
                self._sessions[session] = build_opener(HTTPCookieProcessor(CookieJar()))
                return {"session": session}
            case "POST", ["session", session, "url"]:
                return _load(self._sessions[session], command["url"])
            case "POST", ["session", session, "form"]:
                return _load(self._sessions[session], command["url"], urlencode(command["fields"]).encode())
            case "DELETE", ["session", session]:
                del self._sessions[session]
                return {}
        raise LookupError(path)


class _Commands(BaseHTTPRequestHandler):
    server: Browser

    def do_POST(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        """Log nothing but what fails."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            self._send(HTTPStatus.OK, self.server.obey(self.command, self.path, json.loads(body or b"{}")))
        except (LookupError, ValueError) as error:
            self._send(HTTPStatus.BAD_REQUEST, {"error": f"no such session, command or field: {error}"})
        except URLError as error:
            self._send(HTTPStatus.BAD_GATEWAY, {"error": f"the page did not load: {error.reason}"})

    def _send(self, status: HTTPStatus, value: Mapping[str, object]) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _load(opener: OpenerDirector, url: str, data: bytes | None = None) -> dict[str, object]:
    try:
        response = opener.open(url, data, timeout=PAGE_TIMEOUT)
    except HTTPError as error:  # a page like any other
        response = error
    with response:
        return {"status": response.status, "url": response.url, "source": response.read().decode("utf-8", "replace")}


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    with Browser() as browser:
        print(f"browser waits on port {PORT}", flush=True)
        browser.serve_forever()
