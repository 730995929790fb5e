"""The spec's JSON Schema, for editors: made from the model and its descriptions, so that the two cannot differ.

A schema accepts at least what fastflow accepts: editors read `007` and `on` as a number and a truth value, `null`
means "not set", and a variable may stand wherever a value may.
"""

import ast
import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from textwrap import dedent
from typing import Any, TypeAlias

from fastflow.model.base import NAME_PATTERN, TEXT_SCHEMA, SpecModel
from fastflow.model.cloud import Cloud
from fastflow.model.defaults import NOT_IN_DEFAULTS
from fastflow.model.host import Host, Reserve
from fastflow.model.mode import KINDS, MODES, Mode
from fastflow.model.node import NODE_TYPES
from fastflow.model.node_parts import BaseNode, Gate, Ready, ScannerCodes
from fastflow.model.relations import CONDITIONS, CommandSource, Dependency, Need, ServiceSource
from fastflow.model.spec import Concurrency, Spec, Workflow


@cache
def descriptions_of(model: type[SpecModel]) -> dict[str, str]:
    """Return the description of each field of a model, with those that it inherits."""
    found: dict[str, str] = {}
    for ancestor in reversed(model.__mro__):
        if issubclass(ancestor, SpecModel) and ancestor is not SpecModel:
            found |= _own_descriptions(ancestor)
    return {name: text for name, text in found.items() if name in model.model_fields}


def _own_descriptions(model: type[SpecModel]) -> dict[str, str]:
    (definition,) = ast.parse(dedent(inspect.getsource(model))).body
    assert isinstance(definition, ast.ClassDef)
    found = {}
    for field, text in zip(definition.body, definition.body[1:], strict=False):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                found[name] = inspect.cleandoc(said)
    return found


Schema: TypeAlias = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
ID = "https://fastflow-ci.github.io/fastflow/latest/reference/fastflow.schema.json"
"""Where the documentation's site has the schema of the latest release."""
MODELINE = f"# yaml-language-server: $schema={ID}"
"""The comment by which a spec names its schema to editors."""
_EXTENSIONS: Schema = {"^x-": {}}
_HOLDS_A_VARIABLE: Schema = {"type": "string", "pattern": r"\$"}
_NOT_SET: Schema = {"type": "null"}
INCLUDE_FIELDS = {
    "path": "The file, from the directory of the file that includes it. A path alone is short for it.",
    "with": "Variables for that file only: in the file itself, and for its workflows' Compose projects and sources.",
}
MATRIX_FIELDS = {
    "any": "An axis: a variable of the workflow, available in the spec, to its Compose project and to its sources.",
    "exclude": "Combinations to leave out: all that have the values of an entry.",
    "include": "Adds variables to all cells that have the values of an entry's axes. If none has them, adds a cell.",
}
"""The two mappings of the spec that are not models."""
_EXAMPLE = {
    "workflows": {
        "web": {
            "build_id": "web${CI_PIPELINE_ID}",
            "compose": "docker-compose.yml",
            "nodes": {
                "record": {"mode": "recording", "allowed_hosts": ["app"], "source": {"service": "tests"}},
                "test": {"mode": "testing", "test_run_uri": "http://app:3000"},
            },
        }
    }
}


def spec_schema(rules: Mapping[str, str]) -> Schema:
    """Return the JSON Schema (draft 2020-12) of a fastflow.yml; `rules` describes those that `checks` may name."""
    levels = {rule: _one_of("error", "warning", "off") | {"description": text} for rule, text in rules.items()}
    fields = {
        "cloud": _part("cloud"),
        "defaults": _part("defaults"),
        "include": _include(),
        "hosts": _by_name("host") | {"type": ["object", "null"]},
        "workflows": _by_name("workflow") | {"type": ["object", "null"]},
        "concurrency": _mapping(Concurrency) | {"type": ["object", "null"]},
        "checks": _closed(levels) | {"type": ["object", "null"]},
    }
    head = {"$schema": DIALECT, "$id": ID, "title": "fastflow.yml", "examples": [_EXAMPLE]}
    spec = _mapping(Spec, fields)
    del spec["required"]
    # All workflows may come from included files.
    some = {"required": ["workflows"], "properties": {"workflows": {"type": "object", "minProperties": 1}}}
    spec |= {"if": {"required": ["include"], "properties": {"include": {"type": "array"}}}, "else": some}
    return head | spec | {"$defs": _parts()}


