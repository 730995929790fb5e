"""The top level, workflows, the cloud, hosts and defaults."""

import itertools

import pytest

from fastflow.model.phases import phases_of
from fastflow.spec.document import Scalar
from tests.unit.model.specs import faults, load

NODES = "workflows: { w: { nodes: { r: { mode: recording }, t: { mode: testing }, p: { mode: report } } } }\n"


def place(text: str, fragment: str) -> tuple[int, int]:
    """Where `fragment` begins in `text`, counted from 1."""
    before = text[: text.index(fragment)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


@pytest.mark.parametrize(
    ("text", "rule", "message"),
    [
        ("name: x\n", "invalid-value", "`workflows` is missing"),
        ("workflows:\n", "invalid-value", "`workflows` is missing"),
        ("workflows: []\n", "invalid-value", "`workflows`: expected a mapping"),
        ("workflows: {}\n", "invalid-value", "`workflows` is empty; it needs at least one entry"),
        ("workflows: { w: }\n", "invalid-value", "workflow `w`: expected a mapping"),
        ("workflows: { w: {} }\n", "invalid-value", "`nodes` is missing"),
        ("workflows: { w: { nodes: } }\n", "invalid-value", "`nodes` is missing"),
        ("workflows: { w: { nodes: {} } }\n", "invalid-value", "`nodes` is empty; it needs at least one entry"),
        ("workflows: { w: { nodes: [a] } }\n", "invalid-value", "`nodes`: expected a mapping, not a list"),
        ("workflows: { w: { nodes: { n: } } }\n", "invalid-value", "node `n`: expected a mapping"),
        ("workflows: { w: { nodes: { n: {} } } }\n", "invalid-value", "node `n` has no `mode`"),
        ("workflows: { w: { nodes: { n: { mode: ~ } } } }\n", "invalid-value", "node `n` has no `mode`"),
        (NODES.replace("report", "reporting"), "invalid-value", "`mode`: expected recording, testing or report, not"),
        (NODES.replace("report", "Report"), "invalid-value", "`mode`: expected recording, testing or report, not"),
        (NODES + "max_parallel: 0\n", "invalid-value", "`max_parallel`: 0 is out of range"),
        (NODES + "name: [a]\n", "invalid-value", "`name`: expected a string, not a list"),
        (NODES + "nmae: a\n", "unknown-field", "unknown field `nmae`"),
        (NODES.replace("report", "report, imgae: ~"), "unknown-field", "unknown field `imgae`"),
        (NODES + "checks: { scope-open: none }\n", "invalid-value", "`scope-open`: expected error, warning or off"),
        (NODES + "checks: [scope-open]\n", "invalid-value", "`checks`: expected a mapping, not a list"),
        (NODES + "hosts: { a: { host: b } }\n", "unknown-field", "unknown field `host`"),
        (NODES + "hosts: [a]\n", "invalid-value", "`hosts`: expected a mapping, not a list"),
        (NODES + "hosts: { a b: { context: c } }\n", "invalid-value", "`a b` is not a name"),
        (NODES + "hosts: { ab: { context: c }, AB: { context: d } }\n", "invalid-value", "host `AB` and host `ab`"),
        (NODES.replace("{ nodes", "{ publish: all, nodes"), "invalid-value", "`publish`: expected keep or none"),
        (NODES.replace("{ nodes", "{ host: [], nodes"), "invalid-value", "`host`: expected a name under `hosts`"),
        (NODES.replace("{ nodes", "{ host: { a: b }, nodes"), "invalid-value", "`host`: expected a name under `hosts`"),
        (NODES.replace("{ nodes", "{ compose: [], nodes"), "invalid-value", "`compose`: expected a Compose file"),
        (NODES.replace("{ nodes", "{ compose: '', nodes"), "invalid-value", "`compose`: expected a Compose file"),
        (NODES.replace("{ nodes", "{ compose: [[a]], nodes"), "invalid-value", "`compose`: expected a Compose file"),
        (NODES.replace("{ nodes", "{ mode: testing, nodes"), "unknown-field", "unknown field `mode`"),
        (NODES.replace("w:", "w.x:"), "invalid-value", "`w.x` is not a name"),
        (NODES.replace("w:", "1w:"), "invalid-value", "`1w` is not a name"),
        (NODES.replace("w:", f"{'w' * 41}:"), "invalid-value", f"`{'w' * 41}` is not a name"),
        (NODES.replace("t:", "R:"), "invalid-value", "node `R` and node `r` differ only in case"),
        (NODES.replace(" } }\n", " }, W: { nodes: { r: { mode: report } } } }\n"), "invalid-value", "workflow `W` and"),
    ],
)
def test_faults_of_the_frame(text: str, rule: str, message: str) -> None:
    found = load(text).diagnostics
    assert [one.rule for one in found] == [rule], faults(found)
    assert found[0].message.startswith(message)


def test_a_workflow_without_sound_nodes_still_tells_its_other_faults() -> None:
    found = load("workflows: { w: { timeout: never, x: 1, nodes: { n: { mode: ~ } } } }\n").diagnostics
    assert sorted(one.message.split(":")[0] for one in found) == [
        "`timeout`",
        "node `n` has no `mode`",
        "unknown field `x`",
    ]


def test_names_may_be_as_long_as_forty_characters() -> None:
    name = "a" + "b-_9" * 9 + "123"
    loaded = load(NODES.replace("w:", f"{name}:"))
    assert not loaded.diagnostics
    assert loaded.spec is not None
    assert list(loaded.spec.workflows) == [name]


def test_all_faults_are_reported_and_the_sound_parts_are_kept() -> None:
    text = (
        "workflows: { a: { nodes: { r: { mode: recording, x: 1, workers: 0 } } },"
        " b: { host: [], nodes: { t: { mode: testing } } } }"
    )
    loaded = load(text)
    assert sorted(one.rule for one in loaded.diagnostics) == ["invalid-value", "invalid-value", "unknown-field"]
    assert loaded.spec is not None
    assert loaded.diagnostics
    assert [phase.id for phase in phases_of(loaded.spec, None)] == ["a.r", "b.t"]


TOKENS = ["${A_TOKEN}", "$A_TOKEN", "${A_TOKEN:?set it}", "${A_TOKEN?set it}", "'${A_TOKEN:?}'"]


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("values", [None, {}, {"A_TOKEN": "s3cr3t"}])
def test_a_token_is_one_reference(token: str, values: dict[str, str] | None) -> None:
    for text in (
        f"cloud:\n  token: {token}\n{NODES}",
        NODES.replace("{ nodes", f"{{ cloud: {{ token: '{token}' }}, nodes"),
    ):
        loaded = load(text.replace("''", "'"), values)
        assert not loaded.diagnostics, faults(loaded.diagnostics)
        assert loaded.spec is not None
        assert loaded.spec.cloud_of("w").token_name == "A_TOKEN"


@pytest.mark.parametrize(
    ("token", "rule"),
    [("s3cr3t", "token-literal"), ("'007'", "token-literal"), ("12", "token-literal")]
    + [(text, "token-literal") for text in ("'${T:-s3cr3t}'", "'${T-x}'", "'${T:+x}'")]
    + [(text, "invalid-value") for text in ("a$T", "$T$U", "'${T:-$U}'", "'${T:-}'", "'${T'", "$", "[$T]")],
)
def test_anything_else_is_no_token_and_is_never_shown(token: str, rule: str) -> None:
    found = load(
        f"cloud: {{ token: {token} }}\n{NODES}" if token[0] != "'" else f"cloud:\n  token: {token}\n{NODES}"
    ).diagnostics
    assert [one.rule for one in found] == [rule]
    assert "s3cr3t" not in repr(found)


def test_the_clouds_are_merged_field_by_field() -> None:
    text = "cloud: { api_host: a.example, query: false }\n" + NODES.replace(
        "{ nodes", "{ cloud: { token: $T, query: true, ca_verify: true }, nodes"
    )
    loaded = load(text)
    assert loaded.spec is not None
    cloud = loaded.spec.cloud_of("w")
    assert (cloud.token, cloud.api_host, cloud.query, cloud.ca_verify, cloud.use_ssl) == (
        "$T",
        "a.example",
        True,
        True,
        None,
    )
    default = load(NODES).spec
    assert default is not None
    assert default.cloud_of("w").token_reference == "${WALLARM_API_TOKEN}"


@pytest.mark.parametrize(("written", "hosts"), [("any", ("any",)), ("a", ("a",)), ("[a, b]", ("a", "b"))])
def test_a_workflow_names_hosts(written: str, hosts: tuple[str, ...]) -> None:
    loaded = load(NODES.replace("{ nodes", f"{{ host: {written}, nodes"))
    assert loaded.spec is not None
    assert loaded.spec.workflows["w"].host == hosts


def test_words_may_be_variables() -> None:
    text = NODES.replace("{ nodes", '{ publish: "${P:-none}", nodes') + 'checks: { scope-open: "${L}" }\n'
    assert not load(text).diagnostics
    loaded = load(text, {"L": "off"})
    assert loaded.spec is not None
    assert (loaded.spec.workflows["w"].publish, loaded.spec.checks) == ("none", {"scope-open": "off"})
    assert [one.rule for one in load(text, {"L": "loud"}).diagnostics] == ["invalid-value"]


DEFAULTS = """\
defaults:
  image: d/fast
  workers: 3
  test_run_rps: 5
  environment: { A: d, B: d }
  networks: [d1, d2]
  services: { app: { timeout: 5, log: d }, db: }
  container: { mem_limit: 1g, labels: { a: d, b: d } }
  x-ignored: [1]
workflows:
  w:
    nodes:
      r:
        mode: recording
        workers: 9
        environment: { B: own, C: own }
        networks: [own]
        services: { app: { log: own } }
        container: { labels: { b: own } }
      t: { mode: testing, image: ~ }
      p: { mode: report }
"""


def test_defaults_apply_where_the_mode_has_the_field() -> None:
    loaded = load(DEFAULTS)
    assert not loaded.diagnostics, faults(loaded.diagnostics)
    assert loaded.spec is not None
    r, t, p = loaded.spec.workflows["w"].nodes.values()
    assert [node.image for node in (r, t, p)] == ["d/fast"] * 3
    assert [getattr(node, "test_run_rps", None) for node in (r, t, p)] == [None, 5, None]
    assert [getattr(node, "workers", None) for node in (r, t, p)] == [9, 3, None]
    assert (r.environment, t.environment) == ({"B": "own", "C": "own", "A": "d"}, {"A": "d", "B": "d"})
    assert (r.networks, t.networks) == (("own",), ("d1", "d2"))
    assert r.services is not None
    assert {name: (need.log, need.timeout) for name, need in r.services.items()} == {
        "app": ("own", 5),
        "db": (None, None),
    }
    assert r.container is not None
    labels = r.container.get("labels")
    assert r.container.key("mem_limit") is not None
    assert [(key.text, getattr(value, "text", "")) for key, value in labels or ()] == [("b", "own"), ("a", "d")]  # type: ignore[union-attr]  # a mapping


def test_what_comes_from_defaults_is_found_at_the_node_with_its_origin() -> None:
    place_of = load(DEFAULTS).places.value("workflows", "w", "nodes", "t", "image")
    assert (place_of.mark.line, place_of.mark.column) == place(DEFAULTS, "t: { mode")
    assert place_of.origin is not None
    assert (place_of.origin.line, place_of.origin.column) == place(DEFAULTS, "d/fast")


@pytest.mark.parametrize("field", ["mode", "build_id", "container_name", "ports", "depends_on", "source"])
def test_what_may_not_stand_in_defaults(field: str) -> None:
    (one,) = load(f"defaults: {{ {field}: x }}\n{NODES}").diagnostics
    assert (one.rule, one.mark.column, field in one.message) == ("invalid-value", 13, True)


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        ("{ wrkers: 1 }", "unknown-field"),
        ("[a]", "invalid-value"),
        ("x", "invalid-value"),
        ("{ ready: { lgo: x } }", "unknown-field"),
        ("{ test_run_rps: 0 }", "invalid-value"),  # no node uses it
    ],
)
def test_a_fault_in_defaults_that_is_no_value_of_a_node_is_reported_once_and_there(written: str, rule: str) -> None:
    nodes = "workflows: { w: { nodes: { r: { mode: recording } } } }\n"
    found = load(f"defaults: {written}\n{nodes}").diagnostics
    assert [(one.rule, one.mark.line) for one in found] == [(rule, 1)]


