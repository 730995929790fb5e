"""Turns pydantic's errors into findings: the rule, the place, a sentence, and a fix."""

from collections.abc import Iterable, Iterator, Mapping

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from fastflow.diagnostic import Diagnostic, did_you_mean
from fastflow.model.base import describe, parse_duration
from fastflow.model.cloud import CLOUD_VARIABLES, DEFAULT_TOKEN, TOKEN_VARIABLE, Cloud
from fastflow.model.compose_keys import RESTART, RESTART_HINT
from fastflow.model.host import Reserve
from fastflow.model.mode import FAST, MODE_VARIABLE, MODES, Mode
from fastflow.model.node import NODE_TYPES
from fastflow.model.node_parts import BaseNode, Gate, Ready, ScannerCodes
from fastflow.model.places import Places
from fastflow.model.relations import CONDITIONS, CommandSource, Dependency, Need, ServiceSource
from fastflow.model.spec import NAMED, Concurrency, Spec, Workflow
from fastflow.spec.document import YamlPath

_EXPECTED = {
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
}
_KEYED_BY_NAMES = ("hosts", "workflows", "nodes")
_COMPOSES = ("services", "version", "networks", "volumes", "secrets", "configs", "include")
_OF_A_SERVICE = frozenset(
    (
        "cap_add",
        "cap_drop",
        "command",
        "cpus",
        "devices",
        "dns",
        "entrypoint",
        "extra_hosts",
        "healthcheck",
        "hostname",
        "labels",
        "logging",
        "mem_limit",
        "privileged",
        "pull_policy",
        "secrets",
        "security_opt",
        "shm_size",
        "tmpfs",
        "ulimits",
        "user",
        "volumes",
    )
)
_OF_THE_CLOUD = {TOKEN_VARIABLE: "token", **CLOUD_VARIABLES}
_REMOVE = "remove it, or begin its name with `x-`"
_TAGS = frozenset({"<gate>", "<off>", "<list>", "<all>", "<run>", "<service>", "[key]"})
_PLAIN = {"too_short": "is empty; it needs at least one entry"}


def path_of(error: ErrorDetails) -> YamlPath:
    """Return the error's place as a path in the document, without the names of union members."""
    steps = error["loc"]
    # An unknown field is the user's word, even if it looks like such a name.
    own = len(steps) - 1 if error["type"] == "extra_forbidden" else None
    return tuple(step for at, step in enumerate(steps) if at == own or step not in _TAGS)


def findings_of(error: ErrorDetails, base: YamlPath, places: Places, model: type[BaseModel]) -> Iterator[Diagnostic]:
    """Say in fastflow's words what pydantic found below `base`; one fault may be reported at several keys."""
    path = (*base, *path_of(error))
    if error["type"] != "fastflow_keys":
        yield finding_of(error, base, places, model)
        return
    context = error["ctx"]
    for steps, message, hint in context["faults"]:
        yield places.key(*path, *steps).error(context.get("rule", "invalid-value"), message, hint)


def finding_of(error: ErrorDetails, base: YamlPath, places: Places, model: type[BaseModel]) -> Diagnostic:
    """Say in fastflow's words what pydantic found below `base`."""
    path = (*base, *path_of(error))
    kind = error["type"]
    if kind == "extra_forbidden":
        return _unknown(path, places, model, top=len(path) == len(base) + 1)
    rule, message, hint = _explain(error, path)
    at_key = kind in ("missing", "too_short") or error["loc"][-1:] == ("[key]",)
    return (places.key(*path) if at_key else places.value(*path)).error(rule, message, hint)


def _explain(error: ErrorDetails, path: YamlPath) -> tuple[str, str, str | None]:
    """Return the rule, the message and the hint."""
    kind, context, value = error["type"], error.get("ctx", {}), error["input"]
    field = next((step for step in reversed(path) if isinstance(step, str)), "")
    if kind == "fastflow":
        return context["rule"], f"{_prefix(error)}{context['message']}", context["hint"] or None
    if kind == "literal_error":
        words = [word.strip("'") for word in str(context["expected"]).replace(" or ", ", ").split(", ")]
        hint = did_you_mean(str(value), words) if isinstance(value, str) else None
        close = hint if hint and hint.startswith("did") else f"write {_either(words)}"
        return "invalid-value", f"`{field}`: expected {_either(words)}, not {describe(value)}", close
    if kind == "missing":
        return "invalid-value", f"`{field}` is missing", f"add it: {field}:"
    if kind in _EXPECTED:
        message = f"`{field}`: expected {_EXPECTED[kind]}, not {describe(value)}"
        return "invalid-value", message, _shape(_EXPECTED[kind], path, value)
    message = f"`{field}` {_PLAIN.get(kind, error['msg'])}"
    return "invalid-value", message, "add one, or remove it" if kind in _PLAIN else None


def _shape(expected: str, path: YamlPath, value: object) -> str:
    """Show how a mapping or a list is written, with the user's own values if they can be kept."""
    if expected == "a list":
        text = f'"{value}"' if path[-1] == "ports" or not str(value).isalnum() else value
        return f"write [{text}]" if isinstance(value, str) else "write [VALUE, VALUE]"
    if path[-1] in _KEYED_BY_NAMES:
        return NAMED
    if path[-1] == "ready" or "services" in path[:-1]:
        return f"write {{ {_need(value)} }}"
    if path[-1:] == ("reserve",):
        return f"write {{ cpus: {value if isinstance(value, str) else 1} }}"
    if path[-1:] == ("cloud",) or path[:1] == ("hosts",):
        written = f'"{value}"' if isinstance(value, str) else "VALUE"
        key = "api_host" if path[-1] == "cloud" else "docker_host" if "://" in written else "context"
        return f"write {{ {key}: {written} }}"
    if "depends_on" in path[:-1]:
        return f"write {{ condition: {value if value in CONDITIONS else 'passed'} }}"
    return "write { KEY: VALUE }"


