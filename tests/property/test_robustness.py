"""Whatever the file: findings, never an exception; and what has no error can be planned and compiled."""

from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fastflow.compose import compile_project
from fastflow.diagnostic import has_errors
from fastflow.pipeline import SpecText, check, plan
from fastflow.plan.making import Selection
from fastflow.report.graph import FORMATS, graph_as
from fastflow.report.plan import plan_as_json, plan_as_text
from fastflow.settings import RunSettings
from tests.property.mutations import mutations
from tests.unit.model.good_specs import FULL, SMALL

NOWHERE = Path("/nonexistent")
VALUES = {"T": "7", "OTHER": "s3cr3t", "WALLARM_API_TOKEN": "t0k3n", "A": "proxy", "LEVEL": "off", "X": "$X"}
PIECES = st.sampled_from(
    [
        *"{}[]:$'\"|>#~%\n\t\r\x00\u2028\ufeffé",
        "  ",
        "- ",
        "? ",
        "&a ",
        "*a",
        "*hosts",
        "<<: ",
        "!x ",
        "${",
        "null",
        "---\n",
        "<run>: 1",
        "# fastflow: ignore[scope-open] x\n",
    ]
)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A good spec after a few edits of its text."""
    text = draw(st.sampled_from([FULL, SMALL]))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.sampled_from([0, 0, 1, 3, 30])))
        text = text[:start] + draw(PIECES) + text[end:]
    return text


def carry_through(text: str, values: dict[str, str] | None) -> None:
    checked = check([SpecText("f.yml", NOWHERE, text.encode())], values)
    lines = text.count("\n") + text.count("\r") + text.count("\u2028") + 2
    for found in checked.diagnostics:
        assert found.message
        assert 1 <= found.mark.line <= lines
        assert found.mark.column >= 1
        assert (found.mark.line, found.mark.column) <= (found.mark.end_line, found.mark.end_column)
    if has_errors(found for found in checked.diagnostics if found.rule != "compose-file"):
        return
    for facts in checked.specs:
        made = plan(facts, NOWHERE, Selection())
        assert plan_as_text(made)
        assert plan_as_json(made)
        assert all(graph_as(form, made) for form in FORMATS)
        for workflow in made.workflows.values():
            for phase in (None, *workflow.phases):
                shown_project = repr(compile_project(made, workflow, RunSettings("r", "f.yml"), phase))
                assert "s3cr3t" not in shown_project
                assert "t0k3n" not in shown_project


@settings(max_examples=250)
@given(text=texts(), values=st.sampled_from([None, {}, VALUES]))
def test_edits_of_the_text(text: str, values: dict[str, str] | None) -> None:
    carry_through(text, values)


@settings(max_examples=250)
@given(data=mutations(), values=st.sampled_from([None, {}, VALUES]))
def test_edits_of_the_data(data: Any, values: dict[str, str] | None) -> None:
    carry_through(yaml.safe_dump(data, sort_keys=False), values)


@settings(max_examples=200)
@given(content=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes(content: bytes) -> None:
    for values in (None, VALUES):
        assert has_errors(check([SpecText("f.yml", NOWHERE, content)], values).diagnostics)
