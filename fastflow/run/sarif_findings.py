"""Reads a scanner's SARIF 2.1.0 (OASIS, Static Analysis Results Interchange Format) as vulnerabilities."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit, urlunsplit

from fastflow.files import is_file
from fastflow.record.result import Vulnerability
from fastflow.run.vulnerabilities import LARGEST_REPORT, LARGEST_REQUEST, fingerprint, without_session

Tree: TypeAlias = Mapping[str, object]
"""A part of the file, as its writer made it."""
_THREATS: Mapping[str, int] = {"error": 80, "warning": 50, "note": 20, "none": 1}
_USUAL_LEVEL = "warning"
_DEFAULT_KIND = "fail"
_SUPPRESSED = ("accepted", None)
"""The status of a suppression in force; one without a status is in force too (3.35.3)."""


@dataclass(frozen=True, slots=True)
class ScanResult:
    """The content of a scanner's SARIF files. `is_sound`: there is one, and all can be read; `fault` says why not."""

    vulnerabilities: tuple[Vulnerability, ...] = ()
    scanner: str | None = None
    is_sound: bool = False
    fault: str | None = None


def read_scan(files: Iterable[Path]) -> ScanResult:
    """Read all SARIF among the files that a scanner has written; every file with its suffix must be SARIF."""
    found: dict[str, Vulnerability] = {}
    scanner, is_there, fault = None, False, None
    for path in files:
        log = _log(path)
        if log is None and path.suffix == ".sarif":
            fault = fault or f"the scanner's {path.name} cannot be read: {_fault_of(path)}"
        for run in log or ():
            scanner = scanner or _text(_at(run, "tool", "driver"), "name")
            for one in _results(run):
                known = found.setdefault(one.fingerprint, one)
                if one.counted_threat > known.counted_threat:
                    found[one.fingerprint] = one
        is_there = is_there or log is not None
    return ScanResult(tuple(found.values()), scanner, is_there and fault is None, fault)


def unnamed(scanner: str | None) -> Vulnerability:
    """A placeholder for the vulnerabilities of a scanner that reports some without details."""
    return Vulnerability("unknown", 100, None, None, None, fingerprint("unknown", None, None, scanner), scanner=scanner)


def _log(path: Path) -> list[Tree] | None:
    """The runs of a SARIF file; None if it is not one."""
    if path.suffix not in (".sarif", ".json"):
        return None
    try:
        is_fit = path.stat().st_size <= LARGEST_REPORT
        content = json.loads(path.read_text(encoding="utf-8-sig", errors="replace")) if is_fit else None
    except (OSError, ValueError, RecursionError):
        return None
    runs = (
        content.get("runs") if isinstance(content, dict) and str(content.get("version", "")).startswith("2.1") else None
    )
    return [run for run in runs if isinstance(run, dict)] if isinstance(runs, list) else None


def _fault_of(path: Path) -> str:
    """Say why a file is not a readable SARIF log."""
    is_large = is_file(path) and path.stat().st_size > LARGEST_REPORT
    return f"it is larger than {LARGEST_REPORT // 10**6} MB" if is_large else "it is not SARIF 2.1.0"


def _results(run: Tree) -> Iterator[Vulnerability]:
    tool = run.get("tool")
    parts = [_at(tool, "driver"), *_list(tool, "extensions")]
    rules = {_text(rule, "id"): rule for part in parts for rule in _list(part, "rules")}
    ordered = _list(parts[0], "rules")
    scanner = _text(parts[0], "name")
    for result in _list(run, "results"):
        if result.get("kind", _DEFAULT_KIND) == _DEFAULT_KIND and not _is_excused(result):
            index = result.get("ruleIndex", _at(result, "rule").get("index"))
            by_index = ordered[index] if isinstance(index, int) and 0 <= index < len(ordered) else {}
            name = _text(result, "ruleId") or _text(_at(result, "rule"), "id") or _text(by_index, "id")
            rule = rules.get(name) or rules.get((name or "").rpartition("/")[0]) or by_index
            yield _vulnerability(result, name or "unknown", rule, scanner)


