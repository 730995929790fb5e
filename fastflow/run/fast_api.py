"""Wallarm's public FAST API, used for one question: the result of a test run."""

import http.client
import json
import ssl
import time
import urllib.request
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import quote, urlsplit

from fastflow.record.result import Vulnerability
from fastflow.run.vulnerabilities import LARGEST_REPORT, Notify, read_vulnerabilities

TIMEOUT = 5.0
"""Seconds for each step of an answer."""
DEADLINE = 15.0
"""Seconds for all steps together."""
_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")
_NO_ANSWER = (OSError, http.client.HTTPException, ValueError)


def from_api(
    base: str, token: str, run: str, say: Notify = lambda _: None, keep: Callable[[bytes], object] = lambda _: None
) -> tuple[Vulnerability, ...] | None:
    """The vulnerabilities of a test run by the API; None if it does not answer in time.

    An answer that cannot be parsed as a test run is handed to `keep`, and `say` reports it.
    """
    try:
        answer = _get(_address(base, run), token, TIMEOUT, time.monotonic() + DEADLINE)
    except _NO_ANSWER:
        return None
    found = _test_run(answer).get("vulns")
    if isinstance(found, list):
        return read_vulnerabilities(found, "the API's answer", say)
    say(f"the API's answer about test run {run} cannot be parsed; it is kept with the reports")
    keep(answer)
    return None


def ask_test_run(
    base: str, token: str, run: str, timeout: float = TIMEOUT, within: float = DEADLINE
) -> Mapping[str, object]:
    """Ask `GET /v1/test_run/<id>` (Wallarm's public FAST API); nothing if it does not answer.

    `timeout` is in seconds for each step, `within` for all of them.
    """
    try:
        return _test_run(_get(_address(base, run), token, timeout, time.monotonic() + within))
    except _NO_ANSWER:
        return {}


def _address(base: str, run: str) -> str:
    return f"{base}/v1/test_run/{quote(run, safe='')}"


def _test_run(answer: bytes) -> Mapping[str, object]:
    try:
        data = json.loads(answer)
    except (ValueError, RecursionError):
        return {}
    body = data.get("body", data) if isinstance(data, dict) else None
    return body if isinstance(body, dict) else {}


def _get(url: str, token: str, timeout: float, deadline: float) -> bytes:
    headers = {"X-WallarmAPI-Token": token, "Accept": "application/json"}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  # http or https, never a file
    pieces: list[bytes] = []
    size = 0
    with _opener(url).open(request, timeout=timeout) as answer:
        while piece := answer.read1(65_536):
            pieces.append(piece)
            size += len(piece)
            if time.monotonic() > deadline or size > LARGEST_REPORT:
                raise TimeoutError
    return b"".join(pieces)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the token is for the API server alone."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _opener(url: str) -> urllib.request.OpenerDirector:
    parts = urlsplit(url)
    # No proxy leads to the emulated cloud on this machine, and none should see the token.
    direct = [urllib.request.ProxyHandler({})] if parts.hostname in _THIS_MACHINE else []
    tls = urllib.request.HTTPSHandler(context=_tls(is_used=parts.scheme == "https"))
    return urllib.request.build_opener(_NoRedirect, tls, *direct)


@cache
def _tls(*, is_used: bool) -> ssl.SSLContext:
    """The TLS settings; if unused, they trust nobody, because loading the certificates takes 30 ms."""
    return ssl.create_default_context() if is_used else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