@pytest.mark.parametrize(
    "written",
    ["{ workers: 0 }", "{ gate: { threat: 0 } }", "{ container: { deploy: x } }", "{ timeout: never }"],
)
def test_a_faulty_value_of_defaults_is_reported_once_at_the_first_node_that_uses_it(written: str) -> None:
    nodes = """\
workflows:
  w:
    nodes:
      own: { mode: testing, workers: 1, gate: off, timeout: 1s, container: { x-a: b } }
      first: { mode: testing }
      second: { mode: testing }
"""
    (one,) = load(f"defaults: {written}\n{nodes}").diagnostics
    merges = "container" in written
    assert (one.rule, one.mark.line) == ("invalid-value", 5 if merges else 6)
    assert [other.mark.line for other in one.related] == [1]


def test_x_keys_stand_in_every_mapping() -> None:
    x = "x-o: { any: [thing] }"
    text = (
        f"{x}\ncloud: {{ {x} }}\nhosts: {{ h: {{ context: c, {x} }} }}\ndefaults: {{ {x} }}\n"
        f"workflows: {{ {x}, w: {{ {x}, nodes: {{ {x}, r: {{ mode: recording, {x}, ready: {{ {x} }}, "
        f"source: {{ run: a, {x} }} }}, t: {{ mode: testing, gate: {{ {x} }} }} }} }} }}\n"
    )
    loaded = load(text)
    assert faults(loaded.diagnostics) == []
    assert loaded.spec is not None
    assert (list(loaded.spec.workflows), list(loaded.spec.workflows["w"].nodes)) == (["w"], ["r", "t"])


