"""A run's vulnerabilities as SARIF 2.1.0, for code scanning: accepted ones are included, suppressed with their reason.

A result is placed at the node in the spec that found it, because FAST knows the application only from outside. Its
fingerprint is made from the phase and the vulnerability, so that an alert is the same in all runs.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from fastflow.model.mode import mode_named
from fastflow.record.archive import Archive
from fastflow.record.result import PhaseResult, Vulnerability
from fastflow.report import sarif
from fastflow.report.text import pictured
from fastflow.report.vulnerabilities import Discovery, discoveries_of, verdict_on
from fastflow.report.vulnerability_kinds import kind_of
from fastflow.report.words import last_lines

CATEGORY = "fastflow-up"
_LEVELS: dict[str, sarif.Level] = {"high": "error", "medium": "warning", "low": "note"}


def render(archive: Archive) -> str:
    """Return the log of the run."""
    discoveries = discoveries_of(archive.phases)
    properties = {
        "run": archive.run,
        "exitCode": archive.result.exit_code if archive.result else None,
    }
    seen: Counter[str] = Counter()
    results = [_result(archive, one, seen) for one in discoveries]
    failures = [pictured(_failure(phase)) for phase in archive.phases if phase.state == "failed" and phase.reason]
    rules, is_whole = _rules(discoveries), is_complete(archive)
    return sarif.sarif_log(CATEGORY, rules, results, properties, is_whole, failures=failures) + "\n"


def _failure(phase: PhaseResult) -> str:
    """Say why a phase failed, with the last lines of the log that shows it."""
    text = f"{phase.id} failed: {phase.reason}"
    return f"{text}\n{last_lines(phase.evidence)}" if phase.evidence else text


def is_complete(archive: Archive) -> bool:
    """Whether every testing phase came to a verdict: if not, vulnerabilities that are missing here may still exist."""
    tests = [phase for phase in archive.phases if mode_named(phase.mode).makes == "test run"]
    return archive.result is not None and all(phase.state in ("passed", "vulnerable") for phase in tests)


def _rules(discoveries: Sequence[Discovery]) -> Iterable[sarif.Rule]:
    kinds: dict[str, list[Vulnerability]] = {}
    for one in discoveries:
        kinds.setdefault(rule_id(one.vulnerability.type), []).append(one.vulnerability)
    for rule, found in sorted(kinds.items()):
        kind, threat = found[0].type, max(one.counted_threat for one in found)
        named = kind_of(kind)
        name = pictured(named.name)
        short = f"{name} in the application." if name != kind else f"A vulnerability of type {name} in the application."
        finder = found[0].scanner or "Wallarm FAST"
        yield sarif.Rule(
            rule,
            short,
            " ".join(
                filter(None, (short, named.explanation, f"{finder} found it by attacking the running application."))
            ),
            "Fix the application, or accept the vulnerability with a reason: fastflow accept",
            level="error",
            properties={"tags": ["security"], "precision": "high", "security-severity": f"{threat / 10:.1f}"},
        )


def rule_id(kind: str) -> str:
    """Name a type of vulnerability with letters, digits and dashes, because people type names of rules."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", kind).strip("-") or "unknown"


def _result(archive: Archive, one: Discovery, seen: Counter[str]) -> sarif.Result:
    phase, found = one.phase, one.vulnerability
    return sarif.Result(
        rule_id(found.type),
        _LEVELS[one.level],
        pictured(f"{one.failure}, found by {phase.id}"),
        sarif.fingerprint_of(f"{phase.id}\n{found.fingerprint}", seen),
        (_location(archive, one),),
        suppressed=pictured(verdict_on(found)) if found.suppressed is not None else "",
        rank=float(found.counted_threat),
        properties=_properties(archive, one),
    )


def _properties(archive: Archive, one: Discovery) -> dict[str, Any]:
    """Properties without their own place in SARIF, including the threshold of a gate that has one."""
    found = one.vulnerability
    properties = {
        "fingerprint": found.fingerprint,
        "gate": found.gate,
        "gateThreat": archive.gate_of(one.phase.id).threat,
        "allowFailure": one.phase.allow_failure,
        "threat": found.threat,
        "parameter": found.parameter,
        "method": found.method,
        "uri": found.uri,
        "baseline": found.baseline,
        "request": one.request or None,
    }
    if found.scanner is not None:
        properties |= {"scanner": found.scanner, "message": one.message or None}
    return {name: pictured(value) if isinstance(value, str) else value for name, value in properties.items()}


def _location(archive: Archive, one: Discovery) -> sarif.Location:
    planned = archive.planned(one.phase.id)
    file = (archive.plan.spec if archive.plan else None) or PurePath(archive.spec).name
    line = planned.line if planned else None
    place = (line, planned.column) if planned and line and line > 0 else (1, None)
    uri = "stdin" if file == "-" else quote(file, errors="replace")
    return sarif.Location(uri, *place, logical_name=pictured(one.phase.id))
