"""A target that does not answer: the hint names the port that the service's log does."""

from pathlib import Path

import pytest

from fastflow.model.target import target_of
from fastflow.run.advice import advice_on_target
from tests.fakes.containers import Script
from tests.unit.run.stage import PASSES, Stage

USES, CREATED = PASSES.lines[:2]


@pytest.mark.parametrize(
    ("line", "port"),
    [
        ("Serving HTTP on 0.0.0.0 port 3000 (http://0.0.0.0:3000/) ...", 3000),
        ("[2026-11-29 12:30:45] Server listening on port 3000", 3000),
        ("2026-11-29T12:30:45 INFO Tomcat started on port(s): 8080 (http)", 8080),
        ("[7] [INFO] Listening at: http://0.0.0.0:8443 (7)", 8443),
        ("* Listening on tcp://[::]:3000", 3000),
        ("Now listening on: http://*:80", 80),
        (" * Running on http://127.0.0.1:5000", 5000),
        ("listening on :9090", 9090),
        ("shop started at localhost:4000", 4000),
    ],
)
def test_the_port_of_the_log_is_proposed(line: str, port: int) -> None:
    target = target_of("http://app:18000")
    assert target is not None
    wanted = f"set the port in test_run_uri to {port}: the log of app says `{line.strip()}`"
    assert advice_on_target(target, "app", ["starting up", line]) == wanted


@pytest.mark.parametrize("line", [" * Running on http://127.0.0.1:5000", "listening on localhost:5000"])
def test_a_service_that_listens_on_loopback_only_is_said(line: str) -> None:
    target = target_of("http://app:5000")
    assert target is not None
    assert advice_on_target(target, "app", [line]).startswith("make app listen on all addresses (0.0.0.0)")


@pytest.mark.parametrize(
    "line", ["listening on 0.0.0.0:5000", "12:30:45 started in 4000 ms", "connected to db:5432", "listening"]
)
def test_a_log_that_names_no_other_port_gives_no_reason(line: str) -> None:
    target = target_of("http://app:5000")
    assert target is not None
    assert advice_on_target(target, "app", [line]) == "check that app answers on port 5000"


SPEC = """\
workflows:
  web:
    build_id: web1
    compose: { services: { app: { image: a, networks: { default: { aliases: [app-test] } } } } }
    nodes: { test: { mode: testing, test_record_id: rec_1, test_run_uri: "http://app-test:8000" } }
"""


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        ("The application under test cannot be reached: http://app-test:8000", "set the port in test_run_uri to 3000:"),
        ("connect ECONNREFUSED 10.0.0.2:8000", "set the port in test_run_uri to 3000:"),
        ("some other fault", None),
    ],
)
def test_a_phase_that_fails_for_it_has_the_hint(error: str, hint: str | None, tmp_path: Path) -> None:
    node = Script((USES, CREATED, f"ERROR [1]: {error}", "ERROR [1]: TestRun#tr_1 failed"), exit_code=1)
    app = Script(("listening on port 3000",))
    phase = Stage(tmp_path, SPEC, {"fast-test": node, "app": app}).phase("web.test")
    assert (phase.state, phase.reason) == ("failed", error)
    assert (phase.hint is None) == (hint is None)
    assert (phase.hint or "").startswith(hint or "")


def test_what_was_recorded_is_the_target_if_none_is_set(tmp_path: Path) -> None:
    error = "ERROR [1]: Test set for baseline #bl_1 could not run: GET http://app:8000/ gave no answer"
    node = Script((USES, CREATED, error, "ERROR [1]: TestRun#tr_1 failed"), exit_code=1)
    spec = SPEC.replace(', test_run_uri: "http://app-test:8000"', "")
    stage = Stage(tmp_path, spec, {"fast-test": node, "app": Script(("listening on port 3000",))})
    assert (stage.phase("web.test").hint or "").startswith("set the port in test_run_uri to 3000: the log of app")
