"""Where build-id-ambiguous reports, and what it does not compare; what it says is in the corpus."""

from pathlib import Path

from fastflow.check.build_id_groups import overlapping
from fastflow.check.facts import Facts
from fastflow.check.rules.build_id_ambiguous import build_id_ambiguous
from fastflow.diagnostic import Diagnostic
from fastflow.pipeline import SpecText, load
from tests.unit.check.findings import findings_of


def facts_of(text: str) -> Facts:
    facts, found = load(SpecText("spec.yml", Path(), text.encode()), None)
    assert facts is not None
    assert found == ()
    return facts


def findings(*texts: str) -> list[Diagnostic]:
    return findings_of(build_id_ambiguous, *map(facts_of, texts))


def both_modes(name: str, build_id: str) -> str:
    nodes = "record: { mode: recording }, test: { mode: testing }"
    return f"  {name}:\n    build_id: {build_id}\n    nodes: {{ {nodes} }}\n"


def test_nodes_with_one_build_id_in_the_file_share_a_finding() -> None:
    (found,) = findings("workflows:\n" + both_modes("web", "web${A}") + both_modes("api", "web${B}"))
    assert found.message.startswith("api.record records under BUILD_ID web${B}, and web.record under web${A}")


def test_testing_nodes_of_two_specs_are_not_compared() -> None:
    found = findings("workflows:\n" + both_modes("web", "web${A}"), "workflows:\n" + both_modes("api", "web${B}"))
    assert [one.message.split()[1] for one in found] == ["records"]
    testing = "workflows:\n  {}: {{ build_id: '{}', nodes: {{ test: {{ mode: testing, test_record: external }} }} }}\n"
    assert findings(testing.format("web", "web${A}"), testing.format("api", "web${B}")) == []


def test_testing_nodes_that_follow_one_another_are_not_compared_in_case_either() -> None:
    nodes = "one: {{ mode: testing, test_record: external }}, two: {{ mode: testing, test_record: external, {} }}"
    text = "workflows:\n  web:\n    build_id: web\n    nodes: {{ " + nodes + " }}\n"
    assert len(findings(text.format("build_id: Web"))) == 1
    assert findings(text.format("build_id: Web, depends_on: [one]")) == []


def test_the_case_of_variables_is_theirs() -> None:
    recording = "workflows:\n  web: {{ build_id: '{}', nodes: {{ record: {{ mode: recording }} }} }}\n"
    assert "differ only in case" in findings(recording.format("Web$a"), recording.format("weB$a"))[0].message
    assert "are equal when" in findings(recording.format("web$a"), recording.format("web$A"))[0].message
    assert findings(recording.format("Web$a"), recording.format("web$A")) == []
    run_ids = recording.format("Web$FASTFLOW_RUN_ID"), recording.format("web$FASTFLOW_RUN_ID")
    assert findings(*run_ids) == []


def test_tokens_apart_are_not_compared() -> None:
    cloud = "    cloud: { token: '${OTHER}' }\n"
    assert findings("workflows:\n" + both_modes("web", "web${A}") + both_modes("api", "web${B}") + cloud) == []


def test_of_two_in_one_file_the_later_is_reported() -> None:
    (found,) = findings(
        "workflows:\n"
        "  web:\n"
        "    nodes:\n"
        "      one: { mode: recording }\n"
        "      two: { mode: recording, build_id: web$A, alias: two }\n"
        "    build_id: web$B\n"
    )
    assert found.message.startswith("web.one records under BUILD_ID web$B, and web.two under web$A")
    assert (found.mark.line, found.related[0].mark.line) == (6, 5)


def test_overlapping_asks_neighbours_of_two_chains_only() -> None:
    nodes = (
        "a: { mode: testing }, b: { mode: testing }, c: { mode: testing, depends_on: [a, b] }, "
        "d: { mode: testing, depends_on: [b] }"
    )
    graph = facts_of(f"workflows:\n  w:\n    build_id: w\n    nodes: {{ r: {{ mode: recording }}, {nodes} }}\n").graph
    a, b, c, d = (graph.phases[f"w.{name}"] for name in "abcd")
    assert overlapping(graph, [a, b], [c]) is None  # those of one group have a finding of their own
    assert overlapping(graph, [a, c], [b]) == (a, b)  # in topological order, whatever that of the file
    assert overlapping(graph, [b], [a, c]) == (b, a)
    assert overlapping(graph, [d], [b]) is None


def test_where_phases_wait_for_each_other_nothing_is_said_of_their_order() -> None:
    test = "{{ mode: testing, test_record: external, build_id: '{}', depends_on: [{}] }}"
    nodes = f"one: {test.format('web$A', 'two')}, two: {test.format('web$B', 'one')}, three: {test.format('web$C', '')}"
    assert findings(f"workflows:\n  web:\n    nodes: {{ {nodes} }}\n") == []
