"""Units that do what scripts say, on the cluster in memory or on a real one."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from fastflow.cluster.cluster import Claim, Cluster, Unit, UnitOrder
from fastflow.engines.swarm import Swarm
from fastflow.model.compose_keys import LABEL
from fastflow.run.engine import Stream
from tests.fakes.cluster import FakeCluster, Script
from tests.waiting import until

IMAGE = "fastflow-python:3"
# A script as a program: prints lines, waits for its end, and on SIGTERM prints its last lines.
_PROGRAM = """
import json, signal, sys, time
script = json.loads(sys.argv[1])
def stop(*_):
    for line in script["last"]: print(line, flush=True)
    sys.exit(script["stopped"])
signal.signal(signal.SIGTERM, stop)
for line in script["lines"]: print(line, flush=True)
if script["exit_code"] is not None: sys.exit(script["exit_code"])
while True: time.sleep(60)
"""


@dataclass
class ClusterBench:
    """A cluster, and the run that all units and claims of a test are of."""

    cluster: Cluster
    run: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    heard: list[str] = field(default_factory=list)

    @property
    def labels(self) -> dict[str, str]:
        """The labels of all that a test makes."""
        return {f"{LABEL}.run": self.run}

    def create(self, script: Script, name: str = "u1", bundle: Claim | None = None) -> str:
        """Create a unit; return its id."""
        full = f"fastflow-{self.run}{name}"
        command: tuple[str, ...] = ("agent", "run")
        if isinstance(self.cluster, FakeCluster):
            self.cluster.scripts = {**self.cluster.scripts, full: script}
        else:
            facts = {name: getattr(script, name) for name in ("lines", "exit_code", "last", "stopped")}
            command = ("python3", "-c", _PROGRAM, json.dumps(facts))
        return self.cluster.create(UnitOrder(full, self.labels, IMAGE, command, b"secret", bundle, cpus=0.1))

    def unit(self, unit: str) -> Unit:
        """A unit as the cluster sees it."""
        return next(one for one in self.cluster.units(self.labels) if one.id == unit)

    def wait(self, unit: str, condition: Callable[[Unit], bool]) -> Unit:
        """Wait until something holds for a unit."""
        until(lambda: condition(self.unit(unit)), f"unit {unit} does not come to that")
        return self.unit(unit)

    def follow(self, unit: str) -> Stream:
        """Hear what a unit prints."""
        return self.cluster.follow(unit, self.heard.append)

    def clear(self) -> None:
        """Remove all that a test has made."""
        units = self.cluster.units(self.labels)
        for unit in units:
            self.cluster.cancel(unit.id)
        for unit in units:
            self.wait(unit.id, lambda one: one.state in ("ended", "created"))
        self.cluster.remove(unit.id for unit in units)
        self.cluster.release(claim.id for claim in self.cluster.claims(self.labels))


def secrets_of(cluster: Swarm, run: str) -> int:
    """How many secrets a run has on a swarm."""
    return len(cluster.http.get("/secrets", filters=json.dumps({"label": [f"{LABEL}.run={run}"]})))
