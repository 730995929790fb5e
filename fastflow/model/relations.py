"""How a node relates to others: the phases it depends on, the services it needs, what sends requests to it."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Discriminator, Tag, WithJsonSchema
from pydantic_core import PydanticCustomError

from fastflow.diagnostic import did_you_mean
from fastflow.model.base import (
    TEXT_SCHEMA,
    Boolean,
    Duration,
    Regex,
    SpecModel,
    Symbolic,
    Text,
    describe,
    unless_symbolic,
    wrong,
)
from fastflow.model.compose_keys import Environment

Condition: TypeAlias = Literal["completed", "passed", "finished"]
CONDITIONS: tuple[Condition, ...] = ("finished", "completed", "passed")
"""From the weakest to the strongest."""


class Dependency(SpecModel):
    """What must have become of the other phase."""

    condition: Annotated[Condition | None, BeforeValidator(unless_symbolic)] = None
    """completed (passed or vulnerable; the default), passed, or finished (ended, with any result)."""


class Need(SpecModel):
    """When a service counts as up, beyond its healthcheck."""

    log: Regex = None
    """A regular expression that a line of the service's log must match."""
    timeout: Duration = None
    """The maximum time until the service is up. Default: 5 min."""


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
    """Show how entries with more than names are written."""
    names = (name for item in items for name in (item if isinstance(item, dict) else [item]) if isinstance(name, str))
    entries = ", ".join(f"{name}: {{ }}" for name in names)
    return f"write a mapping without dashes if there is more than names: {{ {entries} }}"


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


def _command(value: Any) -> Any:
    """A command is a text for the shell's word rules or a list of words, as in Compose."""
    if isinstance(value, (str, list, tuple)):
        return value
    raise wrong(f"expected a command, not {describe(value)}", "write a string, or a list of words")


Command: TypeAlias = Annotated[
    str | tuple[Text, ...] | None,
    BeforeValidator(_command),
    WithJsonSchema({"type": [*TEXT_SCHEMA["type"], "array"], "items": TEXT_SCHEMA}),
]


def _some(value: Any) -> Any:
    if isinstance(value, str) and not value.strip():
        raise wrong(
            "expected a command, not an empty string",
            "write the command that sends the requests, such as run: ./tests.sh",
        )
    return value


class _Source(SpecModel):
    environment: Environment = None
    """Additional environment variables for it."""
    timeout: Duration = None
    """Its maximum time. Default: the phase's timeout."""
    allow_failure: Boolean = None
    """Whether it may fail without failing the phase."""


class ServiceSource(_Source):
    """A service of the application that runs once, to its end, as a one-off container."""

    service: Text
    """The service."""
    command: Command = None
    """Its command, instead of the service's."""


class CommandSource(_Source):
    """A shell command on the machine that runs fastflow."""

    run: Annotated[Text, BeforeValidator(_some)]
    """The command. fastflow does not interpolate it: the shell gets it as written."""
    working_dir: Text | None = None
    """The directory it runs in. Default: the spec's directory."""


_KINDS = ("service", "run")
_FIELDS = tuple(dict.fromkeys([*_KINDS, *ServiceSource.model_fields, *CommandSource.model_fields]))


def _kind(value: Any) -> str:
    return "<run>" if isinstance(value, dict) and "run" in value and "service" not in value else "<service>"


Source: TypeAlias = Annotated[
    Annotated[ServiceSource, Tag("<service>")] | Annotated[CommandSource, Tag("<run>")], Discriminator(_kind)
]


def _kind_fault(item: Any) -> tuple[str, str] | None:
    """Say why an entry is not a source of exactly one kind, and what to do."""
    if not isinstance(item, dict):
        command = item if isinstance(item, str) else "COMMAND"
        return f"expected a source, not {describe(item)}", f"write {{ run: {command} }} or {{ service: NAME }}"
    kinds = [kind for kind in _KINDS if item.get(kind) is not None]
    if len(kinds) == 1:
        return None
    reason = "has both `service` and `run`" if kinds else "has neither `service` nor `run`"
    return f"a source {reason}", "give it one of them; a list contains several sources, run in turn"


def _unknown(item: Any) -> list[str]:
    """The unknown fields of a source of neither kind, one of which may be meant as its kind."""
    if not isinstance(item, dict) or any(kind in item for kind in _KINDS):
        return []
    return [key for key in item if key not in _FIELDS]


def _sources(value: Any) -> Any:
    is_list = isinstance(value, (list, tuple)) and bool(value)
    if not is_list and not isinstance(value, dict):
        raise wrong(
            f"expected a source or a list of sources, not {'an empty list' if value == [] else describe(value)}",
            f"write source: {{ service: NAME }} or source: {{ run: {value or 'COMMAND'} }}",
        )
    items = {(at,): item for at, item in enumerate(value)} if is_list else {(): value}
    misspelt = [
        ((*path, key), f"unknown field `{key}`", did_you_mean(key, _FIELDS))
        for path, item in items.items()
        for key in _unknown(item)
    ]
    if misspelt:
        raise PydanticCustomError("fastflow_keys", "unknown fields", {"faults": misspelt, "rule": "unknown-field"})
    faults = [(path, *fault) for path, item in items.items() if (fault := _kind_fault(item))]
    if faults and not is_list:
        raise wrong(*faults[0][1:])
    if faults:
        raise PydanticCustomError("fastflow_keys", "no sources", {"faults": faults})
    return tuple(items.values())


Sources: TypeAlias = Annotated[
    tuple[Source, ...] | None,
    BeforeValidator(_sources),
]
