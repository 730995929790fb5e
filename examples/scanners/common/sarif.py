"""Writes vulnerabilities as SARIF 2.1.0, in the way that fastflow reads it."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from common.record import SESSION_HEADERS

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_SESSION_LINE = re.compile(rf"^({'|'.join(SESSION_HEADERS)}):.*$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Tool:
    """The scanner that found something."""

    name: str
    version: str
    information_uri: str


@dataclass(frozen=True)
class Rule:
    """A kind of vulnerability; `severity` is on CVSS's scale from 0.0 to 10.0."""

    id: str
    name: str
    severity: float
    description: str
    cwe: int | None = None


@dataclass(frozen=True)
class Finding:
    """A vulnerability at a URL, and the request that showed it; sessions are masked in that."""

    rule: Rule
    message: str
    method: str
    url: str
    parameter: str | None = None
    request: str = ""
    operation: str | None = None
    """Method and path by which the same vulnerability is known in every run. Default: those of the request."""

    @property
    def fingerprint(self) -> str:
        """Equal for the same vulnerability in every run; values and payloads are no part of it."""
        operation = self.operation or f"{self.method} {urlsplit(self.url).path}"
        return hashlib.sha256("\n".join((self.rule.id, operation, self.parameter or "")).encode()).hexdigest()[:32]


def sarif_log(tool: Tool, findings: Sequence[Finding], run_id: str) -> dict[str, Any]:
    """Make a log of one run; of several findings with one fingerprint, the first is in it."""
    unique = list({finding.fingerprint: finding for finding in reversed(findings)}.values())[::-1]
    rules = {finding.rule.id: finding.rule for finding in unique}
    positions = list(rules)
    driver = {
        "name": tool.name,
        "version": tool.version,
        "informationUri": tool.information_uri,
        "rules": [_rule(rule) for rule in rules.values()],
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"{tool.name}/{run_id}"},
        "columnKind": "utf16CodeUnits",
        "results": [_result(finding, positions.index(finding.rule.id)) for finding in unique],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def level(severity: float) -> str:
    """SARIF's level of a severity, split as CVSS splits high, medium and low."""
    return "error" if severity >= 7 else "warning" if severity >= 4 else "note"


def mask_sessions(request: str) -> str:
    """The text of a request without the values that carry a session."""
    return _SESSION_LINE.sub(r"\1: ***", request.replace("\r\n", "\n"))


def _rule(rule: Rule) -> dict[str, Any]:
    tags = ["security"] + ([] if rule.cwe is None else [f"external/cwe/cwe-{rule.cwe:03}"])
    return {
        "id": rule.id,
        "name": "".join(word[0].upper() + word[1:] for word in re.findall(r"\w+", rule.name)),
        "shortDescription": {"text": f"{rule.name.rstrip('.')}."},
        "fullDescription": {"text": rule.description},
        "help": {"text": rule.description},
        "defaultConfiguration": {"level": level(rule.severity)},
        "properties": {"security-severity": f"{rule.severity:.1f}", "tags": tags},
    }


def _result(finding: Finding, rule_index: int) -> dict[str, Any]:
    location: dict[str, Any] = {"physicalLocation": {"artifactLocation": {"uri": _without_query(finding.url)}}}
    if finding.parameter is not None:
        location["logicalLocations"] = [{"name": finding.parameter, "kind": "parameter"}]
    properties = {"method": finding.method, "parameter": finding.parameter, "request": mask_sessions(finding.request)}
    return {
        "ruleId": finding.rule.id,
        "ruleIndex": rule_index,
        "level": level(finding.rule.severity),
        "message": {"text": finding.message},
        "locations": [location],
        "partialFingerprints": {"requestParameter/v1": finding.fingerprint},
        "properties": {name: value for name, value in properties.items() if value},
    }


def _without_query(url: str) -> str:
    """A payload belongs to the request, not to the place of the vulnerability."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, quote(parts.path or "/", safe="/%:@!$&'()*+,;=~"), "", ""))