def _is_excused(result: Tree) -> bool:
    """Whether the scanner itself suppresses the result."""
    suppressed = any(one.get("status") in _SUPPRESSED for one in _list(result, "suppressions"))
    return suppressed or result.get("baselineState") == "absent"


def _vulnerability(result: Tree, kind: str, rule: Tree, scanner: str | None) -> Vulnerability:
    place = next(iter(_list(result, "locations")), {})
    request, properties = _at(result, "webRequest"), _at(result, "properties")
    address = _text(_at(place, "physicalLocation", "artifactLocation"), "uri") or _text(request, "target")
    method = _text(request, "method") or _text(properties, "method")
    uri, parameter = _address(address), _parameter(place, properties)
    sent = _request(request) or _text(properties, "request")
    return Vulnerability(
        type=kind,
        threat=_threat(result, rule),
        parameter=parameter,
        baseline=_text(properties, "baseline"),
        uri=uri,
        fingerprint=_identity(result, kind) or fingerprint(kind, method, uri, parameter),
        method=method,
        request=without_session(sent)[:LARGEST_REQUEST] if sent else None,
        scanner=scanner,
        message=_text(_at(result, "message"), "text"),
    )


def _threat(result: Tree, rule: Tree) -> int:
    """Ten times `security-severity`, else by the level: the result's, the rule's, or SARIF's default."""
    for one in (result, rule):
        written = _at(one, "properties").get("security-severity")
        with suppress(ValueError, OverflowError):  # a text that is not a number, or a number with 400 digits
            severity = float(written) if isinstance(written, (str, int, float)) else -1.0
            if 0 <= severity <= 10:
                return max(1, round(severity * 10))
    level = _text(result, "level") or _text(_at(rule, "defaultConfiguration"), "level") or _USUAL_LEVEL
    return _THREATS.get(level, _THREATS[_USUAL_LEVEL])


def _identity(result: Tree, kind: str) -> str | None:
    """The scanner's own fingerprints, which are the same in all of its runs."""
    for field in ("fingerprints", "partialFingerprints"):
        if known := {str(name): str(value) for name, value in _at(result, field).items()}:
            text = json.dumps([kind, sorted(known.items())])
            return hashlib.sha256(text.encode()).hexdigest()[:16]
    return None


def _parameter(place: Tree, properties: Tree) -> str | None:
    named = (one for one in _list(place, "logicalLocations") if one.get("kind") in ("parameter", "member", "variable"))
    one = next(named, {})
    own = _text(one, "name") or _text(one, "fullyQualifiedName")
    return own or _text(properties, "parameter") or _text(properties, "param")


def _address(uri: str | None) -> str | None:
    """The address without account, query and fragment, because those contain the attack."""
    try:
        parts = urlsplit(uri or "")
    except ValueError:
        return uri
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "")) or None


def _request(request: Tree) -> str | None:
    """A request as it is sent, from SARIF's `webRequest` object (3.46)."""
    method, target = _text(request, "method"), _text(request, "target")
    if not method or not target:
        return None
    headers = [f"{name}: {value}" for name, value in _at(request, "headers").items()]
    head = "\n".join([f"{method} {target} HTTP/{_text(request, 'version') or '1.1'}", *headers])
    body = _text(_at(request, "body"), "text")
    return f"{head}\n\n{body}" if body else head


def _at(tree: object, *steps: str) -> Tree:
    """The mapping at a path; an empty one if there is none."""
    for step in steps:
        tree = tree.get(step) if isinstance(tree, dict) else None
    return tree if isinstance(tree, dict) else {}


def _list(tree: object, field: str) -> list[Tree]:
    """The mappings of a list; none if there is no list."""
    found = tree.get(field) if isinstance(tree, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _text(tree: Tree, field: str) -> str | None:
    value = tree.get(field)
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) and value != "" else None
