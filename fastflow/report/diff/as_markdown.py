"""A comparison of two runs as Markdown, short enough for a comment on a change: GitHub takes 65,536 characters."""

from collections.abc import Iterable, Iterator

from fastflow.report.diff.cause import KINDS, Cause
from fastflow.report.diff.comparison import ComparedPhase, ComparedRun, Comparison
from fastflow.report.diff.vulnerabilities import FoundVulnerability
from fastflow.report.inert_markdown import code
from fastflow.report.text import duration
from fastflow.report.vulnerabilities import short_description

_LONGEST_ROWS = 9_000
"""Maximum number of characters in the rows of one table or list, of which there are at most six."""
_LONGEST_VALUE = 160


def render(comparison: Comparison) -> str:
    """Return the page; texts of others are inert."""
    found = comparison.vulnerabilities
    parts = [
        [f"### fastflow: {found.summary}"],
        [_run("older", comparison.old), _run("newer", comparison.new)],
        [*comparison.remarks],
        _table(("", "vulnerability", "found by", "fingerprint"), _vulnerabilities(comparison)),
    ]
    if comparison.causes:
        parts.append(["Other differences:", "", *_short(_cause(one) for one in _sorted(comparison.causes))])
    else:
        parts.append(["No other differences are known."])
    if comparison.unknown:
        parts.append(["Not comparable:", "", *_short(f"- {_code(said)}" for said in comparison.unknown)])
    phases = _table(("phase", "older run", "newer run"), _phases(comparison))
    parts.append(["<details><summary>Phases</summary>", "", *phases, "", "</details>"])
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def _run(which: str, run: ComparedRun) -> str:
    exit_code = "none" if run.exit_code is None else run.exit_code
    time = f", {duration(run.seconds)}" if run.seconds is not None else ""
    return f"- {which} run {_code(run.run)} of {_code(run.name)}: {run.verdict.headline}, exit code {exit_code}{time}"


def _vulnerabilities(comparison: Comparison) -> Iterator[str]:
    found = comparison.vulnerabilities
    lists = (("new", found.new), ("changed", found.changed), ("gone", found.gone), ("not tested", found.not_tested))
    for word, one in ((word, one) for word, some in lists for one in some):
        yield _row(f"**{word}**", _about(one), _code(", ".join(one.phases)), _code(one.fingerprint))


def _about(one: FoundVulnerability) -> str:
    changes = [f"{change.what}: {change.old} → {change.new}" for change in one.changes]
    notes = [one.note] if one.note else []
    return "<br>".join(map(_code, (short_description(one.vulnerability), *changes, *notes)))


def _sorted(causes: Iterable[Cause]) -> list[Cause]:
    return sorted(causes, key=lambda cause: KINDS.index(cause.kind))


def _cause(cause: Cause) -> str:
    return f"- {cause.kind}: {_code(cause.description)}"


def _phases(comparison: Comparison) -> Iterator[str]:
    for name, (old, new) in comparison.phases.items():
        yield _row(_code(name), _phase(old), _phase(new))


def _phase(phase: ComparedPhase | None) -> str:
    if phase is None:
        return "not in it"
    return phase.description + (f", {duration(phase.seconds)}" if phase.seconds is not None else "")


def _table(head: tuple[str, ...], rows: Iterable[str]) -> list[str]:
    shown = list(_short(rows))
    return [_row(*head), "|" + "---|" * len(head), *shown] if shown else []


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _short(lines: Iterable[str]) -> Iterator[str]:
    """Return as many lines as there is room for, and the number of the others."""
    left, every = _LONGEST_ROWS, list(lines)
    for number, line in enumerate(every):
        left -= len(line) + 1
        if left < 0:
            more = f"and {len(every) - number:,} more: see `fastflow diff`"
            yield f"| {more} |" if line.startswith("|") else f"- {more}"
            return
        yield line


def _code(text: str) -> str:
    return code(text, _LONGEST_VALUE)
