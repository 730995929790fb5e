"""What only one project can have at a time, and what is named by the project."""

import socket

import pytest

from fastflow.engines.docker import DockerEngine

from .runs import RECORD, TEST, Fastflow, docker

pytestmark = pytest.mark.e2e

COMPOSE = """
services:
  app:
    image: fastflow-python:3
    container_name: "NAME"
    command: [python3, -m, http.server, "80", --directory, /usr/share]
    stop_signal: SIGKILL
    volumes: ["data:/data"]
    MORE
  tests:
    image: fastflow-python:3
    profiles: [tests]
    command: [wget, -q, -O, /dev/null, "http://app/?page=1"]
    environment: { http_proxy: "http://fast:8080" }
"""


def spec_of(build_id: str, after: str) -> str:
    """Two workflows of one file; `after` is what the first phase of the second waits for."""
    text = "workflows:\n"
    for name, waits in (("one", ""), ("two", f"depends_on: [{after}]\n" if after else "")):
        text += f"  {name}:\n    build_id: {build_id}{name}\n    compose: docker-compose.yml\n    nodes:\n"
        for node, fields in (("record", RECORD + waits), ("test", TEST)):
            text += f"      {node}:\n" + "".join(f"        {line}\n" for line in fields.strip().splitlines())
    return text


def test_workflows_in_turn_have_one_subnet_port_and_container_name(fastflow: Fastflow, build_id: str) -> None:
    subnet = f"198.18.{int(build_id[-2:], 16)}"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    more = f'ports: ["127.0.0.1:{port}:80"]\n    networks: {{ default: {{ ipv4_address: {subnet}.10 }} }}'
    text = COMPOSE.replace("NAME", f"{build_id}-app").replace("MORE", more)
    text += (
        f"networks: {{ default: {{ ipam: {{ config: [{{ subnet: {subnet}.0/24 }}] }} }} }}\nvolumes: {{ data: {{}} }}\n"
    )
    fastflow.write(text, "docker-compose.yml")
    fastflow.write(spec_of(build_id, after=""))
    refused = fastflow("up", "--emulate")
    assert refused.code == 2, refused.err
    assert f"error[subnet-conflict]: the subnet {subnet}.0/24 of the application of two" in refused.err
    fastflow.write(spec_of(build_id, after="one.test"))
    ended = fastflow("up", "--emulate")
    assert ended.code == 0, ended.out + ended.err
    assert set(ended.states.values()) == {"passed"}


def test_what_is_named_by_the_project_is_that_of_each_run_and_goes_with_it(
    fastflow: Fastflow, docker_engine: DockerEngine, build_id: str
) -> None:
    text = COMPOSE.replace("NAME", "${COMPOSE_PROJECT_NAME}-app").replace("MORE", "")
    text += 'networks: { default: { name: "${COMPOSE_PROJECT_NAME:-shop}_net" } }\n'
    text += 'volumes: { data: { name: "$COMPOSE_PROJECT_NAME-data" } }\n'
    fastflow.write(text, "docker-compose.yml")
    fastflow.write(f"COMPOSE_PROJECT_NAME={build_id}\n", ".env")
    fastflow.write(spec_of(build_id, after=""))
    fastflow.extra["COMPOSE_PROJECT_NAME"] = build_id
    ended = fastflow("up", "--emulate", "--keep")
    assert ended.code == 0, ended.out + ended.err
    run = ended.folder.name
    look = ["volume", "ls", "--quiet", "--filter", "name=data"]
    own = [f"fastflow-{run}-{name}-data" for name in ("one", "two")]
    assert [name for name in docker(docker_engine, look).split() if run in name or build_id in name] == own
    assert fastflow("down", "--run", run).code == 0
    assert [name for name in docker(docker_engine, look).split() if run in name] == []