def _parts() -> Schema:
    modes: Schema = {key: _mapping(node, _fields_of_nodes(node)) for key, node in NODE_TYPES.items()}
    modes |= {f"{mode}.any": _of_any_kind(mode, modes) for mode in MODES if NODE_TYPES[mode].traits.kind_field}
    shared: Schema = {}
    for mode in modes.values():
        shared |= {name: field for name, field in mode["properties"].items() if name not in NOT_IN_DEFAULTS}
    workflow = {"cloud": _part("cloud"), "nodes": _by_name("node") | {"minProperties": 1}, "matrix": _matrix()}
    return {
        "cloud": _mapping(Cloud) | {"type": ["object", "null"]},
        "host": _mapping(Host, {"reserve": _mapping(Reserve) | {"type": ["object", "null"]}}),
        "defaults": _closed(shared) | {"type": ["object", "null"]},
        "workflow": _mapping(Workflow, workflow | {"publish": _one_of("keep", "none")}),
        "node": _node(),
        "source": _source(),
        **modes,
    }


def _include() -> Schema:
    path = {"type": "string", "minLength": 1, "description": INCLUDE_FIELDS["path"]}
    variables = {"type": ["object", "null"], "patternProperties": _EXTENSIONS, "additionalProperties": TEXT_SCHEMA}
    variables["description"] = INCLUDE_FIELDS["with"]
    entry = _closed({"path": path, "with": variables}) | {"required": ["path"]}
    return {"type": ["array", "null"], "items": {"if": {"type": "object"}, "then": entry, "else": path}}


def _matrix() -> Schema:
    """Axes may have any name that variables may have, each with a list of values."""
    values = {"patternProperties": _EXTENSIONS, "additionalProperties": TEXT_SCHEMA}
    entry = {"type": "object", "minProperties": 1} | values
    entries = {"type": ["array", "null"], "items": entry}
    axis = {"type": "array", "items": TEXT_SCHEMA, "minItems": 1, "description": MATRIX_FIELDS["any"]}
    return {
        "type": ["object", "null"],
        "properties": {name: entries | {"description": MATRIX_FIELDS[name]} for name in ("exclude", "include")},
        "patternProperties": _EXTENSIONS | {"^(?!(?:in|ex)clude$)[A-Za-z_][A-Za-z0-9_]*$": axis},
        "additionalProperties": False,
    }


def _node() -> Schema:
    """One `if` for each mode, and inside it for each kind, so that an editor describes only the chosen ones."""
    chosen = [{"if": _is("mode", mode), "then": _kinds_of(mode)} for mode in MODES]
    mode = {"enum": list(MODES), "description": descriptions_of(BaseNode)["mode"]}
    return {"type": "object", "required": ["mode"], "properties": {"mode": mode}, "allOf": chosen}


def _kinds_of(mode: str) -> Schema:
    """The schema of a mode's nodes: `defaults` may choose the kind, so a node that names none may be of any."""
    field = NODE_TYPES[mode].traits.kind_field
    if field is None:
        return _part(mode)
    made = _part(f"{mode}.any")
    for kind in _traits_of(mode):
        made = {"if": _is(field, kind.kind), "then": _part(kind.key), "else": made}
    return made


def _traits_of(mode: str) -> Iterator[Mode]:
    yield from (node.traits for node in NODE_TYPES.values() if node.traits.name == mode)


def _of_any_kind(mode: str, modes: Schema) -> Schema:
    """A mode with the fields of all its kinds."""
    fields: Schema = {}
    for kind in _traits_of(mode):
        fields |= modes[kind.key]["properties"]
    return _closed(fields) | {"description": f"A {mode} node of any kind.", "required": ["mode"]}


