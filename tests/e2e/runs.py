"""fastflow as users call it, on scratch specs, and what the engine then has of a run."""

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastflow.engines.docker import DockerEngine
from fastflow.engines.process import call

BINARY = Path(sys.executable).parent / "fastflow"
RUN_LABEL = "io.fastflow.run"
TIMEOUT = 600  # seconds; a hang is a failure with a reason, not a stuck CI
TOKEN = "tok-5ecre7-9f8e7d6c5b4a"  # no real one: tests look for it where it must not be

# An application with one page and a test of it, on the image that is there anyway; `log` shows when it is up.
APPLICATION = """
services:
  app:
    image: fastflow-python:3
    command: [python3, -m, http.server, "80", --directory, /usr/share]
    stop_signal: SIGKILL
  tests:
    image: fastflow-python:3
    profiles: [tests]
    command: [wget, -q, -O, /dev/null, "http://app/?page=1"]
    environment: { http_proxy: "http://fast:8080" }
"""
RECORD = """
mode: recording
allowed_hosts: [app]
services: { app: { log: Serving HTTP } }
source: { service: tests }
"""
TEST = """
mode: testing
services: { app: { log: Serving HTTP } }
test_run_uri: http://app:80
"""


def workflow(
    build_id: str, nodes: Mapping[str, str] | None = None, *, application: str = APPLICATION, more: str = ""
) -> str:
    """A workflow as YAML, indented to stand below its name."""
    written = {"record": RECORD, "test": TEST} if nodes is None else nodes
    lines = [f"build_id: {build_id}", *textwrap.dedent(more).strip().splitlines(), "compose:"]
    lines += textwrap.indent(textwrap.dedent(application).strip(), "  ").splitlines()
    lines.append("nodes:")
    for name, text in written.items():
        lines += [f"  {name}:", *textwrap.indent(textwrap.dedent(text).strip(), "    ").splitlines()]
    return textwrap.indent("\n".join(lines), "    ")


def spec(workflows: Mapping[str, str], head: str = "") -> str:
    """A spec of such workflows."""
    texts = [f"  {name}:\n{text}" for name, text in workflows.items()]
    return "\n".join([textwrap.dedent(head).strip(), "workflows:", *texts, ""])


@dataclass
class Ended:
    """What a call of fastflow came to."""

    code: int
    out: str
    err: str
    directory: Path

    @property
    def runs(self) -> list[Path]:
        """The folders of all runs of the specs in the directory, the oldest first."""
        return sorted(self.directory.glob("**/.fastflow/runs/*"), key=lambda path: path.name)

    @property
    def folder(self) -> Path:
        """The folder of the last run."""
        return self.runs[-1]

    @property
    def result(self) -> dict[str, Any]:
        """The result of the last run."""
        found: dict[str, Any] = json.loads((self.folder / "result.json").read_text())
        return found

    @property
    def states(self) -> dict[str, str]:
        """The state of each phase."""
        return {phase["id"]: phase["state"] for phase in self.result["phases"]}

    @property
    def reasons(self) -> dict[str, str | None]:
        """The reason of each phase."""
        return {phase["id"]: phase["reason"] for phase in self.result["phases"]}


@dataclass
class Fastflow:
    """Calls fastflow in a directory; `extra` is added to the environment."""

    directory: Path
    extra: dict[str, str] = field(default_factory=dict)

    def write(self, text: str, name: str = "fastflow.yml") -> Path:
        """Write a file into the directory."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every call: the token is there, and nothing that steers Compose."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("COMPOSE_", "FASTFLOW_"))}
        return {**kept, "WALLARM_API_TOKEN": TOKEN, "NO_COLOR": "1", **self.extra}

    def __call__(self, *arguments: str, stdin: str | None = None, timeout: float = TIMEOUT) -> Ended:
        """Call it, and wait for its end."""
        done = subprocess.run(
            [BINARY, *arguments],
            cwd=self.directory,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Ended(done.returncode, done.stdout, done.stderr, self.directory)

    def start(self, *arguments: str, prefix: tuple[str, ...] = ()) -> "subprocess.Popen[str]":
        """Start it in the background."""
        return subprocess.Popen(
            [*prefix, str(BINARY), *arguments],
            cwd=self.directory,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self, process: "subprocess.Popen[str]", timeout: float = TIMEOUT) -> Ended:
        """Wait for the end of what was started."""
        out, err = process.communicate(timeout=timeout)
        assert "Traceback" not in err, err
        return Ended(process.returncode, out, err, self.directory)

    @contextmanager
    def running(self, *arguments: str, prefix: tuple[str, ...] = ()) -> Iterator["subprocess.Popen[str]"]:
        """Run it in the background; what is still running at the end of the block is stopped."""
        process = self.start(*arguments, prefix=prefix)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            process.communicate(timeout=TIMEOUT)


def docker(engine: DockerEngine, words: Iterable[str]) -> str:
    """Call Docker; return what it printed."""
    return call(["docker", *words], engine.environment, TIMEOUT)


def left_of(engine: DockerEngine, run: str | None = None) -> list[str]:
    """What the engine has of a run, or of all runs."""
    labels = {RUN_LABEL: run}
    left = [f"container {found.name}" for found in engine.api.containers(labels)]
    left += [f"network {found}" for found in engine.api.networks(labels)]
    left += [f"volume {found}" for found in engine.api.volumes(labels)]
    left += [f"image {found}" for found in engine.api.images(labels)]
    if run is not None:
        left += [
            f"image {name}" for name in docker(engine, ["images", "--format", "{{.Repository}}"]).split() if run in name
        ]
    return left
