"""Document to Spec: merges `defaults`, checks the shape, and continues with the valid parts."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from fastflow.diagnostic import Diagnostic, Related, did_you_mean
from fastflow.model.base import NAME, NAME_HINT
from fastflow.model.cells import NO_CELLS
from fastflow.model.cloud import Cloud
from fastflow.model.defaults import sound_defaults, with_defaults
from fastflow.model.host import Host
from fastflow.model.mode import MODE_NAMES, MODE_VARIABLE
from fastflow.model.node import Node, node_type
from fastflow.model.places import KEYED_BY_THE_USER, Place, Places, data_of, own_entries, text_of
from fastflow.model.spec import NAMED, Cell, Spec, Workflow
from fastflow.spec.document import Document, Scalar, YamlList, YamlMap, YamlNode, YamlPath

M = TypeVar("M", bound=BaseModel)
_FIELDS = "write its fields below the name, indented"
_KEYED = frozenset((key,) for key in KEYED_BY_THE_USER)


class Loaded(NamedTuple):
    """A spec and the places of its values; `spec` is None if nothing of it could be saved.

    Parts with faults are left out. If there are any, rules about missing parts are meaningless.
    """

    spec: Spec | None
    places: Places
    diagnostics: tuple[Diagnostic, ...]


def is_raw(path: YamlPath) -> bool:
    """Whether fastflow leaves the variables below `path` alone (docs: the spec, Values)."""
    last = path[-1] if path else None
    if isinstance(last, str) and last.startswith("x-") and path[-2:-1] not in _KEYED:
        return True
    if len(path) in (4, 5) and path[0] == "workflows" and path[2] == "compose" and isinstance(last, str):
        return True  # a key of an inline document; the names of files belong to the spec
    if last == "token" and path[-2:-1] == ("cloud",) and len(path) in (2, 4):
        return True
    return last == "run" and len(path) in (6, 7) and path[0] == "workflows" and path[4] == "source"


def is_build_id(path: YamlPath) -> bool:
    """Whether `path` is the place of a BUILD_ID."""
    return len(path) in (3, 5) and path[0] == "workflows" and path[-1] == "build_id"


def load_spec(
    document: Document, cells: Mapping[str, Cell] = NO_CELLS, at_fault: Collection[str] = frozenset()
) -> Loaded:
    """Read an interpolated document as a spec.

    `cells` are the workflows that matrices made. Those `at_fault` are checked and left out, because the result of
    their matrix is unknown.
    """
    defaults, found = sound_defaults(document.root)
    root = with_defaults(document.root, defaults)
    work = _Load(Places(root), list(found), cells, at_fault)
    spec = work.spec(root)
    return Loaded(spec, work.places, tuple(work.diagnostics))


class _Load:
    def __init__(
        self,
        places: Places,
        diagnostics: list[Diagnostic],
        cells: Mapping[str, Cell],
        at_fault: Collection[str],
    ) -> None:
        self.places = places
        self.diagnostics = diagnostics
        self.cells = cells
        self.at_fault = at_fault

    def spec(self, root: YamlMap) -> Spec | None:
        data = {
            key.text: data_of(value, key.text)
            for key, value in own_entries(root)
            if key.text not in ("workflows", "defaults")
        }
        data["hosts"] = self._each(root, "hosts", Host) if root.get("hosts") else None
        data["cloud"] = self._one(root, ("cloud",), Cloud)
        workflows = root.get("workflows")
        if not isinstance(workflows, YamlMap):
            self._without_workflows(root, data)
            return None
        made = {
            key.text: self._workflow(key.text, value)
            for key, value in self._named(workflows, ("workflows",), "workflow")
        }
        data["workflows"] = self._left(made, ("workflows",))
        return self._sound(Spec, data, (), quiet=() if data["workflows"] or not made else ("workflows",))

    def _without_workflows(self, root: YamlMap, data: dict[str, Any]) -> None:
        written = root.get("workflows")
        if written is None or (isinstance(written, Scalar) and written.is_null):
            at = self.places.key("workflows") if root.key("workflows") else self.places.value()
            self._invalid(at, "`workflows` is missing", "a spec needs at least one workflow")
        else:
            self._invalid(self.places.value("workflows"), "`workflows`: expected a mapping", NAMED)
        self._sound(Spec, {**data, "workflows": {}}, (), quiet=("workflows",))

    def _workflow(self, name: str, tree: YamlNode) -> Workflow | None:
        base = ("workflows", name)
        if not isinstance(tree, YamlMap):
            at = self.places.key(*base)
            self._invalid(at, f"workflow `{name}`: expected a mapping", _FIELDS)
            return None
        data = {key.text: data_of(value, key.text) for key, value in own_entries(tree) if key.text != "nodes"}
        if "compose" in data:
            data["compose"] = _compose(tree.get("compose"))
        data["cloud"] = self._one(tree, (*base, "cloud"), Cloud)
        data["matrix"] = self.cells.get(name)
        nodes = tree.get("nodes")
        quiet: tuple[str, ...] = ()
        if isinstance(nodes, YamlMap):
            made = {
                key.text: self._node(name, key.text, value)
                for key, value in self._named(nodes, (*base, "nodes"), "node")
            }
            data["nodes"] = self._left(made, (*base, "nodes"))
            # If none is left, each has its finding already.
            quiet = ("nodes",) if made and not data["nodes"] else ()
        elif nodes is not None:
            data["nodes"] = data_of(nodes, "nodes")
        made_of = self._sound(Workflow, data, base, quiet)
        return None if name in self.at_fault else made_of

    def _node(self, workflow: str, name: str, tree: YamlNode) -> Node | None:
        base = ("workflows", workflow, "nodes", name)
        if not isinstance(tree, YamlMap):
            at = self.places.key(*base)
            self._invalid(at, f"node `{name}`: expected a mapping", _FIELDS)
            return None
        model = node_type(lambda field: text_of(tree, field))
        if model is None:
            self._wrong_mode(base, text_of(tree, "mode"), tree.get("mode"))
            return None
        data = {key.text: data_of(value, key.text) for key, value in own_entries(tree)}
        if isinstance(tree.get("container"), (YamlMap, YamlList)):
            data["container"] = tree.get("container")
        return self._sound(model, data, base)

    def _wrong_mode(self, base: YamlPath, written: str | None, mode: YamlNode | None) -> None:
        expected = ", ".join(MODE_NAMES[:-1]) + f" or {MODE_NAMES[-1]}"
        if mode is None or (written is None and isinstance(mode, Scalar)):
            message, place = f"node `{base[-1]}` has no `mode`", self.places.key(*base)
            stands = self.places.node(*base, MODE_VARIABLE)
            hint: str | None = f"set mode: {expected}" if stands is None else "write mode: instead of CI_MODE:"
        else:
            message = f"`mode`: expected {expected}, not `{written}`" if written else f"`mode`: expected {expected}"
            place, hint = self.places.value(*base, "mode"), did_you_mean(written or "", MODE_NAMES)
            hint = hint if hint and hint.startswith("did") else None
        self._invalid(place, message, hint)

    def _invalid(self, place: Place, message: str, hint: str | None = None) -> None:
        self.diagnostics.append(place.error("invalid-value", message, hint))

    def _named(self, tree: YamlMap, base: YamlPath, kind: str) -> Iterator[tuple[Scalar, YamlNode]]:
        """Return the entries whose names differ from all earlier siblings' by more than case."""
        known: dict[str, Scalar] = {}
        for key, value in own_entries(tree):
            other = known.setdefault(key.text.lower(), key)
            if other is key:
                yield key, value
                continue
            place = self.places.key(*base, key.text)
            message = f"{kind} `{key.text}` and {kind} `{other.text}` differ only in case"
            found = place.error("invalid-value", message, "choose another name")
            related = (Related(other.mark, f"{kind} `{other.text}` is here"), *found.related)
            self.diagnostics.append(found._replace(related=related))

    def _left(self, made: dict[str, M | None], base: YamlPath) -> dict[str, M]:
        """The parts that could be made; for the rest at least the names are checked, as the model does for these."""
        for name, value in made.items():
            if value is None and not NAME.fullmatch(name):
                self._invalid(self.places.key(*base, name), f"`{name}` is not a name", NAME_HINT)
        return {name: value for name, value in made.items() if value is not None}

    def _each(self, root: YamlMap, field: str, model: type[BaseModel]) -> Any:
        tree = root.get(field)
        if not isinstance(tree, YamlMap):
            return data_of(tree, field) if tree is not None else None
        made = {
            key.text: self._sound(model, data_of(value, field), (field, key.text))
            for key, value in self._named(tree, (field,), field[:-1])
        }
        return {name: value for name, value in made.items() if value is not None}

    def _one(self, parent: YamlMap, path: YamlPath, model: type[BaseModel]) -> Any:
        tree = parent.get(str(path[-1]))
        data = data_of(tree, "cloud") if tree is not None else None
        return None if data is None else self._sound(model, data, path)

    def _sound(self, model: type[M], data: Any, base: YamlPath, quiet: tuple[str, ...] = ()) -> M | None:
        """Validate, report faults, then try again without the fields at fault."""
        try:
            return model.model_validate(data)
        except ValidationError as error:
            errors = error.errors(include_url=False)
        from fastflow.model.faults import findings_of, path_of  # noqa: PLC0415  # most values are right

        wanted = [fault for fault in errors if fault["loc"][:1] != quiet or not quiet]
        for fault in wanted:
            self.diagnostics.extend(findings_of(fault, base, self.places, model))
        if not isinstance(data, dict):
            return None
        at_fault = {str(path_of(fault)[0]) for fault in errors if path_of(fault)}
        rest = {key: value for key, value in data.items() if key not in at_fault}
        try:
            return model.model_validate(rest)
        except ValidationError:
            return None


def _compose(tree: YamlNode | None) -> Any:
    if isinstance(tree, YamlList):
        return [item if isinstance(item, YamlMap) else data_of(item, "compose") for item in tree.items]
    return tree if isinstance(tree, YamlMap) else data_of(tree, "compose") if tree is not None else None
