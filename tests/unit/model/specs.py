"""Specs of one node, for tests of the model."""

from pathlib import Path

from fastflow.diagnostic import Diagnostic
from fastflow.model.cells import Expanded, has_matrix, scopes_of
from fastflow.model.expansion import expand
from fastflow.model.load import Loaded, is_raw, load_spec
from fastflow.model.node import Node
from fastflow.spec.interpolation import interpolate
from fastflow.spec.reader import read_spec

NOWHERE = Path("/nowhere")


def load(text: str, values: dict[str, str] | None = None) -> Loaded:
    """Read a spec as `validate` does, or as `up` does where values are given."""
    reading = read_spec("f.yml", text.encode())
    assert reading.document is not None, reading.diagnostics
    parts = expand(reading.document) if has_matrix(reading.document) else Expanded(reading.document)
    scopes = scopes_of({name: cell.variables for name, cell in parts.cells.items()}, values, parts.at_fault)
    interpolated = interpolate(parts.document, values, is_raw, scopes=scopes)
    loaded = load_spec(interpolated.document, parts.cells, parts.at_fault)
    found = (*reading.diagnostics, *interpolated.diagnostics, *loaded.diagnostics)
    return Loaded(loaded.spec, loaded.places, found)


def load_node(
    fields: str, mode: str = "recording", values: dict[str, str] | None = None
) -> tuple[Node | None, tuple[Diagnostic, ...]]:
    """Read a spec whose one node has these fields, in YAML's flow style."""
    loaded = load(f"workflows: {{ w: {{ nodes: {{ n: {{ mode: {mode}, {fields} }} }} }} }}\n", values)
    workflow = loaded.spec.workflows.get("w") if loaded.spec else None
    return (workflow.nodes.get("n") if workflow else None), loaded.diagnostics


def sound_node(fields: str, mode: str = "recording", values: dict[str, str] | None = None) -> Node:
    """Read a node that must have no fault."""
    node, found = load_node(fields, mode, values)
    assert not found
    assert node is not None
    return node


def faults(found: tuple[Diagnostic, ...]) -> list[tuple[str, str]]:
    """The rules and messages of findings."""
    return [(one.rule, one.message) for one in found]
