"""The cells of matrices: workflows of a document that share one text, and their variables."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from fastflow.diagnostic import Diagnostic
from fastflow.model.spec import Cell, Spec
from fastflow.spec.document import Document, YamlMap, YamlPath
from fastflow.spec.interpolation import Scope
from fastflow.spec.values import overlaid

NO_CELLS: Mapping[str, Cell] = MappingProxyType({})
NONE_AT_FAULT: Mapping[str, frozenset[str]] = MappingProxyType({})


class Expanded(NamedTuple):
    """A document in which cells replace workflows with a matrix.

    `cells` are in the order of the document. A workflow whose matrix is at fault is left as written and is in
    `at_fault`, with the names of its variables, which have no values.
    """

    document: Document
    cells: Mapping[str, Cell] = NO_CELLS
    at_fault: Mapping[str, frozenset[str]] = NONE_AT_FAULT
    diagnostics: tuple[Diagnostic, ...] = ()


def has_matrix(document: Document) -> bool:
    """Whether any workflow of a document has a matrix."""
    workflows = document.root.get("workflows")
    entries = workflows.entries if isinstance(workflows, YamlMap) else ()
    return any(isinstance(tree, YamlMap) and tree.get("matrix") is not None for _, tree in entries)


def cells_of(spec: Spec) -> dict[str, Cell]:
    """The cells among the workflows of a spec."""
    return {name: workflow.matrix for name, workflow in spec.workflows.items() if workflow.matrix is not None}


def scopes_of(
    variables: Mapping[str, Mapping[str, str]],
    values: Mapping[str, str] | None,
    at_fault: Mapping[str, frozenset[str]] = NONE_AT_FAULT,
) -> Callable[[YamlPath], Scope | None]:
    """The scopes of workflows' variables: each applies in its workflow, where it overrides all others."""
    if not variables and not at_fault:
        return lambda _: None

    def scope_at(path: YamlPath) -> Scope | None:
        if len(path) != 2 or path[0] != "workflows":
            return None
        name = str(path[1])
        own: dict[str, str | None] = dict.fromkeys(at_fault.get(name, ()))
        own.update(variables.get(name, {}))
        return scope_with(own, values) if own else None

    return scope_at


def scope_with(own: Mapping[str, str | None], values: Mapping[str, str] | None) -> Scope:
    """A scope in which these variables override all others; one without a value is at fault."""
    known = {name: value for name, value in own.items() if value is not None}
    return Scope(own, None if values is None else overlaid(values, known))
