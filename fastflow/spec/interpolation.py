"""Puts the values of variables into a document, scalar by scalar, after the YAML was read."""

from collections import ChainMap
from collections.abc import Callable
from collections.abc import Mapping as Values
from dataclasses import replace
from typing import NamedTuple

from fastflow.ci import CI_ID, CI_ID_HINT
from fastflow.diagnostic import Diagnostic, Related, Severity
from fastflow.spec.document import Document, Scalar, YamlList, YamlMap, YamlNode, YamlPath
from fastflow.spec.template import (
    Template,
    TemplateError,
    UnsetVariableError,
    parse_template,
    resolve,
    variables,
)


class Interpolated(NamedTuple):
    """A document with its variables replaced, and what stood in the way."""

    document: Document
    diagnostics: tuple[Diagnostic, ...]


def interpolate(
    document: Document,
    values: Values[str, str] | None,
    is_raw: Callable[[YamlPath], bool] = lambda _: False,
    *,
    lenient: bool = False,
    stand_in: Callable[[YamlPath], str | None] = lambda _: None,
    known: Callable[[YamlPath], str | None] = lambda _: None,
    is_checked: Callable[[YamlPath], bool] = lambda _: False,
) -> Interpolated:
    """Replace the variables of every scalar but those below paths for which `is_raw` holds.

    Without `values` every variable is a symbol: such scalars stay as written and are marked `symbolic`.
    With `lenient` an unset variable is no fault but empty; where `stand_in` gives a text for a path, that is the
    value of unset variables there. Where `known` gives one, that is what a scalar with variables comes to. A text
    that is no template stays as it is, and is no fault where `is_checked` holds: a rule of its own speaks of it.
    """
    work = _Interpolation(values, is_raw, lenient, stand_in, known, is_checked, [])
    root = work.node(document.root, ())
    assert isinstance(root, YamlMap)
    return Interpolated(document._replace(root=root), tuple(work.diagnostics))


class _Interpolation(NamedTuple):
    values: Values[str, str] | None
    is_raw: Callable[[YamlPath], bool]
    lenient: bool
    stand_in: Callable[[YamlPath], str | None]
    known: Callable[[YamlPath], str | None]
    is_checked: Callable[[YamlPath], bool]
    diagnostics: list[Diagnostic]

    def node(self, node: YamlNode, path: YamlPath) -> YamlNode:
        if self.is_raw(path):
            return node
        if isinstance(node, Scalar):
            return self._scalar(node, path) if "$" in node.text else node
        if isinstance(node, YamlList):
            items = tuple(self.node(item, (*path, at)) for at, item in enumerate(node.items))
            return replace(node, items=items)
        entries = tuple((key, self.node(value, (*path, key.text))) for key, value in node)
        return YamlMap(entries, node.mark, node.tag, node.origin)

    def _scalar(self, scalar: Scalar, path: YamlPath) -> Scalar:
        if (text := self.known(path)) is not None:
            return replace(scalar, text=text, plain=False)
        try:
            template = parse_template(scalar.text, is_loose=self.lenient)
        except TemplateError as error:
            if self.is_checked(path):
                return scalar
            self._report("invalid-value", scalar, str(error), error.hint)
            return replace(scalar, symbolic=True)  # it is at fault once, not also as a value of its field
        names = list(variables(template))
        if self.values is None and names:
            return replace(scalar, symbolic=True)
        unset: dict[str, str] = {}
        text = self._resolved(template, path, unset)
        for name, demand in unset.items():
            message = f"the variable {name} is not set" + (f": {demand}" if demand else "")
            hint = CI_ID_HINT if name == CI_ID else f"set {name}, or give a default: ${{{name}:-default}}"
            self._report("undefined-variable", scalar, message, hint)
        return replace(scalar, symbolic=True) if unset else replace(scalar, text=text, plain=False)

    def _resolved(self, template: Template, path: YamlPath, unset: dict[str, str]) -> str:
        """Replace the variables; gather in `unset` those that have no value, each with what the spec says of it."""
        standing_in: dict[str, str] = {}
        values = ChainMap(standing_in, self.values or {})  # type: ignore[arg-type]  # only the first map is written to
        while True:
            try:
                return resolve(template, values.get, lenient=self.lenient, stand_in=self.stand_in(path))
            except UnsetVariableError as error:
                unset[error.name] = error.demand
                standing_in[error.name] = "unset"

    def _report(self, rule: str, scalar: Scalar, message: str, hint: str) -> None:
        related = (Related(scalar.origin, "the value comes from here"),) if scalar.origin else ()
        self.diagnostics.append(Diagnostic(rule, Severity.ERROR, message, scalar.mark, hint, related))
