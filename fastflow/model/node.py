"""A FAST node: what all modes have in common, and the three modes."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, TypeAlias, TypeVar

from pydantic import BeforeValidator, Discriminator, Tag, WithJsonSchema

from fastflow.model.base import (
    DURATION_SCHEMA,
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
    duration,
    wrong,
)
from fastflow.model.compose_keys import ContainerKeys, Environment
from fastflow.model.mode import MODE_NAMES, RECORDING, REPORT, TESTING, Mode
from fastflow.model.ports import PortEntry
from fastflow.model.relations import Dependencies, Fresh, Needs, Source, Sources
from fastflow.model.target import Joined, TargetUri, joined

DEFAULT_IMAGE = "wallarm/fast"
DEFAULT_ALIAS = "fast"
PROXY_PORT = 8080


T = TypeVar("T")
FAST_VARIABLE = "environment variable of FAST"
Fast: TypeAlias = Annotated[T, FAST_VARIABLE]
"""A field of a node that is an environment variable of FAST: to declare it here is all that a new one needs."""


def _processes(value: Any) -> Any:
    if isinstance(value, Symbolic) or value == "":
        return None
    if isinstance(value, str) and (value == "auto" or (value.isdigit() and 0 < len(value) < 5 and int(value) > 0)):
        return value
    raise wrong(f"expected a number of processes or `auto`, not {describe(value)}")


class Ready(SpecModel):
    """When a recording node counts as ready."""

    log: Regex = None
    """A regular expression; the first line of the node's log that it finds something in means ready."""
    timeout: Duration = None
    """How long that may take from the container's start. Default: 60 s."""


class Gate(SpecModel):
    """Which vulnerabilities fail a testing phase."""

    threat: Annotated[int | None, WholeNumber(1, 100)] = None
    """Only vulnerabilities of at least this threat fail the phase."""
    accept: Text | None = None
    """A file that lists known vulnerabilities, each with a reason and perhaps a date of expiry."""


def _gate_kind(value: Any) -> str:
    return "<gate>" if isinstance(value, (dict, Gate)) else "<off>"


def _off(value: Any) -> Any:
    if value is None or isinstance(value, Symbolic):
        return None
    if value == "off":
        return value
    raise wrong(f"expected `off` or a mapping, not {describe(value)}", "write gate: off, or gate: { threat: 50 }")


GateField: TypeAlias = Annotated[
    Annotated[Gate, Tag("<gate>")] | Annotated[Literal["off"] | None, BeforeValidator(_off), Tag("<off>")],
    Discriminator(_gate_kind),
]


class BaseNode(SpecModel):
    """What nodes of every mode have."""

    traits: ClassVar[Mode]
    """What is known of its mode."""

    mode: Annotated[str, WithJsonSchema({"type": "string", "enum": list(MODE_NAMES)})]
    """What the node does: recording, testing or report."""
    image: OptionalText = None
    """The node's image. Default: wallarm/fast."""
    environment: Environment = None
    """More environment variables, as in Compose; none that has a field of its own."""
    ports: tuple[PortEntry, ...] | None = None
    """Published ports, as in Compose; on a local engine an entry without an address binds 127.0.0.1."""
    container_name: OptionalText = None
    """The container's name. Default: made by Compose from the run's id."""
    alias: Name | None = None
    """The node's network alias. Default: `fast` for a recording node, none for others."""
    networks: tuple[Text, ...] | None = None
    """Networks of the application to join. Default: all that its services use."""
    services: Needs = None
    """Services that this phase needs. Default: all that are enabled (without a profile) but the sources."""
    fresh: Fresh = None
    """Services to create anew, volumes included, before the phase: true (all) or a list."""
    container: ContainerKeys = None
    """More Compose service keys for the node's container, merged last."""
    depends_on: Dependencies = None
    """Phases that must have ended before: names, WORKFLOW.NODE or globs, or a mapping with conditions."""
    timeout: Duration = None
    """How long the phase may take from its start. Default: 6 h."""
    allow_failure: Boolean = None
    """Whether the phase may fail without failing the run or blocking its dependents."""
    attempts: Annotated[int | None, WholeNumber(1, 10)] = None
    """How often in all it may be tried when infrastructure fails. Default: 1."""

    @classmethod
    def fast_variables(cls) -> tuple[str, ...]:
        """The fields that are environment variables of FAST, in upper case, in the order of its documentation."""
        return tuple(name for name, field in cls.model_fields.items() if FAST_VARIABLE in field.metadata)

    @property
    def network_alias(self) -> str | None:
        """The alias under which the application's containers reach the node; only a recorder has one by default."""
        return self.alias

    @property
    def sources(self) -> tuple[Source, ...]:
        """What sends the requests that go through it, in turn."""
        return ()


