"""Ports, services, dependencies, sources and container keys of a node."""

from typing import Any

import pytest

from fastflow.model.ports import Port, parse_port
from fastflow.model.relations import CommandSource, ServiceSource
from tests.unit.model.specs import faults, load_node, sound_node

PORTS = {
    "8080": Port((8080, 8080)),
    "0:8080": Port((8080, 8080)),
    "80:8080": Port((8080, 8080), (80, 80)),
    "127.0.0.1:80:8080": Port((8080, 8080), (80, 80), "127.0.0.1"),
    "127.0.0.1::8080": Port((8080, 8080), None, "127.0.0.1"),
    "[::1]:80:8080": Port((8080, 8080), (80, 80), "::1"),
    "80:8080/udp": Port((8080, 8080), (80, 80), None, "udp"),
    "80:8080/UDP": Port((8080, 8080), (80, 80), None, "udp"),
    "80-82:8080-8082": Port((8080, 8082), (80, 82)),
    "80-82:8080": Port((8080, 8080), (80, 82)),
    "65535:1": Port((1, 1), (65535, 65535)),
    ":80:8080": Port((8080, 8080), (80, 80)),
    "::8080": Port((8080, 8080)),
    ":8080": Port((8080, 8080)),
    "::1:80:8080": Port((8080, 8080), (80, 80), "::1"),
    "::1::8080": Port((8080, 8080), None, "::1"),
    "[::]:80:8080": Port((8080, 8080), (80, 80), "::"),
    ":::80:8080": Port((8080, 8080), (80, 80), "::"),
    "fd00::7:80-81:8080-8081/udp": Port((8080, 8081), (80, 81), "fd00::7", "udp"),
    "080:8080": Port((8080, 8080), (80, 80)),
    "80:8080/": Port((8080, 8080), (80, 80)),
}


@pytest.mark.parametrize("written", PORTS)
def test_short_ports(written: str) -> None:
    assert parse_port(written) == PORTS[written]
    assert sound_node(f'ports: ["{written}"]').ports == (PORTS[written],)


@pytest.mark.parametrize(
    ("written", "port"),
    [
        ("8080", Port((8080, 8080))),
        ("{ target: 8080 }", Port((8080, 8080))),
        ("{ target: 8080, published: 80, protocol: udp }", Port((8080, 8080), (80, 80), None, "udp")),
        ("{ target: 8080, published: '80-81', host_ip: 0.0.0.0 }", Port((8080, 8080), (80, 81), "0.0.0.0")),
        ("{ target: 8080, published: 80, host_ip: '::1', mode: host }", Port((8080, 8080), (80, 80), "::1")),
        ("{ target: 8080, host_ip: 127.0.0.1 }", Port((8080, 8080), None, "127.0.0.1")),
        ("'${P}:8080'", Port((0, 0), symbolic="${P}:8080")),
        ("{ target: 8080, published: '${P}' }", Port((0, 0), symbolic="${P}")),
    ],
)
def test_other_ports(written: str, port: Port) -> None:
    assert sound_node(f"ports: [{written}]").ports == (port,)


@pytest.mark.parametrize(
    "written",
    [
        "x",
        "70000",
        "80:0",
        "80:70000",
        "82-80:8080",
        "80-82:8080-8081",
        "80:8080/x",
        "'a:80:8080'",
        "''",
        "'80:'",
        "[80]",
        "{ published: 80 }",
        "{ target: x }",
        "{ target: 8080, host: 80 }",
        "{ target: [80] }",
        "80:8080:1:2",
        "-1",
        "300.0.0.1:80:8080",
        "{ target: 8080, published: [8080] }",
        "{ target: 8080, host_ip: { a: b } }",
        "{ target: 8080, protocol: [tcp] }",
    ],
)
def test_what_is_no_port(written: str) -> None:
    (one,) = load_node(f"ports: [{written}]")[1]
    assert one.rule == "invalid-value"


def test_ports_are_a_list() -> None:
    assert faults(load_node("ports: 8080")[1]) == [("invalid-value", "`ports`: expected a list, not `8080`")]


