"""A run as JUnit XML, for the test views of CI systems: a suite for each workflow.

A suite has a case for each phase (`classname` is the workflow) and one for each vulnerability (`classname` is the
phase), named by parts that stay the same from run to run. There are as many failures as vulnerabilities that fail a
gate; a failed phase is an error. The format is Jenkins' schema, which the other systems read too:
https://github.com/jenkinsci/xunit-plugin (junit-10.xsd).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from fastflow.model.mode import mode_named
from fastflow.record.archive import Archive
from fastflow.record.result import PhaseResult
from fastflow.report.text import between, count, pictured
from fastflow.report.vulnerabilities import Discovery, discoveries_of, verdict_on
from fastflow.report.words import last_lines, log_of, state_of
from fastflow.run.node_log import Ending, ended_test_sets

_LONGEST_REQUEST = 4_000
_RUN = "fastflow"
"""The suite about the run itself, if nothing of it was started."""
_OUTCOMES = {
    "passed": "",
    "vulnerable": "failure",
    "failed": "error",
    "skipped": "skipped",
    "cancelled": "skipped",
    "waiting": "skipped",
}


_TEST_SETS = "test sets"
_ENDINGS: Mapping[Ending, str] = {
    "found": "found something",
    "passed": "passed",
    "error": "could not run",
    "running": "did not finish",
}


@dataclass(frozen=True, slots=True)
class _Case:
    """A test case. `outcome` is the element of a case that has not passed."""

    name: str
    group: str
    time: float | None = None
    outcome: str = ""
    message: str = ""
    kind: str = ""
    details: str = ""
    output: str = ""


def render(archive: Archive) -> str:
    """Return the document."""
    suites: dict[str, list[_Case]] = {}
    started: dict[str, str] = {}
    for phase in archive.phases:
        suites.setdefault(phase.workflow, []).extend(_cases(archive, phase))
        if phase.started:
            started.setdefault(phase.workflow, phase.started)
    if archive.history.refusal is not None:
        refused = _Case("run", _RUN, None, "error", archive.history.refusal, "nothing was started")
        suites.setdefault(_RUN, []).append(refused)  # a workflow may have this name too
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
    """The phase's own case, that of its test sets, and those of the vulnerabilities that it found."""
    found = discoveries_of([phase])
    yield _of_phase(phase, found)
    if mode_named(phase.mode).makes == "test run":
        yield from _of_test_sets(archive, phase)
    names: Counter[str] = Counter()
    for one in found:
        names[one.case] += 1
        yield _of_vulnerability(one, one.case if names[one.case] == 1 else f"{one.case} #{names[one.case]}")


def _of_phase(phase: PhaseResult, found: Sequence[Discovery]) -> _Case:
    """A phase's case; for a vulnerable phase, the cases of its vulnerabilities are the failures, if any are known."""
    state = state_of(phase)
    time = between(phase.started, phase.ended) if phase.has_ended else None
    message = f"{state}: {phase.reason}" if phase.reason else state
    log = log_of(phase)
    facts = (_listed(found), phase.hint, f"log: {log}" if log else None)
    text = "\n".join(fact for fact in facts if fact)
    details = "\n\n".join((text, last_lines(phase.evidence)) if phase.evidence else (text,))
    outcome = _OUTCOMES.get(phase.state, "error")  # a phase that began and did not end was cut short
    if outcome == "failure" and any(one.vulnerability.gate == "fails" for one in found):
        return _Case(phase.id, phase.workflow, time, output=f"{message}\n{details}")
    if outcome in ("failure", "error"):
        return _Case(phase.id, phase.workflow, time, outcome, message, state, details=details)
    return _Case(phase.id, phase.workflow, time, outcome, message if outcome else "", output=details)


def _of_test_sets(archive: Archive, phase: PhaseResult) -> Iterator[_Case]:
    """One case for all test sets in the node's log, because their baselines have different ids in each run."""
    log = Path(phase.log.replace("\\", "/")).stem if phase.log else phase.id  # that of the last attempt
    ended = ended_test_sets(archive.logs.get(log, "").splitlines())
    if not ended:
        return
    by_ending = {ending: [name for name, how in ended.items() if how == ending] for ending in _ENDINGS}
    text = "\n".join(_counted(words, by_ending[ending]) for ending, words in _ENDINGS.items() if by_ending[ending])
    if broken := by_ending["error"]:
        yield _Case(_TEST_SETS, phase.id, None, "error", _counted(_ENDINGS["error"], broken), "error", details=text)
    elif cut := by_ending["running"]:
        yield _Case(_TEST_SETS, phase.id, None, "skipped", _counted(_ENDINGS["running"], cut), output=text)
    else:
        yield _Case(_TEST_SETS, phase.id, output=text)


def _counted(words: str, baselines: Sequence[str]) -> str:
    return f"{count(len(baselines), 'test set')} {words}: {', '.join(baselines)}"


def _of_vulnerability(one: Discovery, name: str) -> _Case:
    """A vulnerability's case: a failure, unless it is excused."""
    if one.vulnerability.gate == "fails":
        allowed = " (allowed)" if one.phase.allow_failure else ""
        message = f"{one.failure}{allowed}"
        return _Case(name, one.phase.id, None, "failure", message, one.vulnerability.type, _whole(one))
    return _Case(name, one.phase.id, output=f"{verdict_on(one.vulnerability)}: {_whole(one)}")


def _listed(found: Sequence[Discovery]) -> str:
    return "\n".join(
        f"{one.description}: {verdict_on(one.vulnerability)} [{one.vulnerability.fingerprint}]" for one in found
    )


def _whole(one: Discovery) -> str:
    request = one.request[:_LONGEST_REQUEST]
    return "\n".join(part for part in (one.description, one.explanation, one.message, *_facts(one), request) if part)


def _facts(one: Discovery) -> Iterable[str]:
    yield f"fingerprint: {one.vulnerability.fingerprint}"
    if one.vulnerability.baseline:
        yield f"baseline: {one.vulnerability.baseline}"


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
        child = ET.SubElement(element, case.outcome, {"message": pictured(case.message)})
        if case.kind:
            child.set("type", pictured(case.kind))
        child.text = pictured(case.details) or None
    if case.output:
        ET.SubElement(element, "system-out").text = pictured(case.output)
