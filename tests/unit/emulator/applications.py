"""Small applications to be attacked, and two ways to attack them: in this process, and over HTTP."""

import asyncio
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastflow.emulator.http import Headers, Response
from fastflow.emulator.node.baseline import Baseline
from fastflow.emulator.node.detection import run_test_set
from fastflow.emulator.node.page import Page, read_page
from fastflow.emulator.node.target import Target

SITE = "http://app.test"


@dataclass(frozen=True)
class Asked:
    """A request as an application's framework gives it."""

    method: str
    path: str
    values: Mapping[str, str]  # of the query and of a form
    content: Any  # of a JSON body
    cookies: Mapping[str, str]
    headers: Mapping[str, str]

    def value(self, name: str) -> str:
        return self.values.get(name, "")


@dataclass(frozen=True)
class Told:
    body: str | bytes
    content_type: str = "text/html; charset=utf-8"
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


Application = Callable[[Asked], Told]


def asked(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Asked:
    parts = urlsplit(target)
    values = dict(parse_qsl(parts.query, keep_blank_values=True))
    content_type = headers.get("content-type", "")
    content: Any = None
    if content_type.startswith("application/x-www-form-urlencoded"):
        values |= dict(parse_qsl(body.decode(), keep_blank_values=True))
    elif content_type.startswith("multipart/form-data"):
        message = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
        for part in message.walk():
            name = part.get_param("name", header="content-disposition")
            payload = part.get_payload(decode=True)
            if isinstance(name, str) and isinstance(payload, bytes):
                values[name] = payload.decode()
    elif "json" in content_type:
        content = json.loads(body)
    cookies = {name: morsel.value for name, morsel in SimpleCookie(headers.get("cookie", "")).items()}
    return Asked(method, parts.path, values, content, cookies, headers)


class LocalTarget(Target):
    """Attacks an application in this process."""

    def __init__(self, application: Application) -> None:
        super().__init__(workers=6, rps=None)
        self._application = application
        self.seen: list[Baseline] = []

    async def check(self, url: str) -> None:
        """It is there."""

    async def send(self, request: Baseline) -> Page:
        self.sent += 1
        self.seen.append(request)
        headers = {key.decode().lower(): value.decode("latin-1") for key, value in request.headers}
        told = self._application(asked(request.method, request.url, headers, request.body))
        body = told.body.encode() if isinstance(told.body, str) else told.body
        known = [(key.lower().encode(), value.encode()) for key, value in told.headers]
        if told.content_type:
            known.append((b"content-type", told.content_type.encode()))
        return read_page(Response(told.status, known, body))


def found_in(application: Application, request: Baseline) -> set[tuple[str, str]]:
    """Run a test set; the types and parameters that it finds."""
    found = asyncio.run(run_test_set(LocalTarget(application), request, stops_on_first=False))
    return {(finding.type, finding.parameter) for finding in found}


def get(target: str = "/page?q=lamp", headers: Headers | None = None) -> Baseline:
    return Baseline("bl_1", "GET", SITE + target, headers or [], b"")


def post(values: Mapping[str, str], target: str = "/page") -> Baseline:
    headers = [(b"content-type", b"application/x-www-form-urlencoded")]
    return Baseline("bl_1", "POST", SITE + target, headers, urlencode(values).encode())


def post_json(content: Any, target: str = "/page") -> Baseline:
    headers = [(b"content-type", b"application/json")]
    return Baseline("bl_1", "POST", SITE + target, headers, json.dumps(content).encode())


def post_multipart(values: Mapping[str, str], target: str = "/page") -> Baseline:
    parts = [f'--XX\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{values[name]}\r\n' for name in values]
    headers = [(b"content-type", b"multipart/form-data; boundary=XX")]
    return Baseline("bl_1", "POST", SITE + target, headers, "".join((*parts, "--XX--\r\n")).encode())


@dataclass
class Site:
    """An application that is served on a port of the loopback interface."""

    url: str
    requests: list[Asked] = field(default_factory=list)

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that goes away is no fault."""


@contextmanager
def serve(application: Application, tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    site = Site("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {key.lower(): value for key, value in self.headers.items()}
            request = asked(self.command, self.path, headers, body)
            site.requests.append(request)
            told = application(request)
            content = told.body.encode() if isinstance(told.body, str) else told.body
            self.send_response(told.status)
            for key, value in (("Content-Type", told.content_type), *told.headers):
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_HEAD = answer  # noqa: N815  # names that http.server gives

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
            """Say nothing."""

    server = _Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    site.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