@pytest.mark.parametrize(
    ("written", "needs"),
    [
        ("[a, b]", {"a": (None, None), "b": (None, None)}),
        ("{ a: , b: { log: up$$, timeout: 60s } }", {"a": (None, None), "b": ("up$", 60)}),
        ("{ a: , x-a: { log: up }, x-b: 1 }", {"a": (None, None)}),
        ("[]", {}),
    ],
)
def test_services_are_a_list_or_a_mapping(written: str, needs: dict[str, Any]) -> None:
    services = sound_node(f"services: {written}").services
    assert services is not None
    assert {name: (need.log, need.timeout) for name, need in services.items()} == needs


@pytest.mark.parametrize(
    ("written", "conditions"),
    [
        ("[a, api.record, '*.record']", {"a": None, "api.record": None, "*.record": None}),
        ("{ a: , b: {}, c: { condition: finished } }", {"a": None, "b": None, "c": "finished"}),
        ("{ a: { condition: passed }, b: { condition: completed } }", {"a": "passed", "b": "completed"}),
        ("{ a: , x-a: 1, x-b: { condition: never } }", {"a": None}),
    ],
)
def test_dependencies_are_a_list_or_a_mapping(written: str, conditions: dict[str, str | None]) -> None:
    found = sound_node(f"depends_on: {written}").depends_on
    assert found is not None
    assert {name: dependency.condition for name, dependency in found.items()} == conditions


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("services: a", "`services`: expected a list or a mapping, not `a`"),
        ("services: [[a]]", "`services`: expected a list of names, not of a list"),
        ("services: { a: { log: '(' } }", "`log`: not a regular expression"),
        ("services: { a: { timeout: x } }", "`timeout`: expected a duration"),
        ("services: { a: { health: x } }", "unknown field `health`"),
        ("services: { a: x }", "`a`: expected a mapping, not `x`"),
        ("depends_on: a", "`depends_on`: expected a list or a mapping, not `a`"),
        ("depends_on: { a: { condition: healthy } }", "`condition`: expected completed, passed or finished"),
        ("depends_on: { a: { when: passed } }", "unknown field `when`"),
        ("fresh: sometimes", "`fresh`: expected `true` or a list of services, not `sometimes`"),
    ],
)
def test_faults_of_services_and_dependencies(fields: str, message: str) -> None:
    (one,) = load_node(fields)[1]
    assert one.message.startswith(message)


def test_a_fault_stands_at_the_value_also_in_a_source_that_is_no_list() -> None:
    text = "source: { service: a, timeout: x }"
    for fields in (text, text.replace("{ service", "[{ service") + "]"):
        (one,) = load_node(fields)[1]
        prefix = "workflows: { w: { nodes: { n: { mode: recording, "
        assert one.mark.column == len(prefix) + fields.index("x }") + 1


def test_sources() -> None:
    node = sound_node(
        "source: [{ service: tests, command: [a, 1], timeout: 15m }, { run: 'a $(b) ${C} $$', working_dir: d,"
        " environment: [E=1], allow_failure: true }, { service: 007, command: x y }]"
    )
    assert getattr(node, "source") == (  # noqa: B009  # a field of one mode
        ServiceSource(service="tests", command=["a", "1"], timeout="15m"),
        CommandSource(run="a $(b) ${C} $$", working_dir="d", environment={"E": "1"}, allow_failure="true"),
        ServiceSource(service="007", command="x y"),
    )


@pytest.mark.parametrize("values", [None, {"V": "v"}])
def test_a_command_is_not_interpolated_but_the_rest_of_a_source_is(values: dict[str, str] | None) -> None:
    for shape in ("{}", "[{}]"):
        fields = "source: " + shape.format("{ run: 'echo ${V} $1 $', environment: { A: '${V}' } }")
        (source,) = getattr(sound_node(fields, values=values), "source")  # noqa: B009  # a field of one mode
        assert source.run == "echo ${V} $1 $"
        assert source.environment == {"A": "v" if values else "${V}"}


