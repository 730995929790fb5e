"""The parts of a node that are Compose's own: environment, and more keys of its service."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, WithJsonSchema

from fastflow.model.scalars import TEXT_SCHEMA, Symbolic, Text, describe, wrong
from fastflow.spec.document import Mapping as Tree
from fastflow.spec.document import Scalar, Sequence

FIELDS_OF_THEIR_OWN = ("image", "environment", "ports", "container_name", "networks", "depends_on")
VOID_THE_CHECKS = ("scale", "deploy", "env_file", "expose", "network_mode", "profiles")
LOGGING_THAT_KEEPS_LOGS = ("json-file", "local", "journald")


def environment_of(value: Any) -> Any:
    """Read Compose's two syntaxes of `environment` as one mapping; a name alone has no value of its own."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, (list, tuple)):
        raise wrong(f"expected a mapping or a list of NAME=value, not {describe(value)}")
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
    if not isinstance(value, Tree):
        raise wrong("expected a mapping of Compose service keys")
    for key, entry in value:
        if key.text == "restart":
            raise wrong(
                "`restart` on a FAST node: exit 1 means vulnerabilities, and a restarted node attacks again",
                "remove it; `attempts` tries again where infrastructure failed",
                "restart-policy",
            )
        if key.text in FIELDS_OF_THEIR_OWN:
            raise wrong(f"`{key.text}` may not stand in `container`", f"it is a field of the node: {key.text}:")
        if key.text in VOID_THE_CHECKS:
            raise wrong(f"`{key.text}` may not stand in `container`: it would void the checks", "remove it")
        if key.text == "labels":
            _check_labels(entry)
        if key.text == "logging":
            _check_logging(entry)
    return value


def _check_labels(labels: Any) -> None:
    names: list[str] = []
    if isinstance(labels, Tree):
        names = [key.text for key, _ in labels]
    elif isinstance(labels, Sequence):
        names = [item.text.partition("=")[0] for item in labels.items if isinstance(item, Scalar)]
    for name in names:
        if name.startswith("io.fastflow."):
            raise wrong(f"the label `{name}` is fastflow's own", "choose another name")


def _check_logging(logging: Any) -> None:
    driver = logging.get("driver") if isinstance(logging, Tree) else None
    if isinstance(driver, Scalar) and driver.text not in LOGGING_THAT_KEEPS_LOGS:
        raise wrong(
            f"`logging` with the driver `{driver.text}` keeps no log, and verdicts are read from it",
            f"use one of {', '.join(LOGGING_THAT_KEEPS_LOGS)}",
        )


ContainerKeys: TypeAlias = Annotated[Tree | None, BeforeValidator(_container), WithJsonSchema({"type": "object"})]
"""A tree as it was written: Compose reads its scalars, not fastflow."""
