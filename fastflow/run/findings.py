"""Vulnerabilities of a test run: from the API, else from the node's JSON report, else from its log."""

import hashlib
import http.client
import json
import ssl
import time
import urllib.request
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from fastflow.run.node_log import NodeLog
from fastflow.run.outcome import Vulnerability

API_TIMEOUT = 5.0
API_DEADLINE = 15.0
_LARGEST_REPORT = 64_000_000


def fingerprint(kind: str, method: str | None, uri: str | None, parameter: str | None) -> str:
    """Identify a finding across runs: no ids, hosts, ports or values go in."""
    path = urlsplit(uri).path if uri else ""
    text = "\n".join((kind, (method or "").upper(), path, parameter or ""))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def from_api(base: str, token: str, run: str) -> tuple[Vulnerability, ...] | None:
    """The vulnerabilities that the API tells of a test run; None where it does not answer in time."""
    found = ask_test_run(base, token, run).get("vulns")
    return _read(found) if isinstance(found, list) else None


def ask_test_run(
    base: str, token: str, run: str, timeout: float = API_TIMEOUT, within: float = API_DEADLINE
) -> Mapping[str, Any]:
    """Ask `GET /v1/test_run/<id>` (Wallarm's public FAST API); nothing where it does not answer.

    `timeout` is in seconds for each step, `within` for all of them.
    """
    try:
        told = json.loads(_get(f"{base}/v1/test_run/{quote(run, safe='')}", token, timeout, time.monotonic() + within))
    except (OSError, http.client.HTTPException, ValueError, RecursionError):
        return {}
    body = told.get("body", told) if isinstance(told, dict) else None
    return body if isinstance(body, dict) else {}


def _get(url: str, token: str, timeout: float, deadline: float) -> bytes:
    headers = {"X-WallarmAPI-Token": token, "Accept": "application/json"}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  # http or https, never a file
    opener = urllib.request.build_opener(_NoRedirect, urllib.request.HTTPSHandler(context=_tls(url)))
    pieces: list[bytes] = []
    size = 0
    with opener.open(request, timeout=timeout) as answer:
        while piece := answer.read1(65_536):
            pieces.append(piece)
            size += len(piece)
            if time.monotonic() > deadline or size > _LARGEST_REPORT:
                raise TimeoutError
    return b"".join(pieces)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nothing: the token is for the API server alone."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _tls(base: str) -> ssl.SSLContext | None:
    return ssl.create_default_context() if base.startswith("https:") else None


def from_reports(files: Iterable[Path]) -> tuple[Vulnerability, ...] | None:
    """Read the node's JSON report; None where there is none that can be understood."""
    for path in sorted(files):
        try:
            if path.suffix != ".json" or path.stat().st_size > _LARGEST_REPORT:
                continue
            told = json.loads(path.read_text(encoding="utf-8", errors="replace"))
        except (OSError, ValueError, RecursionError):
            continue
        if isinstance(told, dict):
            found = next((told[key] for key in ("vulnerabilities", "vulns") if isinstance(told.get(key), list)), None)
            if found is not None:
                return _read(found)
    return None


def from_log(log: NodeLog) -> tuple[Vulnerability, ...]:
    """Make findings of the counts in the log; what they are is not known."""
    return tuple(
        Vulnerability("unknown", None, None, baseline, None, fingerprint("unknown", None, None, f"{baseline} {number}"))
        for baseline, count in log.found.items()
        for number in range(count)
    )


def collect(
    api: tuple[Vulnerability, ...] | None, reports: tuple[Vulnerability, ...] | None, log: NodeLog
) -> tuple[Vulnerability, ...]:
    """Take the best source; one that knows of fewer than the log is no good."""
    in_log = from_log(log)
    for source in (_with_places(api, reports), reports):
        if source is not None and (source or not in_log):
            return source
    return in_log


def _with_places(
    api: tuple[Vulnerability, ...] | None, reports: tuple[Vulnerability, ...] | None
) -> tuple[Vulnerability, ...] | None:
    """The API's findings; where it does not say, the report tells where one of the same type and threat is."""
    if api is None:
        return None
    left = list(reports or ())
    found = []
    for finding in api:
        alike = (other for other in left if other.type == finding.type and finding.threat in (None, other.threat))
        twin = next(alike, None)
        if twin is not None:
            left.remove(twin)
        found.append(twin if twin is not None and finding.parameter is None else finding)
    return tuple(found)


def _read(found: Iterable[Any]) -> tuple[Vulnerability, ...]:
    return tuple(_one(entry) for entry in found if isinstance(entry, Mapping))


def _one(entry: Mapping[str, Any]) -> Vulnerability:
    kind = _text(entry, "type", "code") or "unknown"
    threat = entry.get("threat")
    parameter = _text(entry, "parameter", "point")
    uri = _text(entry, "uri", "url", "path")
    baseline = _text(entry, "baseline", "baseline_id")
    known = fingerprint(kind, _text(entry, "method"), uri, parameter)
    sound = isinstance(threat, int) and not isinstance(threat, bool) and 1 <= threat <= 100
    return Vulnerability(kind, threat if sound else None, parameter, baseline, uri, known)


def _text(entry: Mapping[str, Any], *keys: str) -> str | None:
    return next((str(entry[key]) for key in keys if isinstance(entry.get(key), (str, int)) and entry[key] != ""), None)
