"""Two specs mean the same where their fields are equal, however they are written."""

from pathlib import Path

import pytest

from fastflow.model.resolved import resolved_fields
from fastflow.pipeline import SpecText, load

SPEC = """
cloud: { api_host: api.wallarm.com }
workflows:
  web:
    build_id: web${PIPELINE}
    compose: { services: { app: { image: a, ports: ["80"] } } }
    nodes:
      record: { mode: recording, timeout: 90, source: { run: make } }
      test: { mode: testing, test_run_uri: "${URI}", gate: { threat: 50 } }
"""


def fields(text: str, **values: str) -> dict[str, str]:
    known = {"WALLARM_API_TOKEN": "t", "PIPELINE": "1", "URI": "http://app", **values}
    facts, found = load(SpecText("fastflow.yml", Path(), text.encode()), known)
    assert facts is not None, found
    return resolved_fields(facts.spec, facts.document)


def changed(one: dict[str, str], other: dict[str, str]) -> set[str]:
    return {name for name in {*one, *other} if one.get(name) != other.get(name)}


@pytest.mark.parametrize(
    "text",
    [
        "# a comment\n" + SPEC,
        SPEC.replace("timeout: 90", "timeout: 1m30s"),
        SPEC.replace("timeout: 90, ", "") + "defaults: { timeout: 90 }\n",
        SPEC.replace("mode: testing, ", "").replace("threat: 50 }", "threat: 50 }, mode: testing"),
        SPEC.replace("source: { run: make }", "source: [{ run: make }]"),
        SPEC.replace("gate: {", "gate: { x-note: 1,") + "x-more: 2\n",
    ],
    ids=["comment", "duration", "defaults", "order", "list", "ignored"],
)
def test_what_means_the_same_is_no_change(text: str) -> None:
    expected = {"workflows.web.nodes.test.timeout"} if "defaults" in text else set()
    assert changed(fields(text), fields(SPEC)) == expected


def test_a_build_id_changes_with_its_text_and_not_with_a_value() -> None:
    assert changed(fields(SPEC), fields(SPEC, PIPELINE="2")) == set()
    assert changed(fields(SPEC), fields(SPEC.replace("web${", "www${"))) == {"workflows.web.build_id"}


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("threat: 50", "threat: 51", "workflows.web.nodes.test.gate"),
        ("run: make", "run: make all", "workflows.web.nodes.record.source"),
        ("timeout: 90, ", "", "workflows.web.nodes.record.timeout"),
        ("image: a", "image: b", "workflows.web.compose"),
        ("image: a", "image: !reset a", "workflows.web.compose"),
        ('["80"]', "[80]", "workflows.web.compose"),
        ("ports:", "!!str ports:", None),
        ("[", "!override [", "workflows.web.compose"),
        ("api.wallarm.com", "us1.api.wallarm.com", "cloud.api_host"),
        ("  web:", "  www:", "workflows.www.compose"),
        ("workflows:", "max_parallel: 2\nworkflows:", "max_parallel"),
        ("workflows:", "hosts: { h: { context: c } }\nworkflows:", "hosts.h.context"),
    ],
)
def test_what_means_another_thing_is_a_change_of_its_field(old: str, new: str, name: str | None) -> None:
    found = changed(fields(SPEC.replace(old, new, 1)), fields(SPEC))
    assert (name in found) if name else not found


def test_a_value_of_a_variable_is_a_change() -> None:
    assert changed(fields(SPEC), fields(SPEC, URI="http://other")) == {"workflows.web.nodes.test.test_run_uri"}
