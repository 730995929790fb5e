"""The narrow interface through which units are run on a cluster.

`fastflow.engines.swarm` implements it for Docker Swarm, `tests.fakes.cluster` for tests; both pass one suite. Every
call may raise EngineError. A cluster must have names that it gives only once (of units and of claims), and a log of
each unit that outlives the unit's process.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from fastflow.run.engine import Stream

UnitState = Literal["created", "pending", "running", "ended"]
"""Not started yet; waiting for a node; on a node; over, however it ended."""
BUNDLE = "/fastflow/bundle.tgz"
ORDER = "/fastflow/order.json"
"""The directory of an agent's files."""
UNITS_VOLUME = "fastflow-units"
UNITS_DIRECTORY = f"/var/lib/docker/volumes/{UNITS_VOLUME}/_data"
"""The volume in which units work, mounted at its path on the node, so that paths are the same inside and outside."""
FILE_LIMIT = 1_000_000
"""Maximum size of a bundle, in bytes; Swarm takes less than 1,024,000 for a config."""
SECRET_LIMIT = 500_000
"""Maximum size of a secret, in bytes; Swarm takes less than 512,000."""
_PREFIX = "fastflow-"


@dataclass(frozen=True, slots=True)
class ClusterInfo:
    """The cluster that answers: the version of the manager's engine, and the nodes that can run units."""

    version: str
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """A name that the cluster gives only once, with its holder's description. `revision` grows with each `renew`."""

    id: str
    name: str
    labels: Mapping[str, str]
    revision: int = 0


@dataclass(frozen=True, slots=True)
class UnitOrder:
    """A unit to create. `bundle` is a file of the cluster, `secret` is visible only to its agent.

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
    """Whether its agent uses its node's network."""
    grace: float = 30.0


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as the cluster reports it. `node` is where it runs or ran, `message` the cluster's message about its end.

    `is_lost` is true while its node does not answer: it may still run there.
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


def unit_name(run: str) -> str:
    """The name on a cluster of the unit that is the run `run` on the engine of its node."""
    return f"{_PREFIX}{run}"


def run_of_unit(name: str) -> str:
    """The id of a unit's run on the engine of its node, by the unit's name on the cluster."""
    return name.removeprefix(_PREFIX)


class Cluster(Protocol):
    """A cluster. Every object on it carries the labels given at its creation."""

    def info(self) -> ClusterInfo:
        """Return which cluster answers; raise EngineError if nothing does, or it is not a manager."""

    def store(self, name: str, content: bytes, labels: Mapping[str, str]) -> Claim:
        """Store a file for units. A name that is taken raises EngineError."""

    def claim(self, name: str, labels: Mapping[str, str]) -> Claim | None:
        """Take a name; None if it is taken."""

    def claims(self, labels: Mapping[str, str]) -> tuple[Claim, ...]:
        """Return the claims and files that carry these labels."""

    def renew(self, claim: str) -> bool:
        """Show that the holder of a claim is alive; False if the claim is gone."""

    def read(self, claim: str) -> bytes:
        """Return the content of a file."""

    def release(self, claims: Iterable[str]) -> None:
        """Remove claims and files; those that are gone are fine."""

    def create(self, order: UnitOrder) -> str:
        """Create a unit that does not run yet; return its id. A name that is taken raises EngineError."""

    def start(self, unit: str) -> None:
        """Start a created unit, which runs only once, whatever ends it. Raises EngineError if it is gone."""

    def units(self, labels: Mapping[str, str]) -> tuple[Unit, ...]:
        """Return the units that carry these labels, with one call for all."""

    def follow(self, unit: str, on_line: Callable[[str], None]) -> Stream:
        """Pass on a unit's log from its first line, as it arrives; lines may be repeated or missing."""

    def read_log(self, unit: str, on_line: Callable[[str], None]) -> None:
        """Return the lines so far."""

    def cancel(self, unit: str) -> None:
        """Send a unit SIGTERM, and keep it from ever starting again; its log and its exit code are kept."""

    def sweep(self, order: UnitOrder, timeout: float, on_line: Callable[[str], None]) -> tuple[str, ...]:
        """Run a command once on every node that can run units, and pass on its output; then remove it.

        Returns the obstacles, by node.
        """

    def remove(self, units: Iterable[str]) -> None:
        """Remove units that have ended or never began, with their secrets; those that are gone are fine."""
