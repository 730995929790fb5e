"""Matrices: which cells there are, what they are called, and the values that their variables have (docs: matrix)."""

import json
import re
from collections.abc import Mapping
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastflow.diagnostic import Diagnostic
from fastflow.model.expansion import expand
from fastflow.model.spec import Spec
from fastflow.spec.reader import read_spec
from tests.unit.check.specs import facts_of, findings

NODES = "nodes: { r: { mode: report, test_run_id: 1 } }"


def spec_of(matrix: str, more: str = "") -> Spec:
    return facts_of(f"workflows: {{ web: {{ matrix: {matrix}, {NODES} }}{more} }}").spec


def cells(matrix: str) -> dict[str, Mapping[str, str]]:
    found = {name: workflow.matrix for name, workflow in spec_of(matrix).workflows.items()}
    return {name: cell.variables for name, cell in found.items() if cell is not None and cell.matrix == "web"}


def faults(matrix: str, more: str = "") -> tuple[Diagnostic, ...]:
    return findings(f"workflows: {{ web: {{ matrix: {matrix}, {NODES} }}{more} }}")


def test_cells_are_in_the_order_of_the_axes_the_last_axis_first() -> None:
    assert list(cells("{ browser: [chrome, firefox], shard: [1, 2] }")) == [
        "web-chrome-1",
        "web-chrome-2",
        "web-firefox-1",
        "web-firefox-2",
    ]


def test_values_are_texts_as_written() -> None:
    found = cells("{ a: [007, on, 1e5, '3.11', ~x] }")
    assert {name: values["a"] for name, values in found.items()} == {
        "web-007": "007",
        "web-on": "on",
        "web-1e5": "1e5",
        "web-3-11": "3.11",
        "web-x": "~x",
    }


def test_exclude_takes_away_all_that_have_its_values() -> None:
    assert list(cells("{ a: [x, y], b: [1, 2], exclude: [{ a: x }, { a: y, b: 1 }] }")) == ["web-y-2"]


def test_include_means_what_it_means_in_github_actions() -> None:
    """The example of GitHub's documentation ("Expanding or adding matrix configurations")."""
    include = "[{ color: green }, { color: pink, animal: cat }, { fruit: apple, shape: circle }, { fruit: banana }"
    found = cells(
        f"{{ fruit: [apple, pear], animal: [cat, dog], include: {include}, {{ fruit: banana, animal: cat }}] }}"
    )
    assert found == {
        "web-apple-cat": {"fruit": "apple", "animal": "cat", "color": "pink", "shape": "circle"},
        "web-apple-dog": {"fruit": "apple", "animal": "dog", "color": "green", "shape": "circle"},
        "web-pear-cat": {"fruit": "pear", "animal": "cat", "color": "pink", "shape": ""},
        "web-pear-dog": {"fruit": "pear", "animal": "dog", "color": "green", "shape": ""},
        "web-banana": {"fruit": "banana", "animal": "", "color": "", "shape": ""},
        "web-banana-cat": {"fruit": "banana", "animal": "cat", "color": "", "shape": ""},
    }


def test_include_alone_makes_a_cell_of_each_entry() -> None:
    assert cells("{ include: [{ a: 1, b: x }, { a: 2 }] }") == {
        "web-1-x": {"a": "1", "b": "x"},
        "web-2": {"a": "2", "b": ""},
    }


@pytest.mark.parametrize("matrix", ["~", ""])
def test_matrix_that_is_not_set_is_none(matrix: str) -> None:
    assert list(spec_of(matrix).workflows) == ["web"]


def test_matrix_by_alias_has_its_fault_where_it_is_used_and_written() -> None:
    text = f"x-m: &m {{ a: [] }}\nworkflows:\n  web: {{ matrix: *m, {NODES} }}\n"
    (found,) = findings(text)
    assert (found.mark.line, found.related[0].mark.line) == (3, 1)


def test_fault_of_a_matrix_hides_no_fault_of_its_workflow_and_makes_none() -> None:
    text = (
        "workflows:\n"
        "  web:\n"
        "    build_id: web${browser}\n"
        "    matrix: { browser: chrome }\n"
        "    nodes:\n"
        "      r: { mode: recording, allowed_hosts: [app.example], source: { run: x }, timout: 5 }\n"
        "      t: { mode: testing, test_run_uri: 'http://app.example', test_run_rps: '${browser}' }\n"
        "  other:\n"
        "    nodes: { p: { mode: report, test_run_id: 1, depends_on: [web.t] } }\n"
    )
    for values in (None, {"WALLARM_API_TOKEN": "t"}):
        assert [(found.rule, found.mark.line) for found in findings(text, values)] == [
            ("invalid-value", 4),
            ("unknown-field", 6),
        ]


