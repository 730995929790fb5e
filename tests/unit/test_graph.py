"""Edges and their reasons, order, overlap, cycles, waves, the critical path (CONTRACT.md, section 2)."""

import pytest

from fastflow.graph import Graph, build_graph
from fastflow.model.phases import phases_of
from tests.unit.model.specs import load


def graph_of(text: str) -> Graph:
    loaded = load(text)
    assert loaded.spec is not None
    assert not loaded.diagnostics, loaded.diagnostics
    return build_graph(phases_of(loaded.spec, None))


def workflow(**nodes: str) -> str:
    """Workflow `w` with these nodes: `r`, `t` or `p` for the mode, then more fields."""
    modes = {"r": "recording", "t": "testing", "p": "report"}
    lines = [f"      {name}: {{ mode: {modes[text[0]]}{text[1:]} }}\n" for name, text in nodes.items()]
    return "  w:\n    nodes:\n" + "".join(lines)


def edges(graph: Graph) -> set[tuple[str, str, str, str]]:
    return {(edge.before, edge.after, edge.reason, edge.condition) for edge in graph.edges}


IMPLIED = """\
cloud: { token: $A }
workflows:
  one:
    build_id: "1${CI}"
    nodes:
      r: { mode: recording }
      t: { mode: testing }
      other: { mode: testing, build_id: "2${CI:?m}" }
      by_id: { mode: testing, test_record_id: rec_1 }
      outside: { mode: testing, test_record: external }
      tied: { mode: testing, build_id: x, test_record: two.r }
      p: { mode: report }
      fixed: { mode: report, test_run_id: tr_1 }
  two:
    build_id: 2$CI
    nodes: { r: { mode: recording }, r3: { mode: recording, build_id: "1${CI:-x}" } }
  three:
    cloud: { token: $B }
    build_id: 1$CI
    nodes: { t: { mode: testing }, p: { mode: report } }
  bare:
    nodes: { r: { mode: recording }, t: { mode: testing } }
  bare_too:
    nodes: { t: { mode: testing } }
"""


def test_implied_edges() -> None:
    graph = graph_of(IMPLIED)
    assert edges(graph) == {
        ("one.r", "one.t", "build_id", "completed"),
        ("two.r", "one.other", "build_id", "completed"),
        ("two.r", "one.tied", "test_record", "completed"),
        *((f"one.{name}", "one.p", "report", "finished") for name in ("t", "other", "by_id", "outside", "tied")),
        ("three.t", "three.p", "report", "finished"),
        ("bare.r", "bare.t", "build_id", "completed"),
    }
    assert not graph.dangling
    assert {name: graph.waves[name] for name in ("one.r", "one.t", "one.p", "one.fixed", "three.p")} == {
        "one.r": 0,
        "one.t": 1,
        "one.p": 2,
        "one.fixed": 0,
        "three.p": 1,
    }


@pytest.mark.parametrize(
    ("declared", "condition"),
    [
        ("[r]", "completed"),
        ("{ r: { condition: finished } }", "completed"),
        ("{ r: { condition: passed } }", "passed"),
        ("{ r: { condition: passed }, 'r*': { condition: finished } }", "passed"),
    ],
)
def test_of_an_implied_and_a_declared_edge_the_stronger_condition_holds(declared: str, condition: str) -> None:
    graph = graph_of("workflows:\n" + workflow(r="r", t=f"t, depends_on: {declared}"))
    assert edges(graph) == {("w.r", "w.t", "build_id", condition)}


def test_the_usual_condition_depends_on_the_mode_that_waits() -> None:
    graph = graph_of(
        "workflows:\n"
        + workflow(a="r, build_id: 1", b="r, build_id: 2, depends_on: [a]", c="p, test_run_id: x, depends_on: [a]")
    )
    assert edges(graph) == {("w.a", "w.b", "depends_on", "completed"), ("w.a", "w.c", "depends_on", "finished")}


NODES = (
    "{ nodes: { record: { mode: recording }, record2: { mode: recording }, other: { mode: report, test_run_id: x } } }"
)


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("record", {"a.record"}),
        ("b.record", {"b.record"}),
        ("rec*", {"a.record", "a.record2"}),
        ("*", {"a.record", "a.record2", "a.other"}),
        ("*.record", {"a.record", "b.record", "ab.record"}),
        ("a*.record", {"a.record", "ab.record"}),
        ("b.*", {"b.record", "b.record2", "b.other"}),
        ("*.*2", {"a.record2", "b.record2", "ab.record2"}),
        ("*rec*", {"a.record", "a.record2"}),
        ("nothing*", set()),
        ("b*record", set()),
        ("Record", set()),
        ("b.nothing", set()),
        ("[r]ecord", set()),
        ("a.b.record", set()),
        ("x.*", set()),
    ],
)
def test_globs_do_not_cross_the_dot_and_mean_this_workflow_without_one(pattern: str, matches: set[str]) -> None:
    more = NODES.replace("other:", f"me: {{ mode: report, test_run_id: x, depends_on: ['{pattern}'] }}, other:")
    graph = graph_of(f"workflows: {{ a: {more}, b: {NODES}, ab: {NODES} }}\n")
    assert {edge.before for edge in graph.dependencies["a.me"]} == matches
    assert [(one.phase, one.name, one.wanted) for one in graph.dangling] == (
        [] if matches else [("a.me", pattern, "phase")]
    )


