"""The examples on a test's swarm, and a run that goes on until a test ends it."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from .runs import BINARY, RECORD, TOKEN, spec, workflow
from .swarms import Swarm

EXAMPLES = Path(__file__).parents[2] / "examples"
HOSTS = "hosts: { farm: { context: swarm, swarm: true, reserve: { cpus: CPUS } } }\n"
# A busy manager does not always give a node its address on the cloud's network within Docker's 20 s.
PATIENT = "defaults: { attempts: 3 }\n"
PATIENCE = 240  # seconds
# A recording that goes on until a test ends it.
LIVE = spec({"web": workflow("live1", {"record": RECORD.replace("source: { service: tests }", "")})})
RECORDS = "web.record ready"
"""What its progress says then."""


class Examples:
    """The examples, and a run that goes on, to be run on the swarm."""

    def __init__(self, directory: Path, swarm: Swarm, cpus: str = "0.5") -> None:
        self.directory, self.swarm = directory / "examples", swarm
        shutil.copytree(EXAMPLES, self.directory, ignore=shutil.ignore_patterns(".fastflow"))
        for file in (self.directory / "fastflow.yml", self.directory / "vulnerable" / "fastflow.yml"):
            file.write_text(HOSTS.replace("CPUS", cpus) + PATIENT + file.read_text())
        (self.directory / "live").mkdir()
        (self.directory / "live" / "fastflow.yml").write_text(HOSTS.replace("CPUS", cpus) + PATIENT + LIVE)
        self.environment = {**swarm.environment, "WALLARM_API_TOKEN": TOKEN}

    def call(self, *words: str, where: str = ".") -> "subprocess.CompletedProcess[str]":
        """Call fastflow to its end."""
        command, directory = [str(BINARY), *words], self.directory / where
        return subprocess.run(
            command, cwd=directory, env=self.environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )

    @contextmanager
    def up(self, name: str, until: str, *words: str) -> Iterator["subprocess.Popen[str]"]:
        """Run an example up to a line of its progress that holds this text."""
        command = [str(BINARY), "up", name, "--emulate", "--progress", "plain", "--run-id-file", "id", *words]
        process = subprocess.Popen(
            command, cwd=self.directory, env=self.environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        limit = threading.Timer(PATIENCE, process.kill)
        limit.start()
        try:
            assert process.stderr is not None
            read_to(process.stderr, until)
            yield process
        finally:
            limit.cancel()
            process.kill()
            process.communicate()

    @property
    def run(self) -> str:
        """The id of the run that `up` has begun."""
        return (self.directory / "id").read_text().strip()

    def result(self, where: str, run: str) -> dict[str, Any]:
        """The result of a run."""
        folder = self.directory / where / ".fastflow" / "runs" / run
        found: dict[str, Any] = json.loads((folder / "result.json").read_text())
        return found

    def left(self) -> Mapping[str, str]:
        """What runs have left on the swarm and on its nodes."""
        label = "label=io.fastflow.run"
        found = {kind: self.swarm.manager.docker(kind, "ls", "-q") for kind in ("config", "secret")}
        found["service"] = self.swarm.manager.docker("service", "ls", "-q", "--filter", label)
        for machine in self.swarm.machines:
            found[f"containers of {machine.name}"] = machine.docker("ps", "-aq", "--filter", label)
            for kind in ("network", "volume"):
                found[f"{kind}s of {machine.name}"] = machine.docker(kind, "ls", "-q", "--filter", label)
            files = machine.data / "volumes" / "fastflow-units" / "_data"
            found[f"files of {machine.name}"] = " ".join(path.name for path in files.glob("*"))
        return {what: text for what, text in found.items() if text}


def read_to(stream: IO[str], text: str) -> None:
    """Read lines up to one that holds this text."""
    lines = []
    for line in stream:
        lines.append(line)
        if text in " ".join(line.split()):
            return
    raise AssertionError("".join(lines))