def test_names_of_cells_and_workflows_are_unique_whatever_comes_first() -> None:
    for others in ((f", Web-A: {{ {NODES} }}"), f", web-: {{ matrix: {{ b: [a] }}, {NODES} }}"):
        taken = faults("{ a: [a] }", others.replace("web-:", '"web-":'))
        assert [found.rule for found in taken] == ["invalid-value"] if "Web-A" in others else taken == ()


def test_million_cells_are_refused_before_they_are_made() -> None:
    values = json.dumps([str(number) for number in range(1000)])
    (found,) = faults(f"{{ a: {values}, b: {values}, c: {values} }}")
    assert found.message == "the matrix makes 1,000,000,000 workflows of 12 values each"


def test_cells_of_all_matrices_count_together() -> None:
    values = json.dumps([str(number) for number in range(212)])
    two = f"web: {{ matrix: {{ a: {values}, b: {values} }}, {NODES} }}"  # 44,944 workflows of 11 values each
    texts = (
        f"workflows: {{ {two}{more} }}"
        for more in ("", f", api: {{ matrix: {{ a: {values}, b: [1, 2, 3, 4, 5] }}, {NODES} }}")
    )
    documents = (read_spec("f.yml", text.encode()).document for text in texts)
    alone, together = (expand(document) for document in documents if document is not None)
    assert (len(alone.cells), alone.diagnostics) == (44_944, ())
    assert [found.message for found in together.diagnostics] == ["the matrix makes 1,060 workflows of 11 values each"]


def test_entries_beyond_number_are_refused_before_they_are_compared() -> None:
    values = json.dumps([str(number) for number in range(3000)])
    excluded = json.dumps([{"a": str(number)} for number in range(2999)])
    (found,) = faults(f"{{ a: {values}, exclude: {excluded} }}")
    assert found.message == "the matrix compares its combinations 8,997,000 times with `exclude` and `include`"


NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.sampled_from(["x", "y", "z"])
ENTRIES = st.lists(
    st.dictionaries(st.sampled_from(["a", "b", "c", "d", "e"]), VALUES, min_size=1, max_size=3), max_size=4
)
AXES = st.dictionaries(NAMES, st.lists(VALUES, min_size=1, max_size=3, unique=True), max_size=3)


def oracle(
    axes: dict[str, list[str]], exclude: list[dict[str, str]], include: list[dict[str, str]]
) -> list[dict[str, str]]:
    """GitHub's words, one by one, by brute force."""
    originals = [dict(zip(axes, values, strict=True)) for values in product(*axes.values())] if axes else []
    originals = [one for one in originals if not any(entry.items() <= one.items() for entry in exclude)]
    jobs = [dict(one) for one in originals]
    for entry in include:
        added = False
        for original, job in zip(originals, jobs, strict=False):
            overwrites = any(original.get(name, value) != value for name, value in entry.items())
            if not overwrites:
                job.update(entry)
                added = True
        if not added:
            jobs.append(dict(entry))
    return jobs


@given(axes=AXES, exclude=ENTRIES, include=ENTRIES)
def test_expansion_agrees_with_brute_force(axes: Any, exclude: Any, include: Any) -> None:
    sound = [{name: value for name, value in one.items() if value in axes.get(name, ())} for one in exclude]
    sound = [one for one in sound if one]
    expected = oracle(axes, sound, include)
    matrix = json.dumps({**axes, "exclude": sound, "include": include})
    found = faults(matrix)
    variables = [*axes, *dict.fromkeys(name for entry in include for name in entry if name not in axes)]
    names = ["-".join(["web", *(job[name] for name in (axes or variables) if name in job)]) for job in expected]
    if not expected or len(set(names)) < len(names):
        assert [one.rule for one in found] == ["invalid-value"]
        return
    assert found == ()
    assert cells(matrix) == {
        name: {variable: job.get(variable, "") for variable in variables}
        for name, job in zip(names, expected, strict=True)
    }


@given(st.lists(st.text(min_size=1, max_size=50), min_size=1, max_size=4))
def test_whatever_values_hold_cells_have_names_or_the_matrix_has_a_fault(values: list[str]) -> None:
    matrix = json.dumps({"a": values})
    if faults(matrix):
        return
    found = cells(matrix)
    assert [one["a"] for one in found.values()] == values
    assert len({name.lower() for name in found}) == len(values)
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,39}", name) for name in found)
