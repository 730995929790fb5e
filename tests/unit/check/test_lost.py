"""All faults at once, and none that only follows from another: what was at fault is not taken for missing."""

import pytest

from tests.unit.check.specs import rules

MANY = """\
checks: { source-missing: warning }
workflows:
  web:
    build_id: web1
    unheard: of
    nodes:
      record: { mode: recording, ports: ["8080:8080"], container_name: fast }
      test: { mode: testing, test_run_rps: 0, test_run_uri: "http://app.example" }
      again: { mode: testing, test_run_uri: "http://app.example" }
  api:
    build_id: web1
    host: nowhere
    nodes:
      record: { mode: recording, source: { service: tests }, ports: ["8080:80"], container_name: fast }
      lost: { mode: testing, build_id: nobody, test_run_uri: "http://localhost", depends_on: [nothing] }
      report: { mode: report, gate: off }
  rest:
    build_id: no-way
    nodes:
      one: { mode: report }
      two: { mode: testing, test_record: external, test_run_uri: "http://a.example", depends_on: [three] }
      three: { mode: testing, test_record: external, test_run_uri: "http://a.example", depends_on: [two] }
"""


def test_faults_of_every_kind_are_found_beside_each_other() -> None:
    assert set(rules(MANY)) == {
        "unknown-field",
        "invalid-value",
        "mode-field",
        "build-id-format",
        "build-id-collision",
        "dependency-unknown",
        "dependency-cycle",
        "host-unknown",
        "proxy-port",
        "record-missing",
        "service-unknown",
        "source-missing",
        "target-unknown",
    }


def test_faults_that_ask_for_order_are_found_where_there_is_one() -> None:
    text = MANY.replace(", depends_on: [two]", "")
    assert {"build-id-overlap", "port-conflict", "container-name-conflict"} <= set(rules(text))


NODES = """\
workflows:
  web:
    build_id: web1
    nodes:
      record: { mode: recording, allowed_hosts: [.example], source: { run: ./tests.sh } }
      test: { mode: testing, container_name: a }
      last: { mode: testing, depends_on: [test], container_name: a }
      report: { mode: report, depends_on: [last] }
"""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("record: { mode: recording", "record: { mode: recordng"),
        ("record: {", "record: ~ #"),
        ("test: { mode: testing", "test: { mode: tesing"),
        ("allowed_hosts: [.example]", "allowed_hosts: []"),
        ("source: { run: ./tests.sh }", "source: ./tests.sh"),
        ("depends_on: [test]", "depends_on: test"),
        ("depends_on: [test]", "depends_on: { test: { condition: healthy } }"),
        ("build_id: web1", "build_id: [web1]"),
        ("mode: recording,", "mode: recording, build_id: [web1],"),
        ("mode: testing, container_name", "mode: testing, test_run_uri: [a], container_name"),
        ("mode: testing, container_name", "mode: testing, build_id: {}, container_name"),
        ("build_id: web1", "build_id: web1\n    compose: []"),
        ("mode: recording,", "mode: recording, alias: 1st,"),
    ],
)
def test_one_fault_of_shape_is_one_finding(right: str, wrong: str) -> None:
    assert rules(NODES) == []
    assert rules(NODES.replace(right, wrong, 1)) == ["invalid-value"]


def test_unknown_dependency_causes_no_findings_about_order() -> None:
    assert rules(NODES.replace("depends_on: [test]", "depends_on: [tset]")) == ["dependency-unknown"]


def test_unused_comment_is_found_beside_a_fault_that_loses_nothing() -> None:
    text = NODES.replace("build_id: web1", "build_id: web1  # fastflow: ignore[source-missing] by hand")
    assert rules(text) == ["unused-ignore"]
    assert rules(text.replace("  web:", "  web:\n    unheard: of")) == ["unknown-field", "unused-ignore"]
    assert rules(text.replace("allowed_hosts: [.example]", "allowed_hosts: []")) == ["invalid-value"]
