"""The schema for editors: valid, complete, described, and of one mind with the model."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from fastflow.app.schema import whole_schema
from fastflow.check.rules import RULE_IDS
from fastflow.model.base import SpecModel
from fastflow.model.cloud import Cloud
from fastflow.model.host import Host
from fastflow.model.mode import MODES
from fastflow.model.node import NODE_TYPES
from fastflow.model.node_parts import Gate, Ready
from fastflow.model.relations import CommandSource, ServiceSource
from fastflow.model.schema import descriptions_of
from fastflow.model.spec import Spec, Workflow
from tests.unit.model.good_specs import GOOD, SMALL, Editor, NewEditor, as_editors_read
from tests.unit.model.specs import faults, load

SCHEMA = whole_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Every mapping in the schema."""
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from parts(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from parts(value)


def test_it_is_a_schema_of_2020_12_with_what_editors_show() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert {"$id", "title", "description", "examples"} <= SCHEMA.keys()
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA == whole_schema()
    assert all(not list(VALIDATOR.iter_errors(example)) for example in SCHEMA["examples"])


def test_there_is_no_noise() -> None:
    for part in parts(SCHEMA):
        assert "default" not in part
        assert {"type": "null"} not in part.get("anyOf", ())
    assert [part["title"] for part in parts(SCHEMA) if isinstance(part.get("title"), str)] == ["fastflow.yml"]


def test_every_field_of_the_model_is_there_and_described_as_in_the_model() -> None:
    defs = SCHEMA["$defs"]
    gate = defs["testing"]["properties"]["gate"]["anyOf"][1]["else"]["else"]["then"]
    ready = defs["recording"]["properties"]["ready"]
    homes: list[tuple[type[SpecModel], Any]] = [
        (Spec, SCHEMA),
        (Cloud, defs["cloud"]),
        (Host, defs["host"]),
        (Workflow, defs["workflow"]),
        (Gate, gate),
    ]
    homes += [(Ready, ready), (CommandSource, defs["source"]["then"]), (ServiceSource, defs["source"]["else"])]
    homes += [(NODE_TYPES[mode], defs[mode]) for mode in MODES]
    for model, home in homes:
        fields = descriptions_of(model)
        assert {name: field["description"] for name, field in home["properties"].items()} == fields
        assert home["additionalProperties"] is False
        assert "^x-" in home["patternProperties"]


def fields_of(schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field of a mapping that the schema describes; conditions describe none."""
    for part in parts({key: value for key, value in schema.items() if key not in ("if", "else", "examples")}):
        if part.get("additionalProperties") is False:
            yield from part.get("properties", {}).items()
            yield from ((name, field) for name, field in part["patternProperties"].items() if field)


def test_every_field_is_described() -> None:
    assert [name for name, field in fields_of(SCHEMA) if not {"description", "$ref"} & field.keys()] == []


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (("$defs", "workflow", "properties", "publish"), ["keep", "none"]),
        (("$defs", "testing", "properties", "gate"), ["off"]),
        (("properties", "checks", "properties", "scope-open"), ["error", "warning", "off"]),
    ],
)
def test_words_are_listed_where_editors_look_for_them(path: tuple[str, ...], words: list[str]) -> None:
    field: Any = SCHEMA
    for step in path:
        field = field[step]
    assert field["anyOf"][0] == {"enum": words}


def test_checks_may_name_every_rule_and_nothing_else() -> None:
    assert SCHEMA["properties"]["checks"]["properties"].keys() == set(RULE_IDS)
    assert list(VALIDATOR.iter_errors(as_editors_read(SMALL + "checks: { scope-opn: off }\n")))


@pytest.mark.parametrize("loader", [Editor, NewEditor])
@pytest.mark.parametrize("name", GOOD)
def test_good_specs_validate_and_are_good(name: str, loader: type[Editor]) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(as_editors_read(GOOD[name], loader))] == []
    assert faults(load(GOOD[name]).diagnostics) == []


BAD = {
    "no workflows": "name: x\n",
    "empty workflows": "workflows: {}\n",
    "not a mapping": "workflows: [a]\n",
    "no nodes": "workflows: { w: {} }\n",
    "unknown at the top": SMALL + "nmae: x\n",
    "unknown null": SMALL + "nmae: ~\n",
    "unknown in a workflow": SMALL.replace("{ nodes", "{ build: 1, nodes"),
    "unknown in a node": SMALL.replace("testing", "testing, imgae: x"),
    "unknown in cloud": SMALL + "cloud: { tokn: $T }\n",
    "unknown in defaults": SMALL + "defaults: { wrkers: 1 }\n",
    "not in defaults": SMALL + "defaults: { build_id: 1 }\n",
    "field of another mode": SMALL.replace("testing", "testing, allowed_hosts: [a]"),
    "workers of a report": SMALL.replace("testing", "report, workers: 1"),
    "no mode": SMALL.replace("mode: testing", "image: x"),
    "wrong mode": SMALL.replace("testing", "tests"),
    "bad name": SMALL.replace("w:", "1w:"),
    "long name": SMALL.replace("w:", f"{'w' * 41}:"),
    "number too large": SMALL.replace("testing", "testing, test_run_rps: 1001"),
    "number too small": SMALL.replace("testing", "testing, attempts: 0"),
    "no number": SMALL.replace("testing", "testing, attempts: many"),
    "no boolean": SMALL.replace("testing", "testing, allow_failure: maybe"),
    "no duration": SMALL.replace("testing", "testing, timeout: soon"),
    "too inactive": SMALL.replace("recording", "recording, inactivity_timeout: 691201"),
    "a token": SMALL + "cloud: { token: abc }\n",
    "a token with a default": SMALL + "cloud: { token: '${T:-abc}' }\n",
    "text is a list": SMALL.replace("testing", "testing, image: [x]"),
    "list is a text": SMALL.replace("testing", "testing, networks: x"),
    "no source": SMALL.replace("{ run: a }", "{}"),
    "both sources": SMALL.replace("{ run: a }", "{ service: a, run: b }"),
    "source is a text": SMALL.replace("{ run: a }", "tests"),
    "empty list of sources": SMALL.replace("{ run: a }", "[]"),
    "gate": SMALL.replace("testing", "testing, gate: on"),
    "threat": SMALL.replace("testing", "testing, gate: { threat: 0 }"),
    "condition": SMALL.replace("testing", "testing, depends_on: { r: { condition: healthy } }"),
    "publish": SMALL.replace("{ nodes", "{ publish: all, nodes"),
    "level": SMALL + "checks: { scope-open: loud }\n",
    "host": SMALL + "hosts: { h: { name: x } }\n",
    "alias": SMALL.replace("testing", "testing, alias: a.b"),
    "processes": SMALL.replace("testing", "testing, processes: many"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_specs_are_rejected_by_the_schema_and_by_the_model(name: str) -> None:
    assert list(VALIDATOR.iter_errors(as_editors_read(BAD[name])))
    assert load(BAD[name]).diagnostics


def test_an_error_in_a_node_speaks_of_its_mode_only() -> None:
    (error,) = VALIDATOR.iter_errors(as_editors_read(SMALL.replace("testing", "testing, ready: {}")))
    assert "'ready'" in error.message
    assert list(error.absolute_path) == ["workflows", "w", "nodes", "t"]