def _is(field: str, value: str) -> Schema:
    return {"properties": {field: {"const": value}}, "required": [field]}


def _fields_of_nodes(node: type[BaseNode]) -> Schema:
    source = {"type": ["object", "array", "null"], "if": {"type": "array"}}
    source |= {"then": {"items": _part("source"), "minItems": 1}, "else": _unless_null(_part("source"))}
    gate = _one_of("off", otherwise={"if": {"type": "object"}, "then": _mapping(Gate), "else": _NOT_SET})
    ready = _mapping(Ready) | {"type": ["object", "null"]}
    codes = _mapping(ScannerCodes) | {"type": ["object", "null"]}
    dependency = _mapping(Dependency, {"condition": _one_of(*CONDITIONS)})
    related = {"services": _named(_mapping(Need)), "depends_on": _named(dependency)}
    kinds = {field: {"enum": [*kinds, None]} for field, kinds in KINDS.items()}
    own = {"mode": {"const": node.traits.name}, "source": source, "gate": gate, "ready": ready, "exit_codes": codes}
    return own | kinds | related


def _named(entry: Schema) -> Schema:
    """A list of names, or a mapping of names to more about them."""
    entries = entry | {"type": ["object", "null"]}
    named = {"patternProperties": _EXTENSIONS, "additionalProperties": entries}
    return {"type": ["array", "object", "null"], "items": TEXT_SCHEMA} | named


def _source() -> Schema:
    choice = {"if": {"required": ["run"]}, "then": _mapping(CommandSource), "else": _mapping(ServiceSource)}
    return {"type": "object", "description": "A service of the application, or a shell command."} | choice


def _part(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _unless_null(schema: Schema) -> Schema:
    return {"if": {"not": {"type": "null"}}, "then": schema}


def _one_of(*words: str, otherwise: Schema | None = None) -> Schema:
    """One of these words, or something else (`otherwise`), or a variable, which may hold either.

    The words have a separate alternative, because editors offer what it lists. An editor that reads YAML 1.1 takes
    `off` for false, so false is allowed, but not offered.
    """
    rest = otherwise or _NOT_SET
    if "off" in words:
        rest = {"if": {"const": False}, "else": rest}
    return {"anyOf": [{"enum": list(words)}, {"if": {"type": "string"}, "then": _HOLDS_A_VARIABLE, "else": rest}]}


def _by_name(part: str) -> Schema:
    named = {f"^(?!x-){NAME_PATTERN}$": _part(part)}
    return {"type": "object", "patternProperties": _EXTENSIONS | named, "additionalProperties": False}


def _mapping(model: type[SpecModel], special: Mapping[str, Schema] | None = None) -> Schema:
    """Make the schema of one of fastflow's own mappings; `special` are fields that are not scalars or lists."""
    made = model.model_json_schema()
    required = made.get("required", [])
    descriptions = descriptions_of(model)
    fields: Schema = {}
    for name, field in made["properties"].items():
        own = (special or {}).get(name) or _field(field, name in required)
        fields[name] = own | {"description": descriptions[name]}
    return _closed(fields) | {"description": model.__doc__} | ({"required": required} if required else {})


def _closed(fields: Schema) -> Schema:
    return {"type": "object", "properties": fields, "patternProperties": _EXTENSIONS, "additionalProperties": False}


def _field(made: Schema, is_required: bool) -> Schema:
    """Return pydantic's schema of a field without its title, its default, and its alternative of null."""
    alternatives = [one for one in made.get("anyOf", [{}]) if one.get("type") != "null"]
    (only,) = alternatives  # a field with more than one shape has its own schema
    field = {key: value for key, value in (made | only).items() if key not in ("anyOf", "title", "default")}
    types = field["type"] if isinstance(field["type"], list) else [field["type"]]
    return field if is_required else field | {"type": [*types, "null"]}