class RecordingNode(BaseNode):
    """A forward proxy that stores what passes as baseline requests in a test record."""

    traits: ClassVar[Mode] = RECORDING
    mode: Literal["recording"]
    """This node records."""
    build_id: Text | None = None
    """The BUILD_ID of the test record. Default: the workflow's."""
    ready: Ready | None = None
    """When the node counts as ready. Default: its documented "starts to record" line."""
    source: Sources = None
    """What sends the requests to record; a list is run in turn into one record."""
    allowed_hosts: Fast[Annotated[Joined, BeforeValidator(joined("|", hosts=True))]] = None
    """Hosts to record: names, `.suffix`, `*`, `(a|b)` or an nginx server_name expression. Default: all."""
    test_record_name: Fast[Text | None] = None
    """The name of the test record."""
    inactivity_timeout: Fast[
        Annotated[int | None, duration(691_200), WithJsonSchema({**DURATION_SCHEMA, "maximum": 691_200})]
    ] = None
    """The node ends after this time without a baseline request. Default: 600 s, or the source's timeout."""
    workers: Fast[Annotated[int | None, WholeNumber(1, 10_000)]] = None
    """Threads that work at once. FAST's default: 10."""
    backend_https_ports: Fast[Annotated[Joined, BeforeValidator(joined(";", ports=True))]] = None
    """Ports of the application that speak HTTPS. FAST's default: 443."""
    ca_cert: Fast[OptionalText] = None
    """Path in the container of the certificate that signs intercepted HTTPS."""
    ca_key: Fast[OptionalText] = None
    """Path in the container of that certificate's key."""

    @property
    def network_alias(self) -> str:
        """The alias under which the application's containers send requests to record."""
        return self.alias or DEFAULT_ALIAS

    @property
    def sources(self) -> tuple[Source, ...]:
        """What sends the requests that it records, in turn."""
        return self.source or ()


class TestingNode(BaseNode):
    """Creates a test run from a test record and attacks the application."""

    __test__: ClassVar[bool] = False  # pytest collects classes named Test*
    traits: ClassVar[Mode] = TESTING
    mode: Literal["testing"]
    """This node tests."""
    build_id: Text | None = None
    """The BUILD_ID of the test record to test. Default: the workflow's."""
    test_record: OptionalText = None
    """`external`, or the recording phase whose record is tested whatever this node's own BUILD_ID."""
    gate: GateField = None
    """Which vulnerabilities fail the phase. Default: all."""
    reports: OptionalText = None
    """Directory for the node's reports. Default: the run's own folder."""
    test_record_id: Fast[OptionalText] = None
    """A test record made elsewhere."""
    test_run_name: Fast[Text | None] = None
    """The name of the test run."""
    test_run_desc: Fast[Text | None] = None
    """The description of the test run."""
    test_run_policy_id: Fast[Annotated[int | None, WholeNumber(1, 2**53)]] = None
    """The test policy. FAST's default: the default policy."""
    test_run_rps: Fast[Annotated[int | None, WholeNumber(1, 1000)]] = None
    """At most so many attack requests a second. FAST's default: no limit."""
    test_run_stop_on_first_fail: Fast[Boolean] = None
    """Whether the test run ends at its first vulnerability. FAST's default: false."""
    test_run_uri: Fast[TargetUri] = None
    """The application to attack, such as http://app:3000. FAST's default: as recorded."""
    file_extensions_to_exclude: Fast[Annotated[Joined, BeforeValidator(joined("|"))]] = None
    """File extensions whose requests are not tested."""
    processes: Fast[
        Annotated[
            str | None,
            BeforeValidator(_processes),
            WithJsonSchema({"type": ["integer", "string"], "pattern": r"^(auto|[0-9]{1,4})$|\$"}),
        ]
    ] = None
    """Processes that test at once: a number, or auto (half the CPUs). FAST's default: 1."""
    workers: Fast[Annotated[int | None, WholeNumber(1, 10_000)]] = None
    """Threads that work at once. FAST's default: 10."""
    git_extensions: Fast[OptionalText] = None
    """URL of a Git repository with FAST DSL extensions."""
    backend_https_ports: Fast[Annotated[Joined, BeforeValidator(joined(";", ports=True))]] = None
    """Ports of the application that speak HTTPS. FAST's default: 443."""


class ReportNode(BaseNode):
    """Fetches the reports of test runs."""

    traits: ClassVar[Mode] = REPORT
    mode: Literal["report"]
    """This node fetches reports."""
    reports: OptionalText = None
    """Directory for the node's reports. Default: the run's own folder."""
    test_run_id: Fast[OptionalText] = None
    """The test run to report. Default: those of the workflow's testing nodes."""


Node: TypeAlias = RecordingNode | TestingNode | ReportNode
NODE_TYPES: Mapping[str, type[Node]] = {node.traits.name: node for node in (RecordingNode, TestingNode, ReportNode)}
