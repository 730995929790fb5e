"""The narrow interface through which units are run on a cluster.

`fastflow.engines.swarm` implements it for Docker Swarm, `tests.fakes.cluster` for tests; both pass one suite. Every
call may raise EngineError. What a cluster must have: names that it gives once (of units and of claims), and a log of a
unit that outlives the unit's process.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from fastflow.run.engine import Stream

UnitState = Literal["created", "pending", "running", "ended"]
"""Not started yet; waiting for room on a node; on a node; over, however it ended."""
BUNDLE = "/fastflow/bundle.tgz"
ORDER = "/fastflow/order.json"
"""Where an agent finds its files."""
UNITS_VOLUME = "fastflow-units"
UNITS_DIRECTORY = f"/var/lib/docker/volumes/{UNITS_VOLUME}/_data"
"""The volume in which units work, mounted at its own place on the node: a path is the same inside and outside."""
FILE_LIMIT = 1_000_000
"""Bytes of a bundle; Swarm takes less than 1,024,000 for a config."""
SECRET_LIMIT = 500_000
"""Bytes of a secret; Swarm takes less than 512,000."""


@dataclass(frozen=True, slots=True)
class ClusterInfo:
    """What answers: the version of the manager's engine, and the nodes that can take units."""

    version: str
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """A name that the cluster gives once, with what its holder says of itself. `revision` grows with each `renew`."""

    id: str
    name: str
    labels: Mapping[str, str]
    revision: int = 0


@dataclass(frozen=True, slots=True)
class UnitOrder:
    """A unit to be created. `bundle` is a file of the cluster, `secret` what only its agent sees.

    `cpus` and `memory` (bytes) are reserved; `grace` are the seconds between its SIGTERM and its SIGKILL.
    """

    name: str
    labels: Mapping[str, str]
    image: str
    command: tuple[str, ...]
    secret: bytes = field(repr=False, default=b"")
    bundle: Claim | None = None
    cpus: float = 1.0
    memory: int | None = None
    constraints: tuple[str, ...] = ()
    shares_network: bool = False
    """Whether its agent is on its node's network."""
    grace: float = 30.0


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as the cluster sees it. `node` is where it runs or ran, `message` what the cluster says of its end.

    `is_lost` holds while its node does not answer: it may still run there.
    """

    id: str
    name: str
    labels: Mapping[str, str]
    state: UnitState
    node: str | None = None
    exit_code: int | None = None
    message: str | None = None
    is_lost: bool = False
    is_cancelled: bool = False


class Cluster(Protocol):
    """A cluster. All that is made on it carries the labels that it is made with."""

    def info(self) -> ClusterInfo:
        """Tell what answers; raise EngineError where nothing does, or no manager of a cluster."""

    def store(self, name: str, content: bytes, labels: Mapping[str, str]) -> Claim:
        """Keep a file for units. A name that is taken raises EngineError."""

    def claim(self, name: str, labels: Mapping[str, str]) -> Claim | None:
        """Take a name; None where somebody has it."""

    def claims(self, labels: Mapping[str, str]) -> tuple[Claim, ...]:
        """Return the claims and files that carry these labels."""

    def renew(self, claim: str) -> bool:
        """Say that the holder of a claim lives; False if the claim is gone."""

    def read(self, claim: str) -> bytes:
        """Return the content of a file."""

    def release(self, claims: Iterable[str]) -> None:
        """Remove claims and files; those that are gone are fine."""

    def create(self, order: UnitOrder) -> str:
        """Create a unit that does not run yet; return its id. A name that is taken raises EngineError."""

    def start(self, unit: str) -> None:
        """Let a created unit run, once: it never runs again, whatever ends it. Raises EngineError if it is gone."""

    def units(self, labels: Mapping[str, str]) -> tuple[Unit, ...]:
        """Return the units that carry these labels, with one call for all."""

    def follow(self, unit: str, on_line: Callable[[str], None]) -> Stream:
        """Give a unit's log from its first line, as it comes; lines may come twice or be missing."""

    def read_log(self, unit: str, on_line: Callable[[str], None]) -> None:
        """Give the lines that there are by now."""

    def cancel(self, unit: str) -> None:
        """Send a unit SIGTERM, and let it never start again; its log and its exit code stay."""

    def sweep(self, order: UnitOrder, timeout: float, on_line: Callable[[str], None]) -> tuple[str, ...]:
        """Run a command once on every node that can take units, and give what it prints; then remove it.

        Returns what stood in its way, by node.
        """

    def remove(self, units: Iterable[str]) -> None:
        """Remove units that have ended or never began, with their secrets; those that are gone are fine."""
