"""How a node relates to others: the phases it depends on, the services it needs."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Discriminator, Tag, WithJsonSchema

from fastflow.model.base import (
    TEXT_SCHEMA,
    Duration,
    Regex,
    SpecModel,
    Symbolic,
    Text,
    describe,
    unless_symbolic,
    wrong,
)

Condition: TypeAlias = Literal["completed", "passed", "finished"]
CONDITIONS: tuple[Condition, ...] = ("finished", "completed", "passed")
"""From the weakest to the strongest."""


class Dependency(SpecModel):
    """What must have become of the other phase."""

    condition: Annotated[Condition | None, BeforeValidator(unless_symbolic)] = None
    """completed (passed or vulnerable; the default), passed, or finished (ended, however)."""


class Need(SpecModel):
    """When a service counts as up, beyond its healthcheck."""

    log: Regex = None
    """A regular expression that a line of the service's log must match."""
    timeout: Duration = None
    """How long it may take until the service is up. Default: 5 min."""


def _named(value: Any) -> Any:
    """Read a list of names as a mapping of names to nothing."""
    if isinstance(value, dict):
        return {name: {} if entry is None else entry for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        for item in value:
            if not isinstance(item, str):
                raise wrong(f"expected a list of names, not of {describe(item)}", _as_mapping(value))
        return {name: {} for name in value}
    raise wrong(
        f"expected a list or a mapping, not {describe(value)}",
        f"write [{value}]" if isinstance(value, str) else "",
    )


def _as_mapping(items: Any) -> str:
    """Show how entries that hold more than names are written."""
    names = (name for item in items for name in (item if isinstance(item, dict) else [item]) if isinstance(name, str))
    return f"what is more than names is a mapping without dashes: {{ {', '.join(f'{name}: {{ }}' for name in names)} }}"


def _fresh_kind(value: Any) -> str:
    return "<list>" if isinstance(value, (list, tuple)) else "<all>"


def _fresh(value: Any) -> Any:
    if value in ("true", "false"):
        return value == "true"
    if isinstance(value, Symbolic):
        return None
    hint = f"write [{value}]" if isinstance(value, str) else ""
    raise wrong(f"expected `true` or a list of services, not {describe(value)}", hint)


Dependencies: TypeAlias = Annotated[
    Mapping[Text, Dependency] | None,
    BeforeValidator(_named),
]
Needs: TypeAlias = Annotated[
    Mapping[Text, Need] | None,
    BeforeValidator(_named),
]
Fresh: TypeAlias = Annotated[
    Annotated[bool | None, BeforeValidator(_fresh), Tag("<all>")] | Annotated[tuple[Text, ...], Tag("<list>")],
    Discriminator(_fresh_kind),
    WithJsonSchema({"type": ["boolean", "string", "array"], "items": TEXT_SCHEMA}),
]
