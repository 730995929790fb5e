"""The common parts of nodes of every mode and kind, and the types of their fields."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, TypeAlias, TypeVar

from pydantic import BeforeValidator, Discriminator, Tag, WithJsonSchema

from fastflow.model.base import (
    Boolean,
    Duration,
    Name,
    OptionalText,
    Regex,
    SpecModel,
    Symbolic,
    Text,
    WholeNumber,
    describe,
    wrong,
)
from fastflow.model.compose_keys import ContainerKeys, Environment
from fastflow.model.mode import MODE_NAMES, Mode
from fastflow.model.ports import PortEntry
from fastflow.model.relations import Dependencies, Fresh, Needs, Source
from fastflow.model.target import joined

DEFAULT_IMAGE = "wallarm/fast"
DEFAULT_ALIAS = "fast"
PROXY_PORT = 8080
TARGET_VARIABLE = "FASTFLOW_TARGET"
RECORD_VARIABLE = "FASTFLOW_RECORD"
RECORD_PATH = "/opt/fastflow/record.har"
"""The path of the record in a scanner's container."""


T = TypeVar("T")


class Variable(NamedTuple):
    """Marks a field that is an environment variable of the node's container; a new one needs only this declaration.

    The variable has the field's name in upper case, like all of FAST's, or a given name.
    """

    name: str | None = None


Fast: TypeAlias = Annotated[T, Variable()]
"""A field that is an environment variable of FAST."""


class Ready(SpecModel):
    """When a recording node counts as ready."""

    log: Regex = None
    """A regular expression. The node is ready at the first line of its log that matches."""
    timeout: Duration = None
    """The maximum time from the container's start until the node is ready. Default: 60 s."""


class Gate(SpecModel):
    """Which vulnerabilities fail a testing phase."""

    threat: Annotated[int | None, WholeNumber(1, 100)] = None
    """Only vulnerabilities of at least this threat fail the phase."""
    accept: Text | None = None
    """A file that lists known vulnerabilities, each with a reason and an optional expiry date."""


def _gate_kind(value: Any) -> str:
    return "<gate>" if isinstance(value, (dict, Gate)) else "<off>"


def _off(value: Any) -> Any:
    if value is None or isinstance(value, Symbolic):
        return None
    if value == "off":
        return value
    raise wrong(f"expected `off` or a mapping, not {describe(value)}", "write gate: off, or gate: { threat: 50 }")


AllowedHosts: TypeAlias = Annotated[str | None, joined("|", hosts=True)]
GateField: TypeAlias = Annotated[
    Annotated[Gate, Tag("<gate>")] | Annotated[Literal["off"] | None, BeforeValidator(_off), Tag("<off>")],
    Discriminator(_gate_kind),
]


def _codes(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return value
    raise wrong(f"expected a list of exit codes, not {describe(value)}", f"write [{value}]")


Codes: TypeAlias = Annotated[tuple[Annotated[int | None, WholeNumber(0, 255)], ...] | None, BeforeValidator(_codes)]


class ScannerCodes(SpecModel):
    """What the exit codes of a scanner mean."""

    passed: Codes = None
    """The scanner ran and found nothing. Default: [0]."""
    vulnerable: Codes = None
    """The scanner ran and found vulnerabilities. Default: [1]."""

    @property
    def of_nothing(self) -> frozenset[int | None]:
        """The exit codes that mean "nothing found"."""
        return frozenset((0,) if self.passed is None else self.passed)

    @property
    def of_vulnerabilities(self) -> frozenset[int | None]:
        """The exit codes that mean "vulnerabilities found"."""
        return frozenset((1,) if self.vulnerable is None else self.vulnerable)


MinBaselines: TypeAlias = Annotated[int | None, WholeNumber(1, 10**6)]


class BaseNode(SpecModel):
    """The fields of nodes of every mode."""

    traits: ClassVar[Mode]
    """The facts about its mode."""
    default_image: ClassVar[str | None] = DEFAULT_IMAGE
    """The image of nodes that name none; if it is None, they have to name one."""

    mode: Annotated[str, WithJsonSchema({"type": "string", "enum": list(MODE_NAMES)})]
    """The node's mode: recording, testing or report."""
    image: OptionalText = None
    """The node's image. Default: wallarm/fast."""
    environment: Environment = None
    """Additional environment variables, as in Compose. A variable that has a field is not allowed."""
    ports: tuple[PortEntry, ...] | None = None
    """Published ports, as in Compose. On a local engine, an entry without an address binds 127.0.0.1."""
    container_name: OptionalText = None
    """The container's name. Default: made by Compose from the run's id."""
    alias: Name | None = None
    """The node's network alias. Default: `fast` for a recording node, none for others."""
    networks: tuple[Text, ...] | None = None
    """Networks of the application to join. Default: all that its services use."""
    services: Needs = None
    """Services that this phase needs. Default: all enabled ones (without a profile) except the sources."""
    fresh: Fresh = None
    """Services to recreate before the phase, including their volumes: true (all) or a list."""
    container: ContainerKeys = None
    """Additional Compose service keys for the node's container, merged last."""
    depends_on: Dependencies = None
    """Phases that must end first: names, WORKFLOW.NODE or globs, or a mapping with conditions."""
    timeout: Duration = None
    """The phase's maximum time from its start. Default: 6 h."""
    allow_failure: Boolean = None
    """Whether the phase may fail without failing the run or blocking its dependents."""
    attempts: Annotated[int | None, WholeNumber(1, 10)] = None
    """The maximum number of attempts, in all, if infrastructure fails. Default: 1."""

    @classmethod
    def variables(cls) -> Mapping[str, str]:
        """The environment variables that have a field, in the order of their documentation, and the fields."""
        own = [(name, field) for name, field in cls.model_fields.items() if name in cls.__annotations__]
        own.sort(key=lambda entry: list(cls.__annotations__).index(entry[0]))  # unlike the base classes
        marked = ((name, one) for name, field in own for one in field.metadata)
        return {one.name or name.upper(): name for name, one in marked if isinstance(one, Variable)}

    @property
    def network_alias(self) -> str | None:
        """The alias under which the application's containers reach the node; only a recorder has one by default."""
        return self.alias

    @property
    def sources(self) -> tuple[Source, ...]:
        """The sources of the requests that go through it, in turn."""
        return ()
