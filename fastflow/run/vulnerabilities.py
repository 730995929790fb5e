"""Vulnerabilities of a test run as values: from the API, else the node's JSON report, else its log."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastflow.masking import MASK
from fastflow.record.result import Vulnerability
from fastflow.run.node_log import NodeLog

LARGEST_REPORT = 64_000_000
"""Maximum number of bytes read from a source of vulnerabilities."""
LARGEST_REQUEST = 20_000  # characters
_SESSION = re.compile(
    r"^(?P<name>(?:proxy-)?authorization|(?:set-)?cookie2?|[\w-]*(?:token|api-?key|session|secret|csrf|xsrf|auth)[\w-]*)"
    r"[ \t]*:.*(?:\n[ \t].*)*",
    re.IGNORECASE | re.MULTILINE,
)
_ID = re.compile(r"(?:id|run)$", re.IGNORECASE)
"""The name of a field that holds an id."""
_ACCOUNT = re.compile(r"(?<=://)[^/?#@\s]*@")

Notify = Callable[[str], None]


def fingerprint(kind: str, method: str | None, uri: str | None, parameter: str | None) -> str:
    """Identify a vulnerability across runs, without ids, hosts, ports or values."""
    try:
        path = urlsplit(uri or "").path
    except ValueError:  # such as an open bracket: a text that is not an address is its own path
        path = uri or ""
    text = "\n".join((kind, (method or "").upper(), path, parameter or ""))
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:16]


def from_reports(
    files: Iterable[Path], run: str | None, say: Notify = lambda _: None
) -> tuple[Vulnerability, ...] | None:
    """Read the node's JSON report of a test run; None if none can be understood.

    A report without the run's id is of another run: several nodes may write to one mounted directory.
    `say` is called with the files that do not count, and why; they stay where they are.
    """
    for path in sorted(path for path in files if path.suffix == ".json"):
        try:
            is_fit = path.stat().st_size <= LARGEST_REPORT
            data = json.loads(path.read_text(encoding="utf-8", errors="replace")) if is_fit else None
        except (OSError, ValueError, RecursionError):
            data = None
        lists = (data.get(key) for key in ("vulnerabilities", "vulns")) if isinstance(data, dict) else ()
        found = next((one for one in lists if isinstance(one, list)), None)
        if found is not None and run is not None and _is_of(data, run):
            return read_vulnerabilities(found, f"the report {path.name}", say)
        if found is not None:
            say(
                f"the report {path.name} does not count: it does not contain the id of the test run, {run or 'unknown'}"
            )
            continue
        say(f"the report {path.name} cannot be parsed; it is kept in {path.parent}")
    return None


def _is_of(report: Any, run: str) -> bool:
    """Whether a report holds the id of a test run: as a text, or as a number that is an id by its name."""
    named = re.compile(rf"TestRun#{re.escape(run)}(?![\w-])")
    left: list[tuple[str, Any]] = [("", report)]
    while left:
        key, value = left.pop()
        if isinstance(value, Mapping):
            left += ((str(name), one) for name, one in value.items())
        elif isinstance(value, list):
            left += ((key, one) for one in value)
        elif isinstance(value, (str, int)) and not isinstance(value, bool):
            text = str(value)
            if named.search(text) or (text == run and (not run.isdigit() or _ID.search(key))):
                return True
    return False


def from_log(log: NodeLog) -> tuple[Vulnerability, ...]:
    """Make vulnerabilities from the counts in the log; their details are not known."""
    return tuple(
        Vulnerability("unknown", None, None, baseline, None, fingerprint("unknown", None, None, f"{baseline} {number}"))
        for baseline, count in tuple(log.found.items())  # in one step: another thread may still be reading the log
        for number in range(count)
    )


def collect(
    api: tuple[Vulnerability, ...] | None, reports: tuple[Vulnerability, ...] | None, log: NodeLog
) -> tuple[Vulnerability, ...]:
    """Take the best source; one with fewer vulnerabilities than the log does not count."""
    in_log = from_log(log)
    for source in (_with_places(api, reports), reports):
        if source is not None and (source or not in_log):
            return source
    return in_log


def _with_places(
    api: tuple[Vulnerability, ...] | None, reports: tuple[Vulnerability, ...] | None
) -> tuple[Vulnerability, ...] | None:
    """The API's vulnerabilities; missing details come from the report, if it has a matching one."""
    if api is None:
        return None
    left = list(reports or ())
    found = []
    for one in api:
        twin = next((other for other in left if _are_alike(one, other)), None)
        if twin is not None:
            left.remove(twin)
        found.append(_joined(one, twin) if twin is not None else one)
    return tuple(found)


def _are_alike(one: Vulnerability, other: Vulnerability) -> bool:
    fields = ("type", "threat", "parameter", "uri", "method")
    pairs = ((getattr(one, name), getattr(other, name)) for name in fields)
    return all(None in pair or pair[0] == pair[1] for pair in pairs)


def _joined(one: Vulnerability, other: Vulnerability) -> Vulnerability:
    fields = ("threat", "parameter", "baseline", "uri", "method", "request")
    known = {name: getattr(other, name) for name in fields if getattr(one, name) is None}
    joined = replace(one, **known)
    return replace(joined, fingerprint=fingerprint(joined.type, joined.method, joined.uri, joined.parameter))


def read_vulnerabilities(found: Iterable[Any], where: str, say: Notify) -> tuple[Vulnerability, ...]:
    """Read a list of vulnerabilities; an invalid entry counts as one without known details."""
    read = []
    for number, entry in enumerate(found, start=1):
        if not isinstance(entry, Mapping):
            say(f"vulnerability {number} of {where} cannot be parsed, and counts as threat 100")
        read.append(_one(entry if isinstance(entry, Mapping) else {"parameter": f"entry {number}"}))
    return tuple(read)


def _one(entry: Mapping[str, object]) -> Vulnerability:
    kind = _text(entry, "type", "code") or "unknown"
    threat = entry.get("threat")
    parameter = _text(entry, "parameter", "point")
    uri = _ACCOUNT.sub("", _text(entry, "uri", "url", "path") or "") or None
    baseline = _text(entry, "baseline", "baseline_id")
    method = _text(entry, "method")
    request = _text(entry, "request")
    known = fingerprint(kind, method, uri, parameter)
    if not isinstance(threat, int) or isinstance(threat, bool) or not 1 <= threat <= 100:
        threat = None
    return Vulnerability(
        type=kind,
        threat=threat,
        parameter=parameter,
        baseline=baseline,
        uri=uri,
        fingerprint=known,
        method=method,
        request=without_session(request)[:LARGEST_REQUEST] if request else None,
    )


def without_session(request: str) -> str:
    """Mask in a request's head the values of headers that open a session or an account."""
    request = request.replace("\r\n", "\n")
    head, gap, body = request.partition("\n\n")
    return _SESSION.sub(lambda found: f"{found['name']}: {MASK}", head) + gap + body


def _text(entry: Mapping[str, object], *keys: str) -> str | None:
    return next((str(entry[key]) for key in keys if isinstance(entry.get(key), (str, int)) and entry[key] != ""), None)
