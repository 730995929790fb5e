"""Replaces variables by their values in a document, scalar by scalar, after the YAML was read."""

from collections import ChainMap
from collections.abc import Callable
from collections.abc import Mapping as Values
from dataclasses import replace
from types import MappingProxyType
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
    resolve_known,
    variables,
    written,
)


class Interpolated(NamedTuple):
    """A document with its variables replaced, and the faults."""

    document: Document
    diagnostics: tuple[Diagnostic, ...]


class Scope(NamedTuple):
    """Variables that are known only below one value of a document.

    `own` are these variables. One whose value is at fault is None, and texts with it stay symbols. `values` are those
    of all variables there, or None: then all except `own` are symbols.
    """

    own: Values[str, str | None]
    values: Values[str, str] | None


NO_SCOPES: Values[str, Scope] = MappingProxyType({})


def interpolate(
    document: Document,
    values: Values[str, str] | None,
    is_raw: Callable[[YamlPath], bool] = lambda _: False,
    *,
    lenient: bool = False,
    stand_in: Callable[[YamlPath], str | None] = lambda _: None,
    known: Callable[[YamlPath], str | None] = lambda _: None,
    is_checked: Callable[[YamlPath], bool] = lambda _: False,
    scopes: Callable[[YamlPath], Scope | None] = lambda _: None,
    of_files: Values[str, Scope] = NO_SCOPES,
) -> Interpolated:
    """Replace the variables of every scalar except those below paths for which `is_raw` is true.

    Without `values` every variable is a symbol: such scalars stay as written and are marked `symbolic`.
    With `lenient` an unset variable is empty instead of a fault. If `stand_in` returns a text for a path, unset
    variables there have it as their value. If `known` returns one, it is the value of the whole scalar if that has
    variables. A text that is not a template is left as it is, and is not a fault if `is_checked` is true, because
    another rule reports it. If `scopes` returns a scope for a path, it applies below that path; elsewhere, those of
    `of_files` apply to values in these files.
    """
    scope = Scope({}, values)
    work = _Interpolation(scope, is_raw, lenient, stand_in, known, is_checked, scopes, of_files, [])
    root = work.node(document.root, ())
    assert isinstance(root, YamlMap)
    return Interpolated(document._replace(root=root), tuple(work.diagnostics))


def replace_known(document: Document, known: Values[str, str]) -> Document:
    """Replace only these variables, in texts as Compose reads them; the results are still read as templates."""

    def changed(node: YamlNode) -> YamlNode:
        if isinstance(node, YamlMap):
            return YamlMap(tuple((key, changed(value)) for key, value in node), node.mark, node.tag, node.origin)
        if isinstance(node, YamlList):
            return replace(node, items=tuple(map(changed, node.items)))
        if "$" not in node.text:
            return node
        try:
            template = parse_template(node.text, is_loose=True)
            if known.keys().isdisjoint(variables(template)):
                return node
            return replace(node, text=written(resolve_known(template, known)), plain=False)
        except (TemplateError, UnsetVariableError):
            return node  # Compose reports it

    root = changed(document.root)
    assert isinstance(root, YamlMap)
    return document._replace(root=root)


class _Interpolation(NamedTuple):
    scope: Scope
    is_raw: Callable[[YamlPath], bool]
    lenient: bool
    stand_in: Callable[[YamlPath], str | None]
    known: Callable[[YamlPath], str | None]
    is_checked: Callable[[YamlPath], bool]
    scopes: Callable[[YamlPath], Scope | None]
    of_files: Values[str, Scope]
    diagnostics: list[Diagnostic]

    def node(self, node: YamlNode, path: YamlPath) -> YamlNode:
        if self.is_raw(path):
            return node
        if isinstance(node, Scalar):
            return self._for(node)._scalar(node, path) if "$" in node.text else node
        if isinstance(node, YamlList):
            items = tuple(self.node(item, (*path, at)) for at, item in enumerate(node.items))
            return replace(node, items=items)
        own = self.scopes(path)
        work = self if own is None else self._replace(scope=own, of_files=NO_SCOPES)
        entries = tuple((key, work.node(value, (*path, key.text))) for key, value in node)
        return YamlMap(entries, node.mark, node.tag, node.origin)

    def _for(self, scalar: Scalar) -> "_Interpolation":
        """The same with the variables of the file that contains a text."""
        scope = self.of_files.get((scalar.origin or scalar.mark).file) if self.of_files else None
        return self if scope is None else self._replace(scope=scope)

    def _scalar(self, scalar: Scalar, path: YamlPath) -> Scalar:
        if (text := self.known(path)) is not None:
            return replace(scalar, text=text, plain=False)
        try:
            template = parse_template(scalar.text, is_loose=self.lenient)
        except TemplateError as error:
            if self.is_checked(path):
                return scalar
            self._report("invalid-value", scalar, str(error), error.hint)
            return replace(scalar, symbolic=True)  # reported once, not also as the value of its field
        unset: dict[str, str] = {}
        if any(self.scope.own.get(name, "") is None for name in variables(template)):
            return replace(scalar, symbolic=True)
        if self.scope.values is None:
            return self._partly(scalar, template)
        text = self._resolved(template, path, unset)
        for name, demand in unset.items():
            self._report_unset(scalar, name, demand)
        return self._partly(scalar, template) if unset else replace(scalar, text=text, plain=False)

    def _partly(self, scalar: Scalar, template: Template) -> Scalar:
        """Replace only the variables that are known without an environment."""
        known = {name: value for name, value in self.scope.own.items() if value is not None}
        try:
            left = resolve_known(template, known) if known else template
        except UnsetVariableError as error:
            if self.scope.values is None:
                self._report_unset(scalar, error.name, error.demand)
            return replace(scalar, symbolic=True)
        if next(variables(left), None) is None:
            return replace(scalar, text=resolve(left, known.get), plain=False)
        return replace(scalar, text=scalar.text if left == template else written(left), symbolic=True)

    def _resolved(self, template: Template, path: YamlPath, unset: dict[str, str]) -> str:
        """Replace the variables; collect in `unset` those without a value, each with the spec's message for it."""
        standing_in: dict[str, str] = {}
        values = ChainMap(standing_in, self.scope.values or {})  # type: ignore[arg-type]  # only the first map is written to
        while True:
            try:
                return resolve(template, values.get, lenient=self.lenient, stand_in=self.stand_in(path))
            except UnsetVariableError as error:
                unset[error.name] = error.demand
                standing_in[error.name] = "unset"

    def _report_unset(self, scalar: Scalar, name: str, demand: str) -> None:
        message = f"the variable {name} is {'empty' if name in self.scope.own else 'not set'}"
        hint = CI_ID_HINT if name == CI_ID else f"set {name}, or give a default: ${{{name}:-default}}"
        self._report("undefined-variable", scalar, message + (f": {demand}" if demand else ""), hint)

    def _report(self, rule: str, scalar: Scalar, message: str, hint: str) -> None:
        related = (Related(scalar.origin, "the value comes from here"),) if scalar.origin else ()
        self.diagnostics.append(Diagnostic(rule, Severity.ERROR, message, scalar.mark, hint, related))
