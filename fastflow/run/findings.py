"""Vulnerabilities of a test run: from the API, else from the node's JSON report, else from its log."""

import hashlib
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastflow.run.node_log import NodeLog
from fastflow.run.outcome import Vulnerability

API_TIMEOUT = 5.0
_LARGEST_REPORT = 64_000_000


def fingerprint(kind: str, method: str | None, uri: str | None, parameter: str | None) -> str:
    """Identify a finding across runs: no ids, hosts, ports or values go in."""
    path = urlsplit(uri).path if uri else ""
    text = "\n".join((kind, (method or "").upper(), path, parameter or ""))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def from_api(base: str, token: str, run: str) -> tuple[Vulnerability, ...] | None:
    """Ask `GET /v1/test_run/<id>` (Wallarm's public FAST API); None where it does not answer."""
    request = urllib.request.Request(  # noqa: S310  # base is http or https, never a file
        f"{base}/v1/test_run/{run}", headers={"X-WallarmAPI-Token": token, "Accept": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=API_TIMEOUT, context=_tls(base)) as answer:  # noqa: S310  # as above
            told = json.loads(answer.read(_LARGEST_REPORT))
    except (OSError, urllib.error.URLError, ValueError):
        return None
    body = told.get("body", told) if isinstance(told, dict) else None
    found = body.get("vulns") if isinstance(body, dict) else None
    return _read(found) if isinstance(found, list) else None


def _tls(base: str) -> ssl.SSLContext | None:
    return ssl.create_default_context() if base.startswith("https:") else None


def from_reports(files: Iterable[Path]) -> tuple[Vulnerability, ...] | None:
    """Read the node's JSON report; None where there is none that can be understood."""
    for path in sorted(files):
        if path.suffix != ".json" or path.stat().st_size > _LARGEST_REPORT:
            continue
        try:
            told = json.loads(path.read_text(encoding="utf-8", errors="replace"))
        except (OSError, ValueError):
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
    for source in (_fuller(api, reports), reports, api):
        if source is not None and (source or not in_log):
            return source
    return in_log


def _fuller(
    api: tuple[Vulnerability, ...] | None, reports: tuple[Vulnerability, ...] | None
) -> tuple[Vulnerability, ...] | None:
    """The API's findings, unless it leaves out where they are and the report of as many tells."""
    if api and reports and len(reports) >= len(api) and any(found.parameter is None for found in api):
        return reports
    return api


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
