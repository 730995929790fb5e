"""The nodes of a spec: recorders and testers, of FAST and of other kinds, and report nodes."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from fastflow.model.base import (
    DURATION_SCHEMA,
    Boolean,
    OptionalText,
    Reads,
    Symbolic,
    Text,
    WholeNumber,
    describe,
    duration,
    wrong,
)
from fastflow.model.mode import HAR_RECORDING, RECORDING, REPORT, SARIF_TESTING, TESTING, Mode
from fastflow.model.node_parts import (
    DEFAULT_ALIAS,
    TARGET_VARIABLE,
    AllowedHosts,
    BaseNode,
    Fast,
    GateField,
    MinBaselines,
    Ready,
    ScannerCodes,
    Variable,
)
from fastflow.model.relations import Command, Source, Sources
from fastflow.model.target import TargetUri, joined


def _processes(value: Any) -> Any:
    if isinstance(value, Symbolic) or value == "":
        return None
    if isinstance(value, str) and (value == "auto" or (value.isdigit() and 0 < len(value) < 5 and int(value) > 0)):
        return value
    raise wrong(f"expected a number of processes or `auto`, not {describe(value)}")


class RecorderNode(BaseNode):
    """A forward proxy that stores what passes as baseline requests in a test record, of whatever kind."""

    traits: ClassVar[Mode] = RECORDING
    ready_line: ClassVar[str | None] = None
    """A pattern that a line of its log matches once it is ready; None if its log is read as FAST's."""
    build_id: Text | None = None
    """The BUILD_ID of the test record. Default: the workflow's."""
    recorder: Literal["fast", "har"] | None = None
    """The recorder: `fast`, a FAST node, into its cloud; or `har`, mitmproxy, into a file of the run. Default: fast."""
    ready: Ready | None = None
    """The log line that means the node is ready. Default: its documented line."""
    source: Sources = None
    """The source of the requests to record. Several sources run in turn into one record."""
    allowed_hosts: AllowedHosts = None
    """Hosts to record: names, `.suffix`, `*`, `(a|b)` or an nginx server_name expression. Default: all."""

    @property
    def network_alias(self) -> str:
        """The alias under which the application's containers send requests to record."""
        return self.alias or DEFAULT_ALIAS

    @property
    def sources(self) -> tuple[Source, ...]:
        """The sources of the requests that it records, in turn."""
        return self.source or ()


class RecordingNode(RecorderNode):
    """A node of FAST that records into Wallarm's cloud."""

    mode: Literal["recording"]
    """The node records."""
    ready: Ready | None = None
    """The log line that means the node is ready. Default: the documented "starts to record" line."""
    allowed_hosts: Fast[AllowedHosts] = None
    """Hosts to record: names, `.suffix`, `*`, `(a|b)` or an nginx server_name expression. Default: all."""
    test_record_name: Fast[Text | None] = None
    """The name of the test record."""
    inactivity_timeout: Fast[
        Annotated[int | None, Reads(duration(691_200), {**DURATION_SCHEMA, "maximum": 691_200})]
    ] = None
    """The node ends after this time without a baseline request. Default: the source's timeout, at least 600 s."""
    workers: Fast[Annotated[int | None, WholeNumber(1, 10_000)]] = None
    """Number of threads. FAST's default: 10."""
    backend_https_ports: Fast[Annotated[str | None, joined(";", ports=True)]] = None
    """Ports of the application that use HTTPS. FAST's default: 443."""
    ca_cert: Fast[OptionalText] = None
    """Path, in the container, of the certificate that signs intercepted HTTPS."""
    ca_key: Fast[OptionalText] = None
    """Path, in the container, of that certificate's key."""


class HarRecordingNode(RecorderNode):
    """mitmproxy, which records into a HAR file of the run's own: no account, no cloud, no lease."""

    traits: ClassVar[Mode] = HAR_RECORDING
    default_image: ClassVar[str | None] = "mitmproxy/mitmproxy"
    ready_line: ClassVar[str | None] = r"\bproxy listening at\b"
    mode: Literal["recording"]
    """The node records."""
    image: OptionalText = None
    """The node's image, one that has mitmproxy. Default: mitmproxy/mitmproxy."""
    ready: Ready | None = None
    """The log line that means the node is ready. Default: the line "proxy listening at"."""
    ca_cert: Annotated[OptionalText, Variable()] = None
    """Path, in the container, of the certificate that signs intercepted HTTPS. Default: mitmproxy makes one."""
    ca_key: Annotated[OptionalText, Variable()] = None
    """Path, in the container, of that certificate's key."""
    mask: tuple[Text, ...] | None = None
    """More names of headers, cookies, parameters and fields whose values, from 6 characters on, are masked."""
    min_baselines: MinBaselines = None
    """The phase fails if fewer requests were recorded. Default: 1."""


