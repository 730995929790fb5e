"""wapiti: crawls from the recorded pages on, and injects into every form and parameter that it finds."""

import json
import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from common.adapter import AdapterError, Attack, Scan, call, main
from common.record import one_of_each_shape, session_headers
from common.sarif import Finding, Rule, Tool

MODULES = "exec,file,permanentxss,redirect,sql,upload,xss"
"""All that need nothing but the target: `ssrf`, `xxe` and others ask a server of wapiti's project."""
SEVERITIES = {0: 1.0, 1: 3.1, 2: 6.1, 3: 7.5, 4: 9.1}
"""wapiti's levels, from information to critical."""


def scan(attack: Attack, scratch: Path) -> Scan:
    """Run wapiti on the target."""
    report = scratch / "report.json"
    call([*command(attack, scratch, report), *attack.options])
    if not report.exists():
        raise AdapterError("wapiti wrote no report")
    found = json.loads(report.read_text())
    if not found["infos"]["crawled_pages_nbr"]:
        raise AdapterError(f"wapiti could read no page of {attack.target}")
    tool = Tool("wapiti", version("wapiti3"), "https://wapiti-scanner.github.io")
    return Scan(tool, list(findings(found, attack.target)))


def command(attack: Attack, scratch: Path, report: Path) -> list[str]:
    """wapiti's command line: one start for each recorded page, the session in every request."""
    starts = [request.url for request in one_of_each_shape(attack.requests) if request.method == "GET"]
    headers = [f"{name}: {value}" for name, value in session_headers(attack.requests).items()]
    return [
        *(
            "wapiti",
            "--url",
            f"{attack.target}/",
            "--scope",
            "folder",
            "--module",
            MODULES,
            "--endpoint",
            attack.target,
        ),
        *("--format", "json", "--output", str(report), "--detailed-report", "1", "--no-bugreport", "--flush-session"),
        *("--store-session", str(scratch / "session"), "--store-config", str(scratch / "config"), "--verbose", "1"),
        *(word for url in starts for word in ("--start", url)),
        *(word for header in headers for word in ("--header", header)),
    ]


def findings(report: dict[str, Any], target: str) -> Iterator[Finding]:
    """The vulnerabilities and anomalies of wapiti's JSON report; its fingerprints of software are neither."""
    for part in ("vulnerabilities", "anomalies"):
        for category, entries in report[part].items():
            about = report["classifications"][category]
            for entry in entries:
                severity = SEVERITIES.get(entry["level"], SEVERITIES[2])
                rule = Rule(_identifier(category), category, severity, about["desc"], _weakness(about["ref"]))
                url, parameter = target + entry["path"], entry["parameter"] or None
                yield Finding(rule, entry["info"], entry["method"], url, parameter, entry["http_request"])


def _identifier(category: str) -> str:
    return re.sub(r"\W+", "_", category.lower()).strip("_")


def _weakness(references: dict[str, str]) -> int | None:
    found = re.search(r"CWE-(\d+)", " ".join(references))
    return int(found[1]) if found else None


if __name__ == "__main__":
    main(scan)