@pytest.mark.parametrize(
    ("written", "rule"),
    [(text, "invalid-value") for text in ("tests", "[]", "[tests]", "{}", "{ service: a, run: b }", "{ service: ~ }")]
    + [(text, "invalid-value") for text in ("{ run: '' }", "{ run: ' ' }", "[{ run: a }, {}]", "{ x-run: a }")]
    + [
        (text, "invalid-value")
        for text in ("{ service: [a] }", "{ run: a, timeout: 0 }", "{ service: a, command: {} }")
    ]
    + [(text, "unknown-field") for text in ("{ run: a, command: b }", "{ service: a, working_dir: b }")],
)
def test_what_is_no_source(written: str, rule: str) -> None:
    (one,) = load_node(f"source: {written}")[1]
    assert one.rule == rule


@pytest.mark.parametrize(
    ("written", "message", "hint", "at"),
    [
        ("{ rum: a }", "unknown field `rum`", "did you mean `run`?", "rum"),
        ("[{ run: a }, { serivce: b }]", "unknown field `serivce`", "did you mean `service`?", "serivce"),
        ("[newman run]", "expected a source, not `newman run`", "{ run: newman run }", "newman"),
        (
            "newman run",
            "`source`: expected a source or a list of sources, not `newman run`",
            "{ run: newman run }",
            "new",
        ),
        ("[[a]]", "expected a source, not a list", "{ run: COMMAND }", "[a]"),
        ("[]", "`source`: expected a source or a list of sources, not an empty list", "{ run: COMMAND }", "[]"),
        ("{ run: '' }", "`run`: expected a command, not an empty string", "run: ./tests.sh", "''"),
    ],
)
def test_what_a_source_should_have_been_is_said_where_it_stands(written: str, message: str, hint: str, at: str) -> None:
    (one,) = load_node(f"source: {written}")[1]
    assert (one.message, hint in (one.hint or "")) == (message, True)
    assert one.mark.column == len("workflows: { w: { nodes: { n: { mode: recording, source: ") + written.index(at) + 1


def test_the_fields_of_the_other_kind_of_source_are_not_suggested() -> None:
    (one,) = load_node("source: [{ service: a }, { run: b, command: c }]")[1]
    assert "command" not in (one.hint or "")


REFUSED = ["image", "environment", "ports", "container_name", "networks", "depends_on"]
REFUSED += ["scale", "deploy", "env_file", "expose", "network_mode", "profiles"]


@pytest.mark.parametrize("key", REFUSED)
def test_container_refuses_what_has_a_field_or_voids_the_checks(key: str) -> None:
    (one,) = load_node(f"container: {{ {key}: x }}")[1]
    assert (one.rule, f"`{key}`" in one.message) == ("invalid-value", True)


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        ("{ labels: { io.fastflow.run: x } }", "invalid-value"),
        ("{ labels: ['io.fastflow.run=x'] }", "invalid-value"),
        ("{ logging: { driver: none } }", "invalid-value"),
        ("{ logging: { driver: syslog } }", "invalid-value"),
        ("[a]", "invalid-value"),
        ("text", "invalid-value"),
        ("{ labels: text }", "invalid-value"),
        ("{ labels: !reset null }", "invalid-value"),
    ],
)
def test_container_refuses(written: str, rule: str) -> None:
    assert [one.rule for one in load_node(f"container: {written}")[1]] == [rule]


def test_container_names_every_key_at_fault_where_it_stands() -> None:
    found = load_node("container: { deploy: x, mem_limit: 1g, labels: [a=b, io.fastflow.run=x], scale: 2 }")[1]
    columns = [one.mark.column for one in found]
    assert [one.message.split("`")[1] for one in found] == ["deploy", "io.fastflow.run", "scale"]
    assert columns == sorted(set(columns))


@pytest.mark.parametrize(
    "written",
    [
        "{ restart: always }",  # the rule restart-policy speaks of it
        "{ mem_limit: 1g, cpus: 0.5 }",
        "{ labels: { com.example.x: y } }",
        "{ labels: [a=b] }",
        "{ x-own: 1 }",
        "{}",
        "{ logging: { driver: json-file, options: { max-size: 1m } } }",
        "{ ulimits: { nofile: 1024 }, dns: [1.1.1.1] }",
    ],
)
def test_container_takes_other_keys(written: str) -> None:
    assert sound_node(f"container: {written}").container is not None