def test_what_names_no_recording_phase_dangles() -> None:
    graph = graph_of("workflows:\n" + workflow(t="t, test_record: u", u="t, test_record: t"))
    assert [(one.phase, one.name, one.wanted, one.path[-1]) for one in graph.dangling] == [
        ("w.t", "u", "recording", "test_record"),
        ("w.u", "t", "recording", "test_record"),
    ]


def test_a_node_that_names_itself_is_a_cycle_of_one_and_a_glob_never_means_it() -> None:
    assert [len(cycle) for cycle in graph_of("workflows:\n" + workflow(r="r, depends_on: [r]")).cycles] == [1]
    assert graph_of("workflows:\n" + workflow(r="r, depends_on: ['*']", p="p")).cycles == ()


def names(graph: Graph) -> list[list[str]]:
    return [[edge.before.removeprefix("w.") for edge in cycle] for cycle in graph.cycles]


@pytest.mark.parametrize(
    ("nodes", "cycles"),
    [
        ({"a": "r, depends_on: [b]", "b": "r, build_id: 1, depends_on: [a]"}, [["a", "b"]]),
        ({"t": "t", "r": "r, depends_on: [t]"}, [["t", "r"]]),
        (
            {
                "a": "p, depends_on: [b]",
                "b": "p, depends_on: [c]",
                "c": "p, depends_on: [a, d]",
                "d": "p, depends_on: [c]",
            },
            [["c", "d"]],
        ),
        (
            {"a": "p, depends_on: [b]", "b": "p, depends_on: [a]", "m": "p, depends_on: [a, y]"}
            | {"x": "p, depends_on: [y, m]", "y": "p, depends_on: [x]", "z": "p, depends_on: [z]"},
            [["a", "b"], ["m", "x"], ["z"]],
        ),
    ],
)
def test_each_strongly_connected_component_has_one_shortest_cycle(
    nodes: dict[str, str], cycles: list[list[str]]
) -> None:
    graph = graph_of("workflows:\n" + workflow(**nodes))
    found = names(graph)
    assert len(found) == len(cycles)
    for cycle, expected in zip(graph.cycles, cycles, strict=True):
        assert len(cycle) == len(expected)
        assert [edge.after for edge in cycle] == [*(edge.before for edge in cycle[1:]), cycle[0].before]
        order = list(graph.phases)
        assert cycle[0].before == min((edge.before for edge in cycle), key=order.index)


def test_the_critical_path_is_a_longest_chain_and_of_several_the_one_that_ends_first() -> None:
    graph = graph_of(
        "workflows:\n"
        + workflow(
            r="r, build_id: 1",
            t="t, build_id: 1",
            s="r, build_id: 2",
            u="t, build_id: 2",
            v="r, build_id: 3, depends_on: [u]",
        )
    )
    assert graph.critical_path == ("w.s", "w.u", "w.v")
    shorter = graph_of(
        "workflows:\n" + workflow(r="r, build_id: 1", t="t, build_id: 1", s="r, build_id: 2", u="t, build_id: 2")
    )
    assert shorter.critical_path == ("w.r", "w.t")


def test_phases_may_overlap_by_edges_alone() -> None:
    graph = graph_of(
        "workflows:\n"
        + workflow(
            r="r, build_id: 1",
            t="t, build_id: 1",
            s="r, build_id: 2, depends_on: { t: { condition: finished } }",
            o="p, test_run_id: x",
        )
    )
    pairs = {(a, b) for a in graph.phases for b in graph.phases if graph.may_overlap(a, b)}
    assert pairs == {(a, b) for a in graph.phases for b in graph.phases if a != b and "w.o" in (a, b)}
    assert graph.is_before("w.r", "w.s")
    assert not graph.is_before("w.s", "w.r")


CELLS = """\
workflows:
  web:
    build_id: web${b}${n}
    matrix: { b: [x, y], n: [1, 2] }
    nodes:
      r: { mode: recording }
      t: { mode: testing, test_record: r, depends_on: [r] }
  end:
    nodes: { p: { mode: report, test_run_id: "1", depends_on: [PATTERN] } }
  other:
    build_id: other${b}${n}
    matrix: { b: [x], n: [2], c: [1, 2] }
    nodes: { t: { mode: testing, test_record: web.r } }
"""


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("web.r", ["web-x-1.r", "web-x-2.r", "web-y-1.r", "web-y-2.r"]),
        ("web-y-1.r", ["web-y-1.r"]),
        ("web-?-1.r", ["web-x-1.r", "web-y-1.r"]),
        ("w?b.r", ["web-x-1.r", "web-x-2.r", "web-y-1.r", "web-y-2.r"]),
        ("web-x-2.*", ["web-x-2.r", "web-x-2.t"]),
    ],
)
def test_a_matrix_stands_for_its_cells(pattern: str, expected: list[str]) -> None:
    graph = graph_of(CELLS.replace("PATTERN", f'"{pattern}"'))
    assert [edge.before for edge in graph.dependencies["end.p"]] == expected


def test_in_a_cell_a_name_without_a_dot_is_its_own_and_a_record_is_that_of_the_same_values() -> None:
    graph = graph_of(CELLS.replace("PATTERN", "web.r"))
    assert graph.dangling == ()
    for cell in ("x-1", "x-2", "y-1", "y-2"):
        assert [edge.before for edge in graph.dependencies[f"web-{cell}.t"]] == [f"web-{cell}.r"]
    for cell in ("x-2-1", "x-2-2"):
        assert [edge.before for edge in graph.dependencies[f"other-{cell}.t"]] == ["web-x-2.r"]
