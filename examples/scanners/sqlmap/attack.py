"""sqlmap: attacks the parameters of every recorded request, with its own session, by SQL injection."""

import base64
import json
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from common.adapter import AdapterError, Attack, Scan, call, main
from common.record import Request, one_of_each_shape
from common.sarif import Finding, Rule, Tool

SQL_INJECTION = Rule(
    "sql_injection",
    "SQL Injection",
    9.8,
    "A parameter becomes part of an SQL statement, so a visitor can read or change the database.",
    89,
)
ANSWERS = "exploit this SQL injection=N,skip further tests=N,keep testing the others=Y"
"""By default sqlmap tests no more of a host after its first vulnerability, nor of a request."""
NOT_SENT = ("host", "content-length", "connection", "accept-encoding")
"""Headers that sqlmap makes itself."""


def scan(attack: Attack, scratch: Path) -> Scan:
    """Run sqlmap on all recorded requests that have parameters."""
    tool = Tool("sqlmap", version("sqlmap"), "https://sqlmap.org")
    requests = [
        request for request in one_of_each_shape(attack.requests) if urlsplit(request.url).query or request.body
    ]
    if not requests:
        print("no recorded request has parameters: nothing to attack")
        return Scan(tool, [])
    log, report = scratch / "requests.xml", scratch / "report.json"
    log.write_text(proxy_log(requests))
    call([*command(attack, scratch, log, report), *attack.options])
    if not report.exists():
        raise AdapterError("sqlmap wrote no report")
    return Scan(tool, list(findings(json.loads(report.read_text()), requests)))


def command(attack: Attack, scratch: Path, log: Path, report: Path) -> list[str]:
    """sqlmap's command line; redirects are not followed, since they may lead to another host."""
    return [
        *("sqlmap", "-l", str(log), "--batch", "--answers", ANSWERS, "--ignore-redirects", "--disable-coloring"),
        *("--output-dir", str(scratch / "output"), "--report-json", str(report)),
        *(["--force-ssl"] if attack.target.startswith("https:") else []),
    ]


def proxy_log(requests: Sequence[Request]) -> str:
    """The requests in the form of Burp's history, which sqlmap reads with any method, header and body."""
    items = "\n".join(
        f'<item><port>{request.origin[2]}</port><request base64="true"><![CDATA[{_encoded(request)}]]></request></item>'
        for request in requests
    )
    return f"<items>\n{items}\n</items>\n"


def findings(report: dict[str, Any], requests: Sequence[Request]) -> Iterator[Finding]:
    """The injection points of sqlmap's JSON report, each at the request that it was found in."""
    request: Request | None = None
    # Under `targets`, if there was something to say about more than one request.
    for entry in (entry for target in report.get("targets", [report]) for entry in target["data"]):
        if entry["type_name"] == "TARGET":
            request = _attacked(entry["value"], requests)
        elif entry["type_name"] == "TECHNIQUES" and request is not None:
            for point in entry["value"]:
                yield _finding(point, request)


def _finding(point: dict[str, Any], request: Request) -> Finding:
    techniques = [found["technique"] for found in point["data"]]
    database = f", {point['dbms']}" if point.get("dbms") else ""
    message = (
        f"SQL injection in the {point['place']} parameter {point['parameter']}: {', '.join(techniques)}{database}."
    )
    shown = f"{_head(request)}\n\n{request.body}\n\npayload: {point['data'][0]['payload']}"
    return Finding(SQL_INJECTION, message, request.method, request.url, point["parameter"], shown)


def _attacked(target: dict[str, Any], requests: Sequence[Request]) -> Request | None:
    """The recorded request that a target of the report is; its URL there has no query."""

    def parts(request: Request) -> tuple[str, str, str]:
        return request.url.partition("?")[0], urlsplit(request.url).query, request.body.rstrip("\r\n")

    wanted = target["url"].partition("?")[0], target["query"] or "", target["data"] or ""
    same_path = [request for request in requests if parts(request)[0] == wanted[0]]
    return next((request for request in same_path if parts(request) == wanted), same_path[0] if same_path else None)


def _encoded(request: Request) -> str:
    return base64.b64encode(f"{_head(request)}\n\n{request.body}".replace("\n", "\r\n").encode()).decode()


def _head(request: Request) -> str:
    parts = urlsplit(request.url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = [f"{name}: {value}" for name, value in request.headers if name.lower() not in NOT_SENT]
    return "\n".join([f"{request.method} {path} HTTP/1.1", f"Host: {parts.netloc}", *headers])


if __name__ == "__main__":
    main(scan)
