"""SARIF 2.1.0 logs (OASIS standard), as code scanning and editors read them: rules, their results, and the places.

A log names no machine: files are relative to SRCROOT, whose own address is left to the reader of the log (section
3.14.14 allows that), so that a commit has the same log everywhere.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from fastflow import __version__
from fastflow.spec.reader import relative_path

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
ROOT = "SRCROOT"
_STANDARD_INPUT = "stdin"

Level = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of result: its short and full description, and what to do about it (GitHub requires all three).

    `properties` may have those that viewers know: `tags`, `precision`, `security-severity` (a text, "0.0" to "10.0").
    """

    id: str
    short: str
    full: str
    help: str
    help_markdown: str = ""
    level: Level = "warning"
    is_enabled: bool = True
    properties: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Location:
    """A place: a file (`uri_of` makes its address), a range in it, and the name of what is there (a phase, a request).

    Lines and columns count from 1, in characters; the end is exclusive. Without columns the range is whole lines,
    without an end only the line.
    """

    uri: str
    line: int = 1
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    message: str = ""
    logical_name: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """A result. `fingerprint` is the same for the same result in every log, wherever its lines have moved.

    `rank` is its importance, from 0 to 100, if that is known. `suppressed` says why it does not count, if an accept
    file says so.
    """

    rule: str
    level: Level
    message: str
    fingerprint: str
    locations: tuple[Location, ...]
    related: tuple[Location, ...] = ()
    suppressed: str = ""
    rank: float | None = None
    properties: Mapping[str, object] = field(default_factory=dict)


def sarif_log(
    category: str,
    rules: Iterable[Rule],
    results: Iterable[Result],
    properties: Mapping[str, object] | None = None,
    is_complete: bool | None = None,
    *,
    failures: Iterable[str] = (),
) -> str:
    """Make a log of one call of fastflow; raises KeyError for a result whose rule is not among `rules`.

    Viewers show only the newest log of each category: `fastflow-validate`, `fastflow-up`. `is_complete` says whether
    everything was checked, so that missing results do not exist (section 3.20.14). `failures` say what prevented that
    (section 3.20.21).
    """
    listed = list(rules)
    index = {rule.id: position for position, rule in enumerate(listed)}
    notifications = [{"level": "error", "message": _message(failure)} for failure in failures]
    invocation = _given(executionSuccessful=is_complete, toolExecutionNotifications=notifications)
    run = {
        "tool": {"driver": _driver(listed)},
        "automationDetails": {"id": f"{category}/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository, or where fastflow ran."}}},
        "results": [_result(result, index[result.rule]) for result in results],
        **_given(invocations=[invocation] if invocation else None, properties=properties),
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def fingerprint_of(said: str, seen: Counter[str]) -> str:
    """Make a fingerprint from parts that stay the same from log to log; equal ones in a log are numbered."""
    seen[said] += 1
    return hashlib.sha256(f"{said}\n{seen[said]}".encode("utf-8", "backslashreplace")).hexdigest()[:16]


def uri_of(file: str, root: Path) -> str:
    """The address of a file for a `Location`; standard input (`-`) has its own name."""
    return _STANDARD_INPUT if file == "-" else quote(relative_path(file, root))


def _given(**values: Any) -> dict[str, Any]:
    """An object of SARIF, without empty properties."""
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def _driver(rules: Iterable[Rule]) -> dict[str, Any]:
    return {
        "name": "fastflow",
        "fullName": f"fastflow {__version__}",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(rule) for rule in rules],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    # The name must be an identifier in Pascal case, and is left out if it repeats the id (SARIF2012, SARIF1001).
    name = "".join(part[:1].upper() + part[1:] for part in rule.id.replace("_", "-").split("-"))
    return _given(
        id=rule.id,
        name=name if name.lower() != rule.id.lower() else None,
        shortDescription={"text": rule.short},
        fullDescription={"text": rule.full},
        help=_given(text=rule.help, markdown=rule.help_markdown),
        defaultConfiguration=_given(level=rule.level, enabled=None if rule.is_enabled else False),
        properties=rule.properties,
    )


def _result(result: Result, index: int) -> dict[str, Any]:
    suppression = {"kind": "external", "status": "accepted", "justification": result.suppressed}
    return _given(
        ruleId=result.rule,
        ruleIndex=index,
        level=result.level,
        message=_message(result.message),
        locations=[_location(location) for location in result.locations],
        partialFingerprints={"fastflow/v1": result.fingerprint},
        relatedLocations=[{"id": at, **_location(place)} for at, place in enumerate(result.related)],
        suppressions=[suppression] if result.suppressed else None,
        rank=result.rank,
        properties=result.properties,
    )


def _location(location: Location) -> dict[str, Any]:
    is_absolute = location.uri.startswith("/")
    address = {"uri": f"file://{location.uri}"} if is_absolute else {"uri": location.uri, "uriBaseId": ROOT}
    region = _given(
        startLine=location.line,
        startColumn=location.column,
        endLine=location.end_line or location.line,
        endColumn=location.end_column,
    )
    return _given(
        physicalLocation={"artifactLocation": address, "region": region},
        logicalLocations=[{"fullyQualifiedName": location.logical_name}] if location.logical_name else None,
        message=_message(location.message) if location.message else None,
    )


def _message(text: str) -> dict[str, str]:
    """End with a full stop (SARIF2001), and escape brackets that would be read as a link (section 3.11.6)."""
    escaped = text.replace("](", "\\](")
    return {"text": escaped if escaped.endswith((".", "!", "?")) else f"{escaped}."}
