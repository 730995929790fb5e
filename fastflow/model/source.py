"""What sends the requests that a recording node records."""

from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Discriminator, Tag, WithJsonSchema

from fastflow.model.base import SpecModel
from fastflow.model.compose_keys import Environment
from fastflow.model.scalars import TEXT_SCHEMA, Boolean, Duration, Text, describe, wrong


def _command(value: Any) -> Any:
    """A command is a text for the shell's word rules or a list of words, as in Compose."""
    if isinstance(value, (str, list, tuple)):
        return value
    raise wrong(f"expected a command, not {describe(value)}", "write a text, or a list of words")


class _Source(SpecModel):
    environment: Environment = None
    """More environment variables for it."""
    timeout: Duration = None
    """How long it may take. Default: the phase's timeout."""
    allow_failure: Boolean = None
    """Whether it may fail without failing the phase."""


class ServiceSource(_Source):
    """A service of the application that runs once, to its end, as a one-off container."""

    service: Text
    """The service."""
    command: Annotated[
        str | tuple[Text, ...] | None,
        BeforeValidator(_command),
        WithJsonSchema({"type": [*TEXT_SCHEMA["type"], "array"], "items": TEXT_SCHEMA}),
    ] = None
    """Its command, instead of the service's."""


class CommandSource(_Source):
    """A shell command on the machine that runs fastflow."""

    run: Text
    """The command, not interpolated by fastflow: the shell sees it as written."""
    working_dir: Text | None = None
    """Where it runs. Default: the spec's directory."""


def _kind(value: Any) -> str:
    return "<run>" if isinstance(value, dict) and "run" in value and "service" not in value else "<service>"


Source: TypeAlias = Annotated[
    Annotated[ServiceSource, Tag("<service>")] | Annotated[CommandSource, Tag("<run>")], Discriminator(_kind)
]


def _check_kind(item: Any) -> None:
    kinds = [kind for kind in ("service", "run") if isinstance(item, dict) and item.get(kind) is not None]
    if isinstance(item, dict) and len(kinds) != 1:
        reason = "has both `service` and `run`" if kinds else "has neither `service` nor `run`"
        raise wrong(f"a source {reason}", "give it one of them; a list holds several sources, run in turn")


def _sources(value: Any) -> Any:
    items = [value] if isinstance(value, dict) else value
    if isinstance(items, (list, tuple)) and items:
        for item in items:
            _check_kind(item)
        return items
    raise wrong(
        f"expected a source or a list of sources, not {describe(value)}",
        "write source: { service: NAME } or source: { run: COMMAND }",
    )


Sources: TypeAlias = Annotated[
    tuple[Source, ...] | None,
    BeforeValidator(_sources),
]
