"""The modes of nodes, each one record: all facts about a mode except its fields and how it is run.

A mode has a record for each of its kinds: nodes of FAST, and their replacements (the contract, 8).
Its fields are those of its class in `model/node.py`; the function that runs it is in `run/phase.py`. The commands
read the names, so this imports nothing that takes time.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from fastflow.model.relations import Condition

MODE_VARIABLE = "CI_MODE"
"""The environment variable of FAST for a node's mode."""
BUILD_ID_VARIABLE = "BUILD_ID"
Product: TypeAlias = Literal["record", "test run"]
"""Things that a node makes and others need, each identified by its id."""
FAST = "fast"


class Colours(NamedTuple):
    """The colours of a mode's nodes in drawings: the fill of a box, and its edge, also used for bars of time.

    `plain` is for Mermaid and DOT, which do not know the page that shows them.
    """

    plain: tuple[str, str]
    light: tuple[str, str]
    dark: tuple[str, str]


class Mode(NamedTuple):
    """The facts about the nodes of one mode."""

    name: str
    word: str
    """The activity of a running node: "recording"."""
    colours: Colours
    kind_field: str | None = None
    """The field that chooses the kind, in modes that have several."""
    kind: str = FAST
    """`fast` for nodes of Wallarm's FAST."""
    makes: Product | None = None
    needs: Product | None = None
    uses_build_id: bool = True
    """Whether BUILD_ID links it to others."""
    needs_lease: bool = True
    """Whether only one run at a time may use its token with its BUILD_ID."""
    is_proxy: bool = False
    """Whether requests go through it: it then has an alias and a port, and works as soon as it is ready."""
    waits_for: "Condition" = "completed"
    """The outcome that phases in `depends_on` without a condition must have."""

    @property
    def uses_cloud(self) -> bool:
        """Whether it works with Wallarm's cloud, and thus with a token; the emulator replaces images of such nodes."""
        return self.kind == FAST

    @property
    def key(self) -> str:
        """Its name, with its kind if that is not FAST's; unique among modes."""
        return self.name if self.kind == FAST else f"{self.name}.{self.kind}"

    @property
    def said(self) -> str:
        """Its name in messages: `recording`, or `recording (recorder: har)`."""
        return self.name if self.kind == FAST else f"{self.name} ({self.kind_field}: {self.kind})"


RECORDING = Mode(
    "recording",
    "recording",
    Colours(("#dbeafe", "#1d4ed8"), ("#ddf4ff", "#0969da"), ("#0c2d6b", "#58a6ff")),
    kind_field="recorder",
    makes="record",
    is_proxy=True,
)
TESTING = Mode(
    "testing",
    "testing",
    Colours(("#fee2e2", "#b91c1c"), ("#ffeff7", "#bf3989"), ("#5e103e", "#f778ba")),
    kind_field="scanner",
    makes="test run",
    needs="record",
)
REPORT = Mode(
    "report",
    "reporting",
    Colours(("#e5e7eb", "#374151"), ("#e0f5f6", "#1b7c83"), ("#0b4f54", "#39c5cf")),
    needs="test run",
    uses_build_id=False,
    needs_lease=False,
    waits_for="finished",
)
HAR_RECORDING = RECORDING._replace(kind="har", needs_lease=False)
"""A recorder whose record is a file of the run."""
SARIF_TESTING = TESTING._replace(kind="sarif", makes=None, needs_lease=False)
"""Any scanner that reads such a record and writes SARIF."""
MODES: Mapping[str, Mode] = MappingProxyType({mode.name: mode for mode in (RECORDING, TESTING, REPORT)})
"""By name, each after those that make its inputs."""
KINDS: Mapping[str, tuple[str, ...]] = MappingProxyType({"recorder": (FAST, "har"), "scanner": (FAST, "sarif")})
"""By the field that chooses the kind."""
MODE_NAMES = tuple(mode.name for mode in MODES.values())


def mode_named(name: str) -> Mode:
    """Return a mode by its name; for one that only another version knows, the mode that makes nothing."""
    return MODES.get(name, REPORT)
