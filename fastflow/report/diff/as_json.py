"""A comparison of two runs for programs (docs: machine formats)."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from fastflow.report.diff.comparison import ComparedPhase, ComparedRun, Comparison
from fastflow.report.diff.vulnerabilities import FoundVulnerability

FORMAT_VERSION = "1.0"
_LISTS = ("new", "gone", "changed", "not_tested")
_FACTS = ("type", "threat", "parameter", "uri", "method", "gate")


def render(comparison: Comparison) -> str:
    """Return the output of `diff --format json`."""
    found = comparison.vulnerabilities
    content = {
        "format_version": FORMAT_VERSION,
        "old": _run(comparison.old),
        "new": _run(comparison.new),
        "remarks": comparison.remarks,
        "vulnerabilities": {
            **{name: _found(getattr(found, name)) for name in _LISTS},
            "same": _found(found.same),
        },
        "causes": [asdict(cause) for cause in comparison.causes],
        "unknown": comparison.unknown,
        "phases": [
            {"id": name, "old": _phase(old), "new": _phase(new)} for name, (old, new) in comparison.phases.items()
        ],
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def _run(run: ComparedRun) -> dict[str, Any]:
    return {
        "run": run.run,
        "name": run.name,
        "spec": run.spec,
        "exit_code": run.exit_code,
        "started": run.started,
        "seconds": _rounded(run.seconds),
    }


def _found(found: Iterable[FoundVulnerability]) -> list[dict[str, Any]]:
    return [
        {
            "fingerprint": one.fingerprint,
            **{name: getattr(one.vulnerability, name) for name in _FACTS},
            "phases": one.phases,
            "changes": [asdict(change) for change in one.changes],
            "note": one.note,
        }
        for one in found
    ]


def _phase(phase: ComparedPhase | None) -> dict[str, Any] | None:
    if phase is None:
        return None
    content = {**asdict(phase), "seconds": _rounded(phase.seconds)}
    return {name: value for name, value in content.items() if name != "description"}


def _rounded(seconds: float | None) -> float | None:
    """Round to the millisecond, the precision of times."""
    return None if seconds is None else round(seconds, 3)