def _need(value: object) -> str:
    """The meaning of a text written instead of a need's mapping: how long to wait, or the log line itself."""
    if not isinstance(value, str):
        return "log: REGEX"
    try:
        parse_duration(value)
    except ValueError:
        return f'log: "{value}"'
    return f"timeout: {value}"


def _either(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}" if words[1:] else words[0]


def _prefix(error: ErrorDetails) -> str:
    names = [step for step in path_of(error) if isinstance(step, str)]
    return f"`{names[-1]}`: " if names and error["loc"][-1:] != ("[key]",) else ""


def _unknown(path: YamlPath, places: Places, model: type[BaseModel], *, top: bool) -> Diagnostic:
    field = str(path[-1])
    place = places.key(*path)
    if top and issubclass(model, BaseNode):
        homes = _modes_with(field)
        if field in _OF_A_SERVICE:  # more likely the key of a Compose service, unless the mode has such a field
            homes = [home for home in homes if home.name == model.traits.name]
        if homes:
            said = " and ".join(home.said for home in homes)
            message = f"`{field}` is a field of {said} nodes, not of a {model.traits.said} node"
            return place.error("mode-field", message, f"remove it, or set {_way_to(homes, model.traits)}")
        if field == "restart":
            return place.error("restart-policy", RESTART, RESTART_HINT)
    known = model.model_fields if top else _fields_at(model, path, places)
    hint = _home_of(field, model if top else None) or did_you_mean(field, known) or _REMOVE
    return place.error("unknown-field", f"unknown field `{field}`", hint)


def _modes_with(field: str) -> list[Mode]:
    """The modes that have a field; non-FAST kinds only if FAST's does not have it."""
    homes = [node.traits for node in NODE_TYPES.values() if field in node.model_fields]
    of_fast = {home.name for home in homes if home.kind == FAST}
    return [home for home in homes if home.kind == FAST or home.name not in of_fast]


def _way_to(homes: list[Mode], own: Mode) -> str:
    """Say how a node becomes one of these modes: by another kind if its own mode has one, else by another mode."""
    near = next((home for home in homes if home.name == own.name), None)
    if near is not None:
        return f"{near.kind_field}: {near.kind}"
    kind = f" and {homes[0].kind_field}: {homes[0].kind}" if homes[0].kind != FAST else ""
    return f"mode: {homes[0].name}{kind}"


def _home_of(field: str, model: type[BaseModel] | None) -> str | None:
    """Say where a field in a mapping of `model` belongs, if there is such a place."""
    if model is Cloud:
        variable = _OF_THE_CLOUD.get(field.upper())
        return f"write {variable}" if variable else None
    if field in Cloud.model_fields and model is not None:
        where = "" if model is Spec or model is Workflow else ", in the spec or the workflow"
        value = DEFAULT_TOKEN if field == "token" else "VALUE"
        return f"move it under `cloud`{where}: cloud: {{ {field}: {value} }}"
    return _home_by_model(field, model) or _home_of_variable(field)


def _home_by_model(field: str, model: type[BaseModel] | None) -> str | None:
    if model is Spec and field in _COMPOSES:
        return "name the Compose file that it belongs to in a workflow: `compose: docker-compose.yml`"
    if model is Spec and field in Workflow.model_fields:
        return "move it to a workflow: indent it below the workflow's name"
    if model is Workflow and field == "concurrency":
        return "move it to the top level of the spec"
    if model is Workflow and field in MODES:
        return f"give the node a name, and write this as its mode: nodes: {{ NAME: {{ mode: {field} }} }}"
    if model is Workflow and any(field in node.model_fields for node in NODE_TYPES.values()):
        return "move it to a node: indent it below the node's name"
    if model in NODE_TYPES.values() and field in Workflow.model_fields:
        return "move it to the workflow"
    if model in NODE_TYPES.values() and field in _OF_A_SERVICE:
        return f"move keys of a Compose service under `container`: container: {{ {field}: VALUE }}"
    return None


def _home_of_variable(name: str) -> str | None:
    """Name the field of an environment variable of FAST."""
    lower = name.lower()
    if lower.startswith("wallarm_"):
        return "set the WALLARM_* variables under `cloud`"
    if name.upper() == MODE_VARIABLE:
        return "write `mode`"
    if name != lower and any(lower in node.model_fields for node in NODE_TYPES.values()):
        return f"write it in lower case: {lower}"
    return None


def _fields_at(model: type[BaseModel], path: YamlPath, places: Places) -> Iterable[str]:
    """The fields of the model that contains the last step of `path`."""
    homes: Mapping[str, tuple[type[BaseModel], ...]] = {
        "concurrency": (Concurrency,),
        "ready": (Ready,),
        "gate": (Gate,),
        "exit_codes": (ScannerCodes,),
        "source": (ServiceSource if places.node(*path[:-1], "service") else CommandSource,),
        "services": (Need,),
        "depends_on": (Dependency,),
        "reserve": (Reserve,),
    }
    for step in reversed(path[:-1]):
        if step in homes:
            return dict.fromkeys(name for home in homes[str(step)] for name in home.model_fields)
    return model.model_fields
