"""What must never be called passed, each on the real engine; what nodes do is printed by scripts."""

import json
import os

import pytest

from tests.e2e.late_successes import LASTS, races

from .conftest import IMAGE
from .nodes import FOUND, PASSED, TESTED, attacks, node, records, says, spec_of
from .runs import Fastflow

pytestmark = pytest.mark.e2e

EATS = 'exec python3 -c "x = bytearray(300_000_000)"'
DIES = f"services: {{ app: {{ image: {IMAGE}, init: true, command: [sh, -c, 'sleep 1; exit 1'] }} }}"
LIARS = {
    "a node that the memory limit kills after its last line": (
        node("testing", f"{says(*PASSED)}; {EATS}").replace("container: {", "container: { mem_limit: 24m,"),
        "the node was killed by the memory limit (exit code 137)",
    ),
    "a node that ends with 0 before its test run has": (
        attacks(TESTED),
        "the node ended before its test run did, with exit code 0",
    ),
    "a node that ends with 0 without a test run": (
        attacks(("[info] Node connected to Wallarm Cloud",)),
        "the node ended without a test run, with exit code 0: [info] Node connected to Wallarm Cloud",
    ),
    "a node that says nothing and ends with 0": (
        node("testing", "true"),
        "the node ended without a test run, with exit code 0: no output",
    ),
    "the end of another test run": (
        attacks((*TESTED, "INFO [1]: TestRun#tr_of_others passed")),
        "the node ended before its test run did, with exit code 0",
    ),
    "a test of another record": (
        attacks((TESTED[1].replace("rec_", "rec_other_"), *PASSED[2:])),
        "record mismatch: the node tested rec_other_BUILD_ID, but this run recorded rec_BUILD_ID",
    ),
    "a passed line and another exit code": (attacks(PASSED, 3), None),
    "a service that dies during the test": (node("testing", LASTS), "service app ended with exit code 1"),
}


@pytest.mark.parametrize("name", LIARS, ids=lambda name: name.replace(" ", "-"))
def test_is_not_passed(name: str, fastflow: Fastflow, build_id: str) -> None:
    text, reason = LIARS[name]
    written = spec_of({"web": {"record": records(services="[]"), "test": text}}, build_id)
    if name.startswith("a service"):
        written = written.replace("    nodes:", f"    compose: {{ {DIES} }}\n    nodes:")
    fastflow.write(written)
    ended = fastflow("up")
    assert (ended.code, ended.states) == (3, {"web.record": "passed", "web.test": "failed"}), ended.reasons
    if reason is not None:
        assert reason.replace("BUILD_ID", f"{build_id}web") in (ended.reasons["web.test"] or "")


@pytest.mark.parametrize("exit_code", [1, 137])
def test_a_recorder_that_ends_badly_when_it_is_stopped_is_not_passed(
    exit_code: int, fastflow: Fastflow, build_id: str
) -> None:
    fastflow.write(spec_of({"web": {"record": records(exit_code=exit_code), "test": attacks()}}, build_id))
    ended = fastflow("up")
    assert (ended.code, ended.states) == (3, {"web.record": "failed", "web.test": "skipped"})
    assert f"exit code {exit_code}" in (ended.reasons["web.record"] or "")


def test_the_callers_variables_steer_neither_the_source_nor_compose(fastflow: Fastflow, build_id: str) -> None:
    asks = 'test -z "$NO_PROXY$no_proxy" && test "$http_proxy" = "$FASTFLOW_PROXY" && test -n "$http_proxy"'
    nodes = {
        "record": records(f"{{ run: {json.dumps(asks)} }}"),
        "beside": records('{ run: "sleep 1" }', build_id=f"{build_id}beside", alias="beside"),
        "test": attacks(),
    }
    fastflow.write(spec_of({"web": nodes}, build_id))
    fastflow.extra |= {
        **dict.fromkeys(("NO_PROXY", "no_proxy"), "*"),
        "COMPOSE_FILE": "/nowhere.yml",
        "COMPOSE_PROJECT_NAME": "another",
        "COMPOSE_REMOVE_ORPHANS": "1",
        "COMPOSE_IGNORE_ORPHANS": "0",
        "COMPOSE_DISABLE_ENV_FILE": "1",
        "COMPOSE_ENV_FILES": "/nowhere.env",
        "COMPOSE_PROJECT_DIRECTORY": "/nowhere",
    }
    ended = fastflow("up")
    assert (ended.code, set(ended.states.values())) == (0, {"passed"}), ended.reasons


OLD = {"id": "tr_of_yesterday", "vulns": [{"type": "rce", "threat": 100, "parameter": "q", "uri": "/"}]}
OWN = '{"id": "tr_$$(hostname)", "vulns": [{"type": "xss", "threat": 40, "parameter": "q", "uri": "/"}]}'


@pytest.mark.parametrize("is_fresh", [False, True])
@pytest.mark.parametrize(
    ("lines", "own", "state", "found"),
    [
        (PASSED, "", "passed", []),
        (FOUND, "", "vulnerable", ["unknown", "unknown"]),
        (FOUND, OWN, "vulnerable", ["xss"]),
    ],
    ids=["none", "in the log", "in a report"],
)
def test_an_earlier_report_in_a_mounted_directory_decides_nothing(
    *,
    lines: tuple[str, ...],
    own: str,
    state: str,
    found: list[str],
    is_fresh: bool,
    fastflow: Fastflow,
    build_id: str,
) -> None:
    old = fastflow.write(json.dumps(OLD), "mounted/Old.1.json")
    if not is_fresh:
        os.utime(old, (1_600_000_000,) * 2)
    writes = f"echo {json.dumps(own)} > /opt/reports/Run.2.json; " if own else ""
    if is_fresh:  # such as another pipeline writes while this one tests
        writes += "touch /opt/reports/Old.1.json; "
    tester = node("testing", f"{says(*lines)}; {writes}exit {int(lines is FOUND)}")
    tester = tester.replace("container: {", "container: { volumes: ['./mounted:/opt/reports'],")
    fastflow.write(spec_of({"web": {"record": records(services="[]"), "test": tester}}, build_id))
    ended = fastflow("up")
    assert ended.states == {"web.record": "passed", "web.test": state}, ended.reasons
    phase = ended.result["phases"][1]
    assert [one["type"] for one in phase["vulnerabilities"]] == found
    assert sorted(path.rpartition("/")[2] for path in phase["reports"]) == [
        *(["Old.1.json"] if is_fresh else []),
        *(["Run.2.json"] if own else []),
    ]
    assert json.loads(old.read_text()) == OLD


def test_an_early_failure_is_never_hidden_by_a_late_success(fastflow: Fastflow, build_id: str) -> None:
    # benchmarks/truth.py does the same a hundred times.
    fastflow.write(races(4, build_id))
    ended = fastflow("up")
    assert (ended.code, set(ended.states.values())) == (3, {"failed"}), ended.reasons
    assert all("early" in (reason or "") for reason in ended.reasons.values()), ended.reasons