def test_phases_share_a_token_when_references_are_equal_or_in_a_run_when_values_are() -> None:
    text = "workflows:\n" + "".join(
        f"  w{at}: {{ cloud: {{ token: ${name} }}, nodes: {{ n: {{ mode: recording }} }} }}\n"
        for at, name in enumerate(["A", "A", "B", "C"])
    )
    spec = load(text).spec
    assert spec is not None

    def same(values: dict[str, str] | None) -> set[tuple[int, int]]:
        tokens = [phase.token for phase in phases_of(spec, values)]
        return {pair for pair in itertools.combinations(range(4), 2) if tokens[pair[0]] == tokens[pair[1]]}

    assert same(None) == same({}) == same({"A": "1", "B": "2", "C": "3"}) == {(0, 1)}
    assert same({"A": "1", "B": "1", "C": "3"}) == {(0, 1), (0, 2), (1, 2)}
    assert same({"A": "1", "B": "", "C": ""}) == {(0, 1)}


def test_a_phase_never_shows_the_value_of_its_token() -> None:
    spec = load(NODES).spec
    assert spec is not None
    shown = repr(phases_of(spec, {"WALLARM_API_TOKEN": "s3cr3t"}))
    assert "s3cr3t" not in shown


def test_a_name_of_a_variable_is_not_a_value() -> None:
    spec = load(NODES).spec
    other = load(f"cloud: {{ token: $B }}\n{NODES}").spec
    assert spec is not None
    assert other is not None
    named = phases_of(spec, {})[0].token
    assert named != phases_of(other, {"B": "WALLARM_API_TOKEN"})[0].token


@pytest.mark.parametrize(("values", "file"), [(None, "c.${V}.yml"), ({"V": "ci"}, "c.ci.yml")])
def test_names_of_compose_files_are_interpolated_and_inline_documents_are_not(
    values: dict[str, str] | None, file: str
) -> None:
    inline = "{ name: '$V $$', services: { a: { image: '$V' } } }"
    for written in ("'c.${V}.yml'", inline, f"['c.${{V}}.yml', {inline}]"):
        loaded = load(f"workflows: {{ w: {{ compose: {written}, nodes: {{ n: {{ mode: report }} }} }} }}", values)
        assert loaded.spec is not None
        for item in loaded.spec.workflows["w"].compose or ():
            name = None if isinstance(item, str) else item.get("name")
            assert item == file if isinstance(item, str) else isinstance(name, Scalar) and name.text == "$V $$"
