"""Measure a swarm of three engines on this machine against one of them, and what it costs to send a unit.

    python -m benchmarks.fleet [--workflows 12] [--units 3]

Both runs have the same workflows, a recording and its test each, and the same limit of how many run at once. Docker's
own events say when the container of an agent starts and ends, and a follower of its log when its first line is there;
the dispatcher's events are timed as they are read. Needs root on Linux, and the emulator's images (`make demo`).
"""

import argparse
import json
import os
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from statistics import median
from typing import IO

from fastflow.emulation.image import image_name
from fastflow.model.host import AGENT_IMAGE
from tests.e2e.cluster_bench import IMAGE
from tests.e2e.cluster_runs import PATIENT
from tests.e2e.runs import BINARY, TOKEN, spec, workflow
from tests.e2e.swarms import Swarm, own_swarm


def write(directory: Path, workflows: int, head: str, more: str = "") -> None:
    """Write a spec of so many workflows, each with its own BUILD_ID; `more` are fields of each."""
    directory.mkdir()
    made = {f"w{number}": workflow(f"w{number}", more=more) for number in range(workflows)}
    (directory / "fastflow.yml").write_text(spec(made, head))


def up(directory: Path, environment: dict[str, str]) -> tuple[float, list[tuple[float, dict[str, object]]]]:
    """Run a spec; return the seconds that it took, and each event with the time at which it was read."""
    command = [str(BINARY), "up", "--emulate", "--progress", "json"]
    begun = time.time()
    with subprocess.Popen(command, cwd=directory, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        events = [(time.time(), json.loads(line)) for line in process.stderr if line.startswith("{")]
    if process.returncode != 0:
        raise SystemExit(f"the run ended with {process.returncode}: see {directory}")
    return time.time() - begun, events


class AgentTimes:
    """When the containers of agents started, printed their first line and ended, by the events of their engines."""

    def __init__(self, swarm: Swarm) -> None:
        self.started, self.spoke, self.ended = list[float](), list[float](), list[float]()
        self._followers: list[subprocess.Popen[str]] = []
        for machine in swarm.machines:
            words = ("events", "--filter", "type=container", "--format", "{{json .}}")
            events = self._follow(machine.docker_host, *words)
            threading.Thread(target=self._read, args=(machine.docker_host, events), daemon=True).start()

    def close(self) -> None:
        """End what follows the engines."""
        for process in self._followers:
            process.kill()
            process.wait()

    def _follow(self, host: str, *words: str) -> IO[str]:
        command = ["docker", "-H", host, *words]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self._followers.append(process)
        assert process.stdout is not None
        return process.stdout

    def _read(self, host: str, events: IO[str]) -> None:
        for line in events:
            event = json.loads(line)
            if not event["Actor"]["Attributes"].get("image", "").startswith(AGENT_IMAGE.partition(":")[0]):
                continue
            if event["Action"] == "start":
                self.started.append(event["timeNano"] / 1e9)
                self._follow(host, "logs", "--follow", event["Actor"]["ID"]).readline()
                self.spoke.append(time.time())
            elif event["Action"] == "die":
                self.ended.append(event["timeNano"] / 1e9)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workflows", type=int, default=12)
    parser.add_argument("--units", type=int, default=3, help="at once, on the swarm and on the single engine")
    parser.add_argument("--alone", type=int, default=5, help="runs of one unit, for what it costs to send it")
    options = parser.parse_args()
    farm = (
        f"hosts: {{ farm: {{ context: swarm, swarm: true, max_parallel: {options.units}, reserve: {{ cpus: 0.5 }} }} }}"
    )
    with own_swarm(3, (IMAGE, image_name())) as swarm, tempfile.TemporaryDirectory() as scratch:
        environment = {**swarm.environment, "WALLARM_API_TOKEN": TOKEN}
        manager = {**environment, "DOCKER_HOST": swarm.manager.docker_host}
        subprocess.run([BINARY, "agent", "build"], env=manager, check=True, stdout=subprocess.DEVNULL)
        swarm.load([AGENT_IMAGE], source=swarm.manager.docker_host)
        one, many, alone = (Path(scratch) / name for name in ("one", "many", "alone"))
        write(alone, 1, farm, "host: farm")
        up(alone, environment)  # the cloud of the cluster is started once
        costs = [_cost(swarm, alone, environment) for _ in range(options.alone)]
        line, first, last = (median(column) for column in zip(*costs, strict=True))
        print(f"after the agent's start: its first line {line:.2f} s, its first event at the dispatcher {first:.2f} s")
        print(f"last event of the unit after the agent's end: {last:.2f} s")
        # A busy manager does not always attach a container to its network in time.
        write(one, options.workflows, PATIENT + f"max_parallel: {options.units}")
        write(many, options.workflows, PATIENT + farm, "host: farm")
        on_one, _ = up(one, manager)
        on_many, _ = up(many, environment)
        print(
            f"{options.workflows} workflows, {options.units} at once: one engine {on_one:.1f} s, three {on_many:.1f} s"
        )


def _cost(swarm: Swarm, directory: Path, environment: dict[str, str]) -> tuple[float, float, float]:
    """The seconds from the agent's start to its first line and to its first event, and from its end to the last."""
    times = AgentTimes(swarm)
    time.sleep(0.5)  # until the streams are open
    _, events = up(directory, environment)
    times.close()
    of_phases = [at for at, event in events if event["type"] == "phase"]
    begun = times.started[0]
    return times.spoke[0] - begun, of_phases[0] - begun, of_phases[-1] - times.ended[0]


if __name__ == "__main__":
    os.environ.pop("DOCKER_HOST", None)
    main()
