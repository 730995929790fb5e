"""Every field of a node: its modes, its values, its refusals (CONTRACT.md, section 1; FAST.md, variables)."""

from typing import Any

import pytest

from fastflow.model.mode import MODES, RECORDING, REPORT, TESTING
from fastflow.model.node import NODE_TYPES
from tests.unit.model.specs import faults, load_node, sound_node

R, T, P = RECORDING.name, TESTING.name, REPORT.name
# Every field with the modes that have it, and a value in YAML with what it is read as.
FIELDS: dict[str, tuple[set[str], str, Any]] = {
    "build_id": ({R, T}, "007", "007"),
    "image": ({R, T, P}, "wallarm/fast:2", "wallarm/fast:2"),
    "environment": ({R, T, P}, "{ A: 1e5, B: on, C: }", {"A": "1e5", "B": "on", "C": None}),
    "container_name": ({R, T, P}, "12:30", "12:30"),
    "alias": ({R, T, P}, "proxy", "proxy"),
    "networks": ({R, T, P}, "[a, 1]", ("a", "1")),
    "fresh": ({R, T, P}, "true", True),
    "timeout": ({R, T, P}, "1h30m", 5400),
    "allow_failure": ({R, T, P}, "true", True),
    "attempts": ({R, T, P}, "3", 3),
    "workers": ({R, T}, "20", 20),
    "allowed_hosts": ({R}, "[app, .example.com]", "(app|.example.com)"),
    "test_record_name": ({R}, "0123", "0123"),
    "inactivity_timeout": ({R}, "2h", 7200),
    "backend_https_ports": ({R, T}, "[443, 8443]", "443;8443"),
    "ca_cert": ({R}, "/ca.pem", "/ca.pem"),
    "ca_key": ({R}, "/ca.key", "/ca.key"),
    "test_record": ({T}, "external", "external"),
    "reports": ({T, P}, "out", "out"),
    "test_record_id": ({T}, "rec_1", "rec_1"),
    "test_run_name": ({T}, "1_000", "1_000"),
    "test_run_desc": ({T}, "yes", "yes"),
    "test_run_policy_id": ({T}, "215", 215),
    "test_run_rps": ({T}, "0100", 100),
    "test_run_stop_on_first_fail": ({T}, "false", False),
    "test_run_uri": ({T}, "'http://app:3000'", "http://app:3000"),
    "file_extensions_to_exclude": ({T}, "[jpg, png]", "jpg|png"),
    "processes": ({T}, "auto", "auto"),
    "git_extensions": ({T}, "https://git.example/x", "https://git.example/x"),
    "gate": ({T}, "off", "off"),
    "test_run_id": ({P}, "tr_1", "tr_1"),
    "recorder": ({R}, "fast", "fast"),
    "scanner": ({T}, "fast", "fast"),
    "min_baselines": ({T}, "3", 3),
}
OF_OTHER_KINDS = {"mask", "command", "exit_codes"}
ELSEWHERE = {"mode", "ports", "services", "container", "depends_on", "ready", "source"}
ONLY_RECORDING = {"ready", "source"}


def test_the_table_names_every_field() -> None:
    assert set(FIELDS) | ELSEWHERE | OF_OTHER_KINDS == {
        name for model in NODE_TYPES.values() for name in model.model_fields
    }


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", FIELDS)
def test_a_field_is_read_in_its_modes_and_refused_in_the_others(name: str, mode: str) -> None:
    modes, written, expected = FIELDS[name]
    node, found = load_node(f"{name}: {written}", mode)
    if mode in modes:
        assert not found
        assert getattr(node, name) == expected
    else:
        (one,) = found
        assert one.rule == "mode-field"
        assert all(home in one.message for home in modes)


@pytest.mark.parametrize("mode", MODES)
def test_ready_and_source_belong_to_recording_nodes(mode: str) -> None:
    for fields in ("ready: { log: up }", "source: { run: x }"):
        found = load_node(fields, mode)[1]
        assert [one.rule for one in found] == ([] if mode == R else ["mode-field"])


