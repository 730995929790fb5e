"""A comparison of two runs for a terminal."""

from collections.abc import Iterable, Iterator

from fastflow.report.diff.cause import KINDS
from fastflow.report.diff.comparison import ComparedPhase, ComparedRun, Comparison
from fastflow.report.diff.vulnerabilities import FoundVulnerability
from fastflow.report.text import clean, duration, moment, without_breaks
from fastflow.report.vulnerabilities import short_description

_NAME = 11  # columns


def render(comparison: Comparison) -> str:
    """Return the runs, their vulnerabilities, other differences, and the phases; no value can control the terminal."""
    return "\n".join(clean(without_breaks(line)) for line in _lines(comparison))


def _lines(comparison: Comparison) -> Iterator[str]:
    yield _run("older", comparison.old)
    yield _run("newer", comparison.new)
    yield from comparison.remarks
    found = comparison.vulnerabilities
    yield from ("", f"Vulnerabilities: {found.summary}")
    yield from _found("new", found.new)
    yield from _found("gone", found.gone)
    yield from _found("changed", found.changed)
    yield from _found("not tested", found.not_tested)
    yield from ("", "Other differences:" if comparison.causes else "No other differences are known.")
    for kind in KINDS:
        yield from (f"  {kind:<{_NAME}}{cause.description}" for cause in comparison.causes if cause.kind == kind)
    if comparison.unknown:
        yield from ("", "Not comparable:", *(f"  {said}" for said in comparison.unknown))
    yield from ("", "Phases:", *_phases(comparison))


def _run(which: str, run: ComparedRun) -> str:
    times = [moment(run.started)] if run.started else []
    times += [duration(run.seconds)] if run.seconds is not None else []
    code = "none" if run.exit_code is None else run.exit_code
    facts = ", ".join((run.verdict.headline, f"exit code {code}", *times))
    return f"{which} run {run.run} of {run.name} ({run.spec}): {facts}"


def _found(how: str, found: Iterable[FoundVulnerability]) -> Iterator[str]:
    for one in found:
        yield f"  {how:<{_NAME}}{short_description(one.vulnerability)}, by {', '.join(one.phases)}  {one.fingerprint}"
        yield from (f"  {'':<{_NAME}}  {change.what}: {change.old} → {change.new}" for change in one.changes)
        if one.note:
            yield f"  {'':<{_NAME}}  {one.note}"


def _phases(comparison: Comparison) -> Iterator[str]:
    rows = [(name, _state(old), _state(new), _took(old), _took(new)) for name, (old, new) in comparison.phases.items()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)] if rows else []
    for name, was, is_now, took, takes in rows:
        states = f"{was:<{widths[1]}} → {is_now:<{widths[2]}}"
        yield f"  {name:<{widths[0]}}  {states}  {took:>{widths[3]}} → {takes}".rstrip()


def _state(phase: ComparedPhase | None) -> str:
    return phase.description if phase is not None else "not in it"


def _took(phase: ComparedPhase | None) -> str:
    return duration(phase.seconds) if phase is not None and phase.seconds is not None else "-"