class TesterNode(BaseNode):
    """Attacks the application with what was recorded, whatever the kind of scanner."""

    traits: ClassVar[Mode] = TESTING
    build_id: Text | None = None
    """The BUILD_ID of the test record to test. Default: the workflow's."""
    scanner: Literal["fast", "sarif"] | None = None
    """The scanner: `fast` (a FAST node) or `sarif` (any image that reads HAR and writes SARIF). Default: fast."""
    test_record: OptionalText = None
    """The recording phase whose record to test, regardless of this node's own BUILD_ID."""
    gate: GateField = None
    """The vulnerabilities that fail the phase. Default: all."""
    reports: OptionalText = None
    """Directory for the node's reports. Default: the run's own folder."""
    min_baselines: MinBaselines = None
    """The phase fails if its record has fewer baseline requests, as far as the node reports them. Default: 1."""
    test_run_uri: TargetUri = None
    """The application to attack, such as http://app:3000. Default: as recorded."""


class TestingNode(TesterNode):
    """Creates a test run from a test record and attacks the application."""

    __test__: ClassVar[bool] = False  # pytest collects classes named Test*
    mode: Literal["testing"]
    """The node tests."""
    test_record: OptionalText = None
    """`external`, or the recording phase whose record to test, regardless of this node's own BUILD_ID."""
    test_record_id: Fast[OptionalText] = None
    """The id of a test record made elsewhere."""
    test_run_name: Fast[Text | None] = None
    """The name of the test run."""
    test_run_desc: Fast[Text | None] = None
    """The description of the test run."""
    test_run_policy_id: Fast[Annotated[int | None, WholeNumber(1, 2**53)]] = None
    """The test policy. FAST's default: the default policy."""
    test_run_rps: Fast[Annotated[int | None, WholeNumber(1, 1000)]] = None
    """Maximum attack requests per second. FAST's default: no limit."""
    test_run_stop_on_first_fail: Fast[Boolean] = None
    """Whether the test run ends at its first vulnerability. FAST's default: false."""
    test_run_uri: Fast[TargetUri] = None
    """The application to attack, such as http://app:3000. FAST's default: as recorded."""
    file_extensions_to_exclude: Fast[Annotated[str | None, joined("|")]] = None
    """File extensions whose requests are not tested."""
    processes: Fast[
        Annotated[
            str | None,
            Reads(_processes, {"type": ["integer", "string"], "pattern": r"^(auto|[0-9]{1,4})$|\$"}),
        ]
    ] = None
    """Number of testing processes, or auto (half the CPUs). FAST's default: 1."""
    workers: Fast[Annotated[int | None, WholeNumber(1, 10_000)]] = None
    """Number of threads. FAST's default: 10."""
    git_extensions: Fast[OptionalText] = None
    """URL of a Git repository with FAST DSL extensions."""
    backend_https_ports: Fast[Annotated[str | None, joined(";", ports=True)]] = None
    """Ports of the application that use HTTPS. FAST's default: 443."""


class ScanningNode(TesterNode):
    """Any scanner in a container that reads the record as a HAR file and writes SARIF."""

    traits: ClassVar[Mode] = SARIF_TESTING
    default_image: ClassVar[str | None] = None
    mode: Literal["testing"]
    """The node tests."""
    image: OptionalText = None
    """The scanner's image. No default, unless `container` says how to build it."""
    command: Command = None
    """The scanner's command, as in Compose. Default: the image's."""
    test_run_uri: Annotated[TargetUri, Variable(TARGET_VARIABLE)] = None
    """The application to attack, such as http://app:3000. The scanner gets it as FASTFLOW_TARGET."""
    exit_codes: ScannerCodes | None = None
    """Meaning of the scanner's exit codes. Default: { passed: [0], vulnerable: [1] }; any other code is a failure."""


class ReportNode(BaseNode):
    """Fetches the reports of test runs."""

    traits: ClassVar[Mode] = REPORT
    mode: Literal["report"]
    """The node fetches reports."""
    reports: OptionalText = None
    """Directory for the node's reports. Default: the run's own folder."""
    test_run_id: Fast[OptionalText] = None
    """The test run to report. Default: those of the workflow's testing nodes."""


Node: TypeAlias = RecordingNode | HarRecordingNode | TestingNode | ScanningNode | ReportNode
_TYPES: tuple[type[Node], ...] = (RecordingNode, HarRecordingNode, TestingNode, ScanningNode, ReportNode)
NODE_TYPES: Mapping[str, type[Node]] = {node.traits.key: node for node in _TYPES}
"""By the keys of their modes; for FAST, the mode's name."""


def node_type(read: Callable[[str], str | None]) -> type[Node] | None:
    """The class of a node by its fields, which `read` returns: FAST's if its kind is unknown; None without a mode."""
    usual = NODE_TYPES.get(read("mode") or "")
    field = usual.traits.kind_field if usual else None
    return NODE_TYPES.get(f"{usual.traits.name}.{read(field)}", usual) if usual and field else usual