@pytest.mark.parametrize("name", sorted(NODE_TYPES[R].model_fields.keys() | NODE_TYPES[T].model_fields.keys()))
@pytest.mark.parametrize("written", ["~", "null", ""])
def test_null_means_not_set_in_every_field(name: str, written: str) -> None:
    mode = R if name in NODE_TYPES[R].model_fields else T
    if name != "mode":
        assert getattr(sound_node(f"{name}: {written}", mode), name) is None


NUMBERS = {"workers": (R, 1, 10_000), "attempts": (P, 1, 10), "test_run_rps": (T, 1, 1000)} | {
    "test_run_policy_id": (T, 1, 2**53)
}


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_is_decimal_digits_within_its_range(name: str) -> None:
    mode, low, high = NUMBERS[name]
    for good in (low, high):
        assert getattr(sound_node(f"{name}: {good}", mode), name) == good
        assert getattr(sound_node(f"{name}: '{good}'", mode), name) == good
    for bad in (low - 1, high + 1, -5, "+5", "1.0", "1e1", "0x10", "1_0", "five", "'1 '", "[1]", "{ a: 1 }", "'²'"):
        assert [rule for rule, _ in faults(load_node(f"{name}: {bad}", mode)[1])] == ["invalid-value"]


@pytest.mark.parametrize("name", ["allow_failure", "test_run_stop_on_first_fail"])
def test_a_boolean_is_true_or_false(name: str) -> None:
    for bad in ("yes", "on", "True", "1", "[true]", "maybe"):
        assert faults(load_node(f"{name}: {bad}", T)[1])[0][0] == "invalid-value"


DURATIONS = {"90": 90, "90s": 90, "15m": 900, "2h": 7200, "1h30m": 5400, "1h1m1s": 3661, "007": 7, "0h5s": 5}


@pytest.mark.parametrize("written", DURATIONS)
def test_durations(written: str) -> None:
    assert sound_node(f"timeout: {written}").timeout == DURATIONS[written]


@pytest.mark.parametrize(
    "written", ["0", "0s", "-5", "1d", "'90 s'", "1.5h", "30m1h", "s", "1_0", "ten", "[1]", "1e3", "9" * 12, "'٣'"]
)
@pytest.mark.parametrize("field", ["timeout: {}", "inactivity_timeout: {}", "ready: {{ timeout: {} }}"])
def test_what_is_no_duration(field: str, written: str) -> None:
    (one,) = load_node(field.format(written))[1]
    assert one.rule == "invalid-value"
    assert one.hint is not None


@pytest.mark.parametrize(("written", "seconds"), [("1", 1), ("691200", 691_200), ("192h", 691_200), ("691201", None)])
def test_inactivity_has_fasts_limits(written: str, seconds: int | None) -> None:
    node, found = load_node(f"inactivity_timeout: {written}")
    assert getattr(node, "inactivity_timeout", None) == seconds
    assert bool(found) == (seconds is None)


@pytest.mark.parametrize(
    ("field", "written", "joined"),
    [
        ("allowed_hosts", "app", "app"),
        ("allowed_hosts", "'a|b'", "a|b"),
        ("allowed_hosts", "[app]", "app"),
        ("allowed_hosts", "['~^a|b$$', c]", "(~^a|b$|c)"),
        ("backend_https_ports", "'443;80'", "443;80"),
        ("backend_https_ports", "443", "443"),
        ("backend_https_ports", "[443]", "443"),
    ],
)
def test_lists_are_joined_and_texts_are_passed_as_written(field: str, written: str, joined: str) -> None:
    assert getattr(sound_node(f"{field}: {written}"), field) == joined


@pytest.mark.parametrize(
    "fields",
    [
        "allowed_hosts: []",
        "allowed_hosts: ['a|b', c]",
        "allowed_hosts: [[a]]",
        "allowed_hosts: ['']",
        "allowed_hosts: { a: b }",
        "backend_https_ports: [0]",
        "backend_https_ports: [70000]",
        "alias: 1a",
        "backend_https_ports: [x]",
        "alias: a.b",
        f"alias: {'a' * 41}",
        "alias: ''",
        "image: [a]",
        "networks: net",
        "networks: [[a]]",
        "fresh: app",
        "fresh: [[a]]",
        "fresh: { a: b }",
        "environment: x",
        "environment: { A: [b] }",
        "environment: ['=b']",
        "environment: [[a]]",
        "ready: up",
        "ready: { log: '[' }",
        "ready: { logs: x }",
    ],
)
def test_values_of_the_wrong_shape(fields: str) -> None:
    (one,) = load_node(fields)[1]
    assert one.rule in ("invalid-value", "unknown-field")
    assert "pydantic" not in one.message
    assert "literal[" not in one.message


