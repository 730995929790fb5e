"""A Compose file with FAST services becomes the spec that says the same, and the checks accept it."""

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings

from fastflow.diagnostic import Severity
from fastflow.pipeline import SpecText, check, plan
from fastflow.plan import PhasePlan
from fastflow.plan.making import Selection
from fastflow.spec.writer import as_mapping, dump

from .applications import SECRET, compose_files, findings, spec_of

ROOT = Path(__file__).parents[3]


@settings(max_examples=150)
@given(compose_files())
def test_what_init_writes_has_no_error_and_no_secret(compose: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        text = spec_of(compose, Path(name))
        errors = [found for found in findings(text, Path(name)) if found.severity is Severity.ERROR]
    assert errors == [], f"{compose}\n{text}"
    assert SECRET not in text


@settings(max_examples=100)
@given(compose_files())
def test_what_is_blank_in_compose_stops_no_run(compose: str) -> None:
    """Without any variable, only the token, the BUILD_ID and what Compose itself demands are missing."""
    with tempfile.TemporaryDirectory() as name:
        text = spec_of(compose, Path(name))
        found = check([SpecText("fastflow.yml", Path(name), text.encode())], {}).diagnostics
    lines = text.splitlines()
    unset = [lines[one.mark.line - 1] for one in found if one.rule == "undefined-variable"]
    assert [line for line in unset if not re.search(r"token:|build_id:|^  \S+:$|:\?", line)] == [], f"{compose}\n{text}"


def planned(compose: str, directory: Path) -> Mapping[str, PhasePlan]:
    """The phases that the drafted spec comes to."""
    text = spec_of(compose, directory)
    (facts,) = check([SpecText("fastflow.yml", directory, text.encode())], None).specs
    return plan(facts, directory, Selection()).phases


def test_nodes_have_the_environment_of_the_fast_services(tmp_path: Path) -> None:
    common = {"BUILD_ID": "007", "WORKERS": "20", "OTHER": "a: #b"}
    recorder = {"CI_MODE": "recording", "ALLOWED_HOSTS": "(a|b)", "INACTIVITY_TIMEOUT": "900", "CA_CERT": "/c"}
    tester = {
        "CI_MODE": "testing",
        "TEST_RUN_NAME": "on",
        "TEST_RUN_POLICY_ID": "7",
        "FILE_EXTENSIONS_TO_EXCLUDE": "a|b",
    }
    services = {
        "app": {"image": "app"},
        "rec": {"image": "wallarm/fast", "environment": common | recorder, "container_name": "r", "hostname": "h"},
        "attack": {"image": "m/wallarm/fast:2", "environment": common | tester | {"TEST_RUN_URI": "http://app:1"}},
    }
    phases = planned(dump(as_mapping({"services": services})), tmp_path)
    assert phases["web.record"].environment == common | recorder
    assert phases["web.test"].environment == common | tester | {"TEST_RUN_URI": "http://app:1"}
    record, test = phases["web.record"].node, phases["web.test"].node
    assert (record.container_name, record.image, test.container_name, test.image) == (
        "r",
        None,
        None,
        "m/wallarm/fast:2",
    )
    assert record.container is not None
    assert [(key.text, getattr(value, "text", None)) for key, value in record.container] == [("hostname", "h")]


def test_the_page_on_existing_compose_files_shows_what_init_writes(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "how-to" / "from-an-existing-compose-file.md").read_text(encoding="utf-8")
    compose, spec = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert spec_of(compose, tmp_path) == spec


TESTS = "tests: { image: t, environment: { http_proxy: 'http://NAME:8080' } }"


@pytest.mark.parametrize(
    ("fast", "named", "alias"),
    [
        ("fast: { image: wallarm/fast }", "fast", "fast"),
        ("proxy: { image: wallarm/fast }", "proxy", "proxy"),
        ("proxy: { image: wallarm/fast, container_name: node }", "node", "node"),
        ("proxy: { image: wallarm/fast, networks: { n: { aliases: [fast, second] } } }", "second", "second"),
        ("proxy: { image: wallarm/fast, networks: { n: { aliases: [fast, second] } } }", "elsewhere", "fast"),
        ("a.b: { image: wallarm/fast }", "a.b", "fast"),
        ("a.b: { image: wallarm/fast }\n  fast: { image: other }", "a.b", "fast-proxy"),
    ],
)
def test_a_node_answers_to_the_name_that_requests_are_sent_to(
    fast: str, named: str, alias: str, tmp_path: Path
) -> None:
    compose = f"services:\n  {fast}\n  {TESTS.replace('NAME', named)}\nnetworks: {{ n: }}\n"
    phases = planned(compose, tmp_path)
    assert {phase.node.network_alias for phase in phases.values() if phase.node.mode == "recording"} == {alias}
    assert {phase.node.network_alias for phase in phases.values() if phase.node.mode == "testing"} == {None}


@pytest.mark.parametrize(
    ("others", "source"),
    [
        ("tests: { image: t }", "tests"),
        ("job: { image: t, environment: [HTTP_PROXY=http://fast:8080] }", "job"),
        ("test: { image: t }\n  job: { image: t, environment: [HTTP_PROXY=http://fast:8080] }", "job"),
        ("test: { image: t, links: [ff] }\n  ff: { image: f, environment: [http_proxy=fast:8080] }", "test"),
        ("ff: { image: f, ports: ['4444'], environment: [http_proxy=fast:8080] }\n  my-e2e: { image: t }", "my-e2e"),
        ("app: { image: a }", None),
        ("contest: { image: a }", None),
    ],
)
def test_the_tests_are_what_sends_requests_through_the_node(others: str, source: str | None, tmp_path: Path) -> None:
    phases = planned(f"services:\n  fast: {{ image: wallarm/fast }}\n  {others}\n", tmp_path)
    assert [getattr(one, "service", None) for one in phases["web.record"].sources] == ([source] if source else [])


@pytest.mark.parametrize(
    ("compose", "uri"),
    [
        ("app: { image: a, ports: ['8000:3000'] }", "http://app:3000"),
        ("db: { image: d, ports: ['1:1'] }\n  app: { image: a }\n  tests: { image: t, depends_on: [app] }", "http://app"),
        ("app: { image: a, hostname: h }\n  tests: { image: t, environment: [U=https://h:1/x] }", "https://h:1"),
        ("app: { image: a }\n  tests: { image: t, environment: [U=https://elsewhere.example] }", None),
        ("a: { image: a, ports: ['1:1'] }\n  b: { image: b, ports: ['2'] }\n  fast: { environment: [ALLOWED_HOSTS=b] }",
         "http://b:2"),
    ],
)  # fmt: skip
def test_the_application_is_where_the_tests_are_told_to_go(compose: str, uri: str | None, tmp_path: Path) -> None:
    services = as_mapping({"image": "wallarm/fast"})
    text = compose.replace("fast: {", "fast: { image: wallarm/fast,")
    text += "" if "wallarm/fast" in text else f"\n  fast: {{ {dump(services).strip()} }}"
    assert getattr(planned(f"services:\n  {text}\n", tmp_path)["web.test"].node, "test_run_uri", None) == uri


def test_testers_of_one_build_id_run_one_after_the_other(tmp_path: Path) -> None:
    fast = "image: wallarm/fast, environment: { BUILD_ID: 1, CI_MODE: "
    modes = {"a": "recording", "b": "testing", "c": "testing", "d": "testing, TEST_RECORD_ID: r", "e": "report"}
    services = "".join(f"  {name}: {{ {fast}{mode} }} }}\n" for name, mode in modes.items())
    phases = planned(f"services:\n{services}", tmp_path)
    found = {name: [edge.before for edge in phase.dependencies] for name, phase in phases.items()}
    assert found["web.test2"] == ["web.record", "web.test"]
    assert found["web.test3"] == ["web.test2"]
    assert set(found["web.report"]) == {"web.test", "web.test2", "web.test3"}


def test_a_second_recorder_of_one_build_id_is_a_workflow_of_its_own(tmp_path: Path) -> None:
    fast = "{ image: wallarm/fast, environment: { BUILD_ID: 1, CI_MODE: recording } }"
    phases = planned(f"services:\n  fast-1: {fast}\n  fast1: {fast}\n", tmp_path)
    build_ids = {name: phase.build_id for name, phase in phases.items()}
    assert build_ids["fast-1.record"] == "1"
    assert build_ids["fast1.record"] == "fast1x1${FASTFLOW_CI_ID}"


def test_a_token_that_stands_in_a_file_of_variables_stays_there(tmp_path: Path) -> None:
    (tmp_path / "t.env").write_text(f"WALLARM_API_TOKEN={SECRET}\nBUILD_ID=b7\n")
    text = spec_of("services: { fast: { image: wallarm/fast, env_file: [t.env] } }", tmp_path)
    assert SECRET not in text
    assert str(tmp_path) not in text
    assert "build_id: b7\n" in text


@pytest.mark.parametrize(
    "more", ["fast-record: { image: own }", "own: { image: own, networks: { n: { aliases: [fast-record] } } }"]
)
def test_no_node_takes_the_name_of_a_service_or_of_an_alias(more: str, tmp_path: Path) -> None:
    services = f"fast: {{ image: wallarm/fast }}\n  {TESTS.replace('NAME', 'fast')}\n  {more}"
    assert list(planned(f"services:\n  {services}\nnetworks: {{ n: }}\n", tmp_path)) == ["web.record2", "web.test"]


def test_fast_services_with_the_names_of_nodes_become_these_nodes(tmp_path: Path) -> None:
    own = "fast-record: { image: wallarm/fast }\n  fast-test: { image: wallarm/fast, environment: [CI_MODE=testing] }"
    phases = planned(f"services:\n  {own}\n  {TESTS.replace('NAME', 'fast-record')}\nnetworks: {{ n: }}\n", tmp_path)
    assert list(phases) == ["web.record", "web.test"]
