"""Schemathesis: calls every operation of an OpenAPI document with generated values, in the recorded session.

An option besides Schemathesis' own: `--openapi PATH`, where the target serves its document (/openapi.json).
"""

import argparse
import base64
import json
import re
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from common.adapter import AdapterError, Attack, Scan, call, main
from common.record import session_headers
from common.sarif import Finding, Rule, Tool

SEVERITIES = {"ST101": 5.3, "ST102": 5.3, "ST113": 5.3, "ST301": 6.5, "ST401": 8.1, "ST402": 8.1}
"""Server errors, a resource served after its deletion, a missing check of access, by Schemathesis' codes."""
OTHER = 3.1
"""A difference between document and application."""


def scan(attack: Attack, scratch: Path) -> Scan:
    """Run Schemathesis on the target's operations."""
    events, summary = scratch / "events.ndjson", scratch / "summary.json"
    call(command(attack, events, summary), ends_with=(0, 1))
    if not summary.exists():
        raise AdapterError("Schemathesis wrote no report: it could not read the OpenAPI document")
    check_summary(json.loads(summary.read_text()))
    tool = Tool("schemathesis", version("schemathesis"), "https://schemathesis.io")
    with events.open() as lines:
        found = list(findings(map(json.loads, lines)))
    # One request of each vulnerability is in the report: the shortest says best what it takes.
    return Scan(tool, sorted(found, key=lambda finding: len(finding.request)))


def command(attack: Attack, events: Path, summary: Path) -> list[str]:
    """Schemathesis' command line: it attacks the target, whatever servers the document names."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--openapi", default="/openapi.json")
    own, options = parser.parse_known_args(attack.options)
    headers = [f"{name}: {value}" for name, value in session_headers(attack.requests).items()]
    return [
        *("schemathesis", "run", f"{attack.target}/{own.openapi.lstrip('/')}", "--url", attack.target, "--no-color"),
        *("--report-ndjson-path", str(events), "--report-json-path", str(summary)),
        *("--generation-database", "none", "--seed", "1"),
        *(word for header in headers for word in ("--header", header)),
        *options,
    ]


def check_summary(summary: dict[str, Any]) -> None:
    """Raise AdapterError for a run that tested nothing, or had errors and found nothing besides."""
    if not summary["operations"]["tested"]:
        raise AdapterError("Schemathesis tested no operation of the OpenAPI document")
    if summary["errors"] and not summary["failures"]:
        raise AdapterError(f"Schemathesis had errors: {json.dumps(summary['errors'])[:500]}")


def findings(events: Iterable[dict[str, Any]]) -> Iterator[Finding]:
    """The failed checks of Schemathesis' events, each at the request that failed it."""
    for event in events:
        recorder = event.get("ScenarioFinished", {}).get("recorder", {})
        for case, checks in recorder.get("checks", {}).items():
            for check in checks:
                if check["status"] == "failure":
                    yield _finding(check["failure_info"]["failure"], recorder["interactions"][case]["request"])


def _finding(failure: dict[str, Any], request: dict[str, Any]) -> Finding:
    severity = SEVERITIES.get(failure["code"], OTHER)
    words = re.findall(r"[A-Z]+[a-z]*", failure["type"])
    rule = Rule("_".join(words).lower(), failure["title"], severity, f"{failure['title']} ({failure['code']}).")
    message = failure["message"] or f"{failure['title']}: {failure['operation']}"
    # A path with values, such as /orders/17, is another one in every run; that of the document is not.
    operation = f"{request['method']} {failure['operation'].partition(' ')[2]}"
    return Finding(rule, message, request["method"], request["uri"], request=_text(request), operation=operation)


def _text(request: dict[str, Any]) -> str:
    headers = [f"{name}: {value}" for name, values in request["headers"].items() for value in values]
    body = base64.b64decode((request.get("body") or {}).get("$base64", "")).decode(errors="replace")
    return "\n".join([f"{request['method']} {request['uri']} HTTP/1.1", *headers, "", body])


if __name__ == "__main__":
    main(scan)