@pytest.mark.parametrize(
    "written", ["auto", "1", "9999", "01"],
)  # fmt: skip
def test_processes(written: str) -> None:
    assert getattr(sound_node(f"processes: {written}", T), "processes") == written  # noqa: B009  # a field of one mode
    for bad in ("0", "-1", "many", "[1]", "1.5", "10000"):
        assert load_node(f"processes: {bad}", T)[1]


def test_environment_has_composes_two_syntaxes() -> None:
    assert sound_node("environment: [A=1, B, C=, 'D=x=y', A=2]").environment == {
        "A": "2",
        "B": None,
        "C": "",
        "D": "x=y",
    }


@pytest.mark.parametrize(
    ("written", "threat", "accept"),
    [("{}", None, None), ("{ threat: 1 }", 1, None), ("{ threat: 100, accept: known.yml }", 100, "known.yml")],
)
def test_a_gate(written: str, threat: int | None, accept: str | None) -> None:
    gate = getattr(sound_node(f"gate: {written}", T), "gate")  # noqa: B009  # a field of one mode
    assert (gate.threat, gate.accept) == (threat, accept)


@pytest.mark.parametrize(
    "written", ["on", "false", "{ threat: 0 }", "{ threat: 101 }", "{ level: 5 }", "[off]", "high"]
)
def test_what_is_no_gate(written: str) -> None:
    assert len(load_node(f"gate: {written}", T)[1]) == 1


@pytest.mark.parametrize(
    ("field", "hint"),
    [
        ("BUILD_ID", "build_id"),
        ("TEST_RUN_URI", "test_run_uri"),
        ("WALLARM_API_HOST", "cloud"),
        ("CI_MODE", "mode"),
        ("allowed_host", "allowed_hosts"),
        ("imgae", "image"),
    ],
)
def test_an_unknown_field_has_a_hint(field: str, hint: str) -> None:
    (one,) = load_node(f"{field}: x")[1]
    assert (one.rule, hint in (one.hint or "")) == ("unknown-field", True)


@pytest.mark.parametrize("name", ["''", "<run>", "'[key]'", "<off>", "~", "'a b'", "é"])
def test_an_unknown_field_may_look_like_anything(name: str) -> None:
    for fields in (f"{name}: 1", f"ready: {{ {name}: 1 }}", f"source: {{ run: x, {name}: 1 }}"):
        (one,) = load_node(fields)[1]
        assert (one.rule, one.mark.column) == ("unknown-field", 50 + fields.index(name))


def test_x_fields_are_ignored_everywhere() -> None:
    node = sound_node("x-a: [${V}], ready: { x-b: 1 }, source: { run: a, x-c: { d: e } }".replace("[${V}]", "['${V}']"))
    assert node == sound_node("ready: {}, source: { run: a }")


FIELDS_OF_VARIABLES = {
    "publish": "keep", "alias": "proxy", "timeout": "5", "attempts": "2", "allow_failure": "true", "fresh": "true",
    "inactivity_timeout": "9", "allowed_hosts": "app", "image": "img", "workers": "3",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(set(FIELDS_OF_VARIABLES) - {"publish"}))
def test_a_variable_may_stand_for_a_value_and_is_checked_when_it_is_known(name: str) -> None:
    written = f'{name}: "${{V}}"'
    assert load_node(written)[1] == ()
    value = FIELDS_OF_VARIABLES[name]
    assert sound_node(written, values={"V": value}) == sound_node(f"{name}: {value}")
    if name not in ("allowed_hosts", "image"):
        assert [one.rule for one in load_node(written, values={"V": "!"})[1]] == ["invalid-value"]
