"""The parts of a node that belong to Compose: its environment, and additional keys of its service."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from fastflow.model.base import TEXT_SCHEMA, Opaque, Symbolic, Text, describe, wrong
from fastflow.spec.document import Scalar, YamlList, YamlMap, YamlPath

LABEL = "io.fastflow"
"""The prefix of the names of fastflow's own labels."""
FIELDS_OF_THEIR_OWN = ("image", "environment", "ports", "container_name", "networks", "depends_on")
RESTART = "`restart` on a FAST node: exit 1 means vulnerabilities, and a restarted node attacks again"
RESTART_HINT = "remove it; `attempts` repeats a phase if infrastructure failed"
VOID_THE_CHECKS = ("scale", "deploy", "env_file", "expose", "extends", "network_mode", "profiles")
LOGGING_THAT_KEEPS_LOGS = ("json-file", "local", "journald")


def environment_of(value: Any) -> Any:
    """Read Compose's two syntaxes of `environment` as one mapping; a name alone has the value None."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, (list, tuple)):
        raise wrong(f"expected a mapping or a list of NAME=value, not {describe(value)}", "write { NAME: value }")
    result: dict[str, Any] = {}
    for item in value:
        if not isinstance(item, str) or not item or item.startswith("="):
            raise wrong(f"expected NAME=value, not {describe(item)}")
        name, separator, text = item.partition("=")
        result[name] = (type(item)(text) if isinstance(item, Symbolic) else text) if separator else None
    return result


Environment: TypeAlias = Annotated[
    Mapping[str, Text | None] | None,
    BeforeValidator(environment_of),
    WithJsonSchema(
        {
            "type": ["object", "array"],
            "additionalProperties": {"type": [*TEXT_SCHEMA["type"], "null"]},
            "items": TEXT_SCHEMA,
        }
    ),
]


def _container(value: Any) -> Any:
    if not isinstance(value, YamlMap):
        raise wrong("expected a mapping of Compose service keys")
    faults = [fault for key, entry in value for fault in _key_faults(key.text, entry)]
    if faults:
        raise PydanticCustomError("fastflow_keys", "keys that are not allowed here", {"faults": faults})
    return value


def _key_faults(key: str, entry: Any) -> Iterator[tuple[YamlPath, str, str]]:
    """For each invalid key: its place below `container`, why it is not allowed, and what to do."""
    if key in FIELDS_OF_THEIR_OWN:
        yield (key,), f"`{key}` is not allowed in `container`", f"write it as a field of the node: {key}:"
    elif key in VOID_THE_CHECKS:
        yield (key,), f"`{key}` is not allowed in `container`, because it would invalidate the checks", "remove it"
    elif key == "labels":
        if isinstance(entry, Scalar) and not entry.is_null:
            yield (key,), "`labels`: expected a mapping or a list of NAME=value", "write labels: { NAME: value }"
        for name, step in _labels(entry):
            if name.startswith(f"{LABEL}."):
                yield (key, step), f"the label `{name}` is reserved for fastflow", "choose another name"
    elif key == "logging":
        driver = entry.get("driver") if isinstance(entry, YamlMap) else None
        if isinstance(driver, Scalar) and driver.text not in LOGGING_THAT_KEEPS_LOGS:
            message = f"`logging` with the driver `{driver.text}` keeps no log, but fastflow reads verdicts from it"
            yield (key, "driver"), message, f"use one of {', '.join(LOGGING_THAT_KEEPS_LOGS)}"


def _labels(labels: Any) -> Iterator[tuple[str, str | int]]:
    if isinstance(labels, YamlMap):
        yield from ((key.text, key.text) for key, _ in labels)
    elif isinstance(labels, YamlList):
        for at, item in enumerate(labels.items):
            if isinstance(item, Scalar):
                yield item.text.partition("=")[0], at


ContainerKeys: TypeAlias = Annotated[
    Annotated[YamlMap, Opaque()] | None, BeforeValidator(_container), WithJsonSchema({"type": "object"})
]
"""A tree as written: Compose reads its scalars, not fastflow."""
