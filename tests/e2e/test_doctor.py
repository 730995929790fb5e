"""`fastflow doctor` on the real engine: a port that is taken, an image that is missing."""

import uuid

import pytest

from fastflow.engines.docker import DockerEngine

from .conftest import IMAGE, TEST
from .runs import TOKEN, Fastflow, docker

pytestmark = pytest.mark.e2e

SPEC = """
workflows:
  web:
    build_id: 1
    nodes:
      record:
        mode: recording
        image: registry.example/no-such-image:1
        ports: ["{port}:8080"]
        source: {{ run: "true" }}
"""


def test_a_taken_port_and_a_missing_image_are_told(
    fastflow: Fastflow, docker_engine: DockerEngine, docker_project: str
) -> None:
    name = f"fastflow-test-{uuid.uuid4().hex[:8]}"
    words = ["run", "-d", "--name", name, "--label", f"{TEST}={docker_project}", "-p", "127.0.0.1::80", IMAGE]
    docker(docker_engine, [*words, "sleep", "60"])
    (container,) = docker_engine.api.containers({TEST: docker_project})
    port = container.ports[0].host_port
    fastflow.write(SPEC.format(port=port))
    ended = fastflow("doctor")
    assert ended.code == 3
    assert f"not ok  port: 127.0.0.1:{port}/tcp of web.record is in use by the container {name}" in ended.out
    assert "not ok  image: registry.example/no-such-image:1 is not on the engine and cannot be pulled: " in ended.out
    assert "try: docker pull registry.example/no-such-image:1" in ended.out
    assert "ok      token: WALLARM_API_TOKEN is set" in ended.out
    assert TOKEN not in ended.out + ended.err


def test_all_is_ok_with_the_emulator(fastflow: Fastflow) -> None:
    assert fastflow("emulator", "build").code == 0
    ended = fastflow("doctor", "--emulate")
    assert (ended.code, "not ok" in ended.out) == (0, False), ended.out
    fastflow.write("workflows: {}")
    assert fastflow("doctor").code == 2
