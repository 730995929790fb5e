"""Exit code 1 exactly when the SARIF log holds an unsuppressed result at or above its gate's threshold.

The log is judged by the gates as they stand in the spec, not by what the run says that its gates made of a finding.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from fastflow.errors import ExitCode
from fastflow.model.accept import Accepted, AcceptFile
from fastflow.model.node_parts import Gate
from fastflow.record.archive import Archive, read_archive
from fastflow.record.result import PhaseResult, RunResult, Vulnerability, exit_code_of
from fastflow.report.sarif_run import render
from fastflow.run.gate import weigh
from fastflow.run.node_log import NodeLog
from fastflow.run.verdict import NodeEnd, judge_testing
from fastflow.run.vulnerabilities import fingerprint
from tests.fakes.containers import Script
from tests.unit.run.stage import FINDS, PASSES, Stage

TODAY = date(2026, 11, 24)
DAYS = (None, date(2026, 11, 23), TODAY, date(2027, 1, 1))
PARAMETERS = "abcdef"


@dataclass(frozen=True)
class Case:
    """A testing phase: its gate, what is known to it, what its node finds, and how it ends."""

    threshold: int | None
    is_off: bool
    known: Mapping[str, date | None]
    found: tuple[tuple[str, int | None], ...]
    exit_code: int
    ending: str | None
    allow_failure: bool


CASES = st.lists(
    st.builds(
        Case,
        threshold=st.none() | st.integers(1, 100),
        is_off=st.sampled_from([False, False, False, True]),
        known=st.dictionaries(st.sampled_from(PARAMETERS), st.sampled_from(DAYS), max_size=4),
        found=st.lists(st.tuples(st.sampled_from(PARAMETERS), st.none() | st.integers(1, 100)), max_size=4).map(tuple),
        exit_code=st.sampled_from([0, 1, 1, 137]),
        ending=st.sampled_from(["passed", "failed", None]),
        allow_failure=st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


def fails(log: str, testers: Mapping[str, Case]) -> bool:
    """Read a log as a gate of one's own would; what is suppressed in it is what the accept files excuse today."""
    (run,) = json.loads(log)["runs"]
    for result in run["results"]:
        tester = testers[phase_of(result)]
        day = tester.known.get(result["properties"]["parameter"], date.min)
        is_known = not tester.is_off and (day is None or day >= TODAY)
        assert ("suppressions" in result) == is_known
    return any(is_grave(result, testers[phase_of(result)]) for result in run["results"])


def phase_of(result: Mapping[str, Any]) -> str:
    return str(result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"])


def is_grave(result: Mapping[str, Any], tester: Case) -> bool:
    threshold = inf if tester.is_off else tester.threshold or 0
    return "suppressions" not in result and not tester.allow_failure and result["rank"] >= threshold


def judged(name: str, tester: Case) -> PhaseResult:
    """What a run makes of a phase, without running one."""
    accepted = AcceptFile(
        tuple(Accepted(fingerprint("xss", "GET", "/", key), "known", day) for key, day in tester.known.items())
    ).for_day(TODAY)
    gate = "off" if tester.is_off else Gate.model_construct(threat=tester.threshold, accept="known.yml")
    found = tuple(
        weigh(Vulnerability("xss", threat, key, "bl_1", "/", fingerprint("xss", "GET", "/", key)), gate, accepted)
        for key, threat in tester.found
    )
    log = NodeLog(run="tr_1", ended=tester.ending)
    verdict = judge_testing(log, NodeEnd(tester.exit_code), found)
    return PhaseResult(
        name, "web", "default", "testing", "7", verdict.state, vulnerabilities=found, allow_failure=tester.allow_failure
    )


@settings(max_examples=400)
@given(CASES, st.sampled_from([None, None, None, 130, 143]))
def test_the_exit_code_is_what_the_log_says(testers: list[Case], interrupted: int | None) -> None:
    by_name = {f"web.t{at}": tester for at, tester in enumerate(testers)}
    phases = tuple(judged(name, tester) for name, tester in by_name.items())
    code = exit_code_of(phases, interrupted)
    result = RunResult("r1", "fastflow.yml", code, "", "", phases)
    event(f"exit code {code}")
    if interrupted is not None:
        assert code == interrupted
    else:
        log = render(Archive(Path(), "r1", "fastflow.yml", result, phases))
        assert (code == ExitCode.VULNERABLE) == fails(log, by_name)


@settings(max_examples=25, deadline=None)
@given(CASES)
def test_so_it_is_for_a_run_with_its_files(testers: list[Case]) -> None:
    by_name = {f"web.t{at}": tester for at, tester in enumerate(testers)}
    with TemporaryDirectory() as directory:
        result = ran(Path(directory), by_name)
        log = render(read_archive(Path(directory) / ".fastflow/runs/r1"))
    assert (result.exit_code == ExitCode.VULNERABLE) == fails(log, by_name)


def ran(directory: Path, testers: Mapping[str, Case]) -> RunResult:
    nodes, scripts = [], {}
    for name, tester in testers.items():
        node = name.partition(".")[2]
        entries = [
            {"fingerprint": fingerprint("xss", "GET", "/", key), "reason": "known", "expires": day and moved(day)}
            for key, day in tester.known.items()
        ]
        (directory / f"{node}.yml").write_text(json.dumps(entries), encoding="utf-8")
        threat = f"threat: {tester.threshold}, " if tester.threshold else ""
        gate = '"off"' if tester.is_off else f"{{ {threat}accept: {node}.yml }}"
        allowed = str(tester.allow_failure).lower()
        nodes.append(f"{node}: {{ mode: testing, test_record_id: r, gate: {gate}, allow_failure: {allowed} }}")
        scripts[f"fast-{node}"] = script(tester)
    text = f"workflows: {{ web: {{ build_id: web1, nodes: {{ {', '.join(nodes)} }} }} }}"
    return Stage(directory, text, scripts).run()


def moved(day: date) -> str:
    """The same side of the real today."""
    return "2020-01-01" if day < TODAY else "2999-01-01"


def script(tester: Case) -> Script:
    found = [
        {"type": "xss", "threat": threat, "parameter": key, "method": "GET", "uri": "/"} for key, threat in tester.found
    ]
    base = FINDS if found else PASSES
    report = json.dumps({"id": "tr_1", "vulns": found}).encode()
    lines = base.lines if tester.ending else base.lines[:2]
    return replace(base, lines=lines, exit_code=tester.exit_code, files={"/opt/reports": {"Run.1.json": report}})
