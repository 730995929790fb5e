"""A run as JUnit XML, for the test views of CI systems: a suite for each workflow.

A suite has a case for each phase (`classname` is the workflow) and one for each baseline of its testing phases
(`classname` is the phase). A vulnerable phase is a failure, a failed one an error. The form is that of Jenkins'
schema, which the others read, too: https://github.com/jenkinsci/xunit-plugin (junit-10.xsd).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from fastflow.model.mode import mode_named
from fastflow.record.archive import Archive
from fastflow.record.result import PhaseResult
from fastflow.report.text import between, pictured
from fastflow.report.vulnerabilities import Discovery, discoveries_of, verdict_on
from fastflow.report.words import last_lines, log_of, state_of
from fastflow.run.node_log import Ending, ended_test_sets

_LONGEST_REQUEST = 4_000
_RUN = "fastflow"
"""The suite that tells of the run itself, where nothing of it was started."""
_OUTCOMES = {
    "passed": "",
    "vulnerable": "failure",
    "failed": "error",
    "skipped": "skipped",
    "cancelled": "skipped",
    "waiting": "skipped",
}


@dataclass(frozen=True, slots=True)
class _Case:
    """A test case. `outcome` is the element that tells that it has not passed."""

    name: str
    group: str
    time: float | None = None
    outcome: str = ""
    message: str = ""
    kind: str = ""
    details: str = ""
    output: str = ""


def render(archive: Archive) -> str:
    """Give the document."""
    suites: dict[str, list[_Case]] = {}
    started: dict[str, str] = {}
    for phase in archive.phases:
        suites.setdefault(phase.workflow, []).extend(_cases(archive, phase))
        if phase.started:
            started.setdefault(phase.workflow, phase.started)
    if archive.history.refusal is not None:
        refused = _Case("run", _RUN, None, "error", archive.history.refusal, "nothing was started")
        suites.setdefault(_RUN, []).append(refused)  # a workflow may have this name
    cases = [case for suite in suites.values() for case in suite]
    root = ET.Element("testsuites", {"name": pictured(archive.name), **_counts(cases)})
    for number, (workflow, cases) in enumerate(suites.items()):
        suite = ET.SubElement(root, "testsuite", {"name": pictured(workflow), "id": str(number), **_counts(cases)})
        if workflow in started:
            suite.set("timestamp", pictured(started[workflow].partition(".")[0].rstrip("Z")))
        for case in cases:
            _write(suite, case)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _cases(archive: Archive, phase: PhaseResult) -> Iterator[_Case]:
    """The phase's own case, and those of its baselines, which tell what was found with each."""
    found = discoveries_of([phase])
    log = Path(phase.log.replace("\\", "/")).stem if phase.log else phase.id  # that of the last attempt
    has_test_sets = mode_named(phase.mode).makes == "test run"
    baselines = ended_test_sets(archive.logs.get(log, "").splitlines()) if has_test_sets else {}
    yield _of_phase(phase, found, [one for one in found if one.vulnerability.baseline not in baselines])
    for name, ending in baselines.items():
        yield _of_baseline(phase, name, ending, [one for one in found if one.vulnerability.baseline == name])


def _of_phase(phase: PhaseResult, found: Sequence[Discovery], only_here: Sequence[Discovery]) -> _Case:
    state = state_of(phase)
    time = between(phase.started, phase.ended) if phase.has_ended else None
    message = f"{state}: {phase.reason}" if phase.reason else state
    log = log_of(phase)
    facts = (_listed(found), phase.hint, f"log: {log}" if log else None)
    text = "\n".join(fact for fact in facts if fact)
    shown = (last_lines(phase.evidence),) if phase.evidence else ()
    details = "\n\n".join((text, *shown, *(_whole(one) for one in only_here)))
    outcome = _OUTCOMES.get(phase.state, "error")  # what has begun and did not end was cut short
    if outcome in ("failure", "error"):
        return _Case(phase.id, phase.workflow, time, outcome, message, state, details=details)
    return _Case(phase.id, phase.workflow, time, outcome, message if outcome else "", output=details)


def _of_baseline(phase: PhaseResult, name: str, ending: Ending, found: Sequence[Discovery]) -> _Case:
    """A test set's case: what it found fails it, unless all of that is excused."""
    case, group = f"baseline {name}", phase.id
    grave = [one for one in found if one.vulnerability.gate == "fails"]
    if ending == "error":
        return _Case(case, group, outcome="error", message="the test set could not be run", kind="error")
    if ending == "running":
        return _Case(case, group, outcome="skipped", message="the test set did not come to its end")
    if grave or (ending == "found" and not found and phase.has_grave):
        message = "; ".join(one.failure for one in grave) or f"what it shows is told under {phase.id}"
        kinds = ", ".join(dict.fromkeys(one.vulnerability.type for one in grave)) or "vulnerable"
        return _Case(case, group, None, "failure", message, kinds, "\n\n".join(_whole(one) for one in grave))
    return _Case(case, group, output="\n\n".join(f"{verdict_on(one.vulnerability)}: {_whole(one)}" for one in found))


def _listed(found: Sequence[Discovery]) -> str:
    return "\n".join(
        f"{one.description}: {verdict_on(one.vulnerability)} [{one.vulnerability.fingerprint}]" for one in found
    )


def _whole(one: Discovery) -> str:
    request = one.request[:_LONGEST_REQUEST]
    return "\n".join(
        part
        for part in (one.description, one.message, f"fingerprint: {one.vulnerability.fingerprint}", request)
        if part
    )


def _counts(cases: Sequence[_Case]) -> dict[str, str]:
    outcomes = [case.outcome for case in cases]
    return {
        "tests": str(len(cases)),
        "failures": str(outcomes.count("failure")),
        "errors": str(outcomes.count("error")),
        "skipped": str(outcomes.count("skipped")),
        "time": f"{sum(case.time or 0.0 for case in cases):.3f}",
    }


def _write(suite: ET.Element, case: _Case) -> None:
    element = ET.SubElement(suite, "testcase", {"name": pictured(case.name), "classname": pictured(case.group)})
    element.set("time", f"{case.time or 0.0:.3f}")
    if case.outcome:
        told = ET.SubElement(element, case.outcome, {"message": pictured(case.message)})
        if case.kind:
            told.set("type", pictured(case.kind))
        told.text = pictured(case.details) or None
    if case.output:
        ET.SubElement(element, "system-out").text = pictured(case.output)
