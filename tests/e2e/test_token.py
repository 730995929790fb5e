"""The token's value reaches nodes and nothing else: looked for in every place where it could show."""

import json
import subprocess
import threading
from pathlib import Path

import pytest

from fastflow.engines.docker import DockerEngine

from .conftest import engine_environment
from .runs import RECORD, TOKEN, Fastflow, spec, workflow

pytestmark = pytest.mark.e2e

SHOUTS = """
services:
  app:
    image: fastflow-python:3
    command: [sh, -c, 'echo "the token is $$TOKEN"; exec python3 -m http.server 80 --directory /usr/share']
    environment: { TOKEN: "${WALLARM_API_TOKEN}" }
    stop_signal: SIGKILL
  tests:
    image: fastflow-python:3
    profiles: [tests]
    command: [sh, -c, 'echo "the token is $$TOKEN"; wget -q -O /dev/null http://app/']
    environment: { http_proxy: "http://fast:8080", TOKEN: "${WALLARM_API_TOKEN}" }
"""


class ArgvSampler:
    """Reads the command line of every process on the machine, again and again, while a block runs."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample)

    def _sample(self) -> None:
        while not self._ended.is_set():
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.seen.add(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
                except OSError:
                    continue  # the process has ended
            self._ended.wait(0.02)

    def __enter__(self) -> "ArgvSampler":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


@pytest.mark.parametrize("debug", ["", "1"], ids=["plain", "python-on-whales-debugs"])
def test_the_token_is_nowhere_but_in_the_containers(
    debug: str, fastflow: Fastflow, docker_engine: DockerEngine, build_id: str
) -> None:
    fastflow.extra["PYTHON_ON_WHALES_DEBUG"] = debug
    seen_environment = fastflow.directory / "environment"
    record = RECORD.replace(
        "source: { service: tests }", f"source: [{{ service: tests }}, {{ run: 'env > {seen_environment}; env' }}]"
    )
    fastflow.write(spec({"web": workflow(build_id, {"record": record}, application=SHOUTS)}))
    events = subprocess.Popen(
        ["docker", "events", "--format", "{{json .}}"], stdout=subprocess.PIPE, text=True, env=engine_environment()
    )
    with ArgvSampler() as argv:
        ended = fastflow("up", "--emulate", "--progress", "json", "--keep")
    events.terminate()
    told, _ = events.communicate()
    assert ended.code == 0, ended.err
    run = ended.result["run"]
    labels = [dict(found) for found in docker_engine.api.labelled("io.fastflow.run")]
    assert fastflow("down", "--run", run).code == 0

    assert any("docker" in line and run in line for line in argv.seen), "the sampler has seen no call of this run"
    assert [line for line in argv.seen if TOKEN in line] == []
    assert TOKEN not in ended.out + ended.err
    assert TOKEN not in told
    assert TOKEN not in json.dumps(labels)
    assert TOKEN not in seen_environment.read_text()
    assert "FASTFLOW_PROXY=http://127.0.0.1:" in seen_environment.read_text()
    files = [path for path in (fastflow.directory / ".fastflow").rglob("*") if path.is_file()]
    assert [path for path in files if TOKEN.encode() in path.read_bytes()] == []
    source_log = next(path for path in files if path.name.endswith("source-1.log"))
    assert "the token is ***" in source_log.read_text()


def test_the_token_is_in_no_error(fastflow: Fastflow, build_id: str) -> None:
    # Compose repeats what it could not use, and here that is the token.
    broken = "services: { app: { image: fastflow-python:3, ports: ['${WALLARM_API_TOKEN}'] } }"
    nodes = {"record": "mode: recording\nsource: { run: 'true' }"}
    fastflow.write(spec({"web": workflow(build_id, nodes, application=broken)}))
    ended = fastflow("up", "--emulate")
    assert ended.code == 2
    assert TOKEN not in ended.out + ended.err
    assert "***" in ended.err
